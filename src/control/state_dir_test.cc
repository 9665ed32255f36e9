#include "control/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace penstock {
namespace {
using ::testing::HasSubstr;

class StateDirTest : public ::testing::Test {
 protected:
  StateDirTest() {
    std::string name = std::filesystem::temp_directory_path() / "penstock-state-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~StateDirTest() override { std::filesystem::remove_all(path_); }
  std::string path_;
};

TEST_F(StateDirTest, HasOneHolderAtATime) {
  {
    const auto first = StateDir::open(path_);
    ASSERT_TRUE(first);
    const auto second = StateDir::open(path_);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error(), HasSubstr("process " + std::to_string(getpid())));
  }
  EXPECT_TRUE(StateDir::open(path_));
}

TEST_F(StateDirTest, IsMadeForItsOwnerOnly) {
  const auto inner = path_ + "/a/b";
  ASSERT_TRUE(StateDir::open(inner));
  EXPECT_EQ(std::filesystem::status(inner).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(StateDirTest, SaysWhyItCannotBeUsed) {
  const auto state = StateDir::open("/dev/null/state");
  ASSERT_FALSE(state);
  EXPECT_THAT(state.error(), HasSubstr("/dev/null/state"));
}

}  // namespace
}  // namespace penstock
