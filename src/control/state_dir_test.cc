#include "control/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

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

TEST_F(StateDirTest, ALockThatIsHandedOverOutlivesItsFirstHolder) {
  std::optional<StateDir> second;
  {
    const auto first = StateDir::open(path_);
    ASSERT_TRUE(first);
    auto shared = StateDir::open(path_, first->lock());
    ASSERT_TRUE(shared) << shared.error();
    second.emplace(std::move(*shared));
  }
  EXPECT_FALSE(StateDir::open(path_));
  EXPECT_TRUE(second->name_holder());
  second.reset();
  EXPECT_TRUE(StateDir::open(path_));
}

TEST_F(StateDirTest, ALockOfAnotherFolderIsNotThisOnes) {
  const auto other = StateDir::open(path_ + "/other");
  const auto first = StateDir::open(path_ + "/this");
  ASSERT_TRUE(other && first);
  EXPECT_FALSE(StateDir::open(path_ + "/this", other->lock()));
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
