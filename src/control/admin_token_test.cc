#include "control/admin_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace penstock {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class AdminTokenTest : public ::testing::Test {
 protected:
  AdminTokenTest() {
    std::string name = fs::temp_directory_path() / "penstock-token-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~AdminTokenTest() override { fs::remove_all(folder_); }
  void write(const std::string& content) const {
    std::ofstream(AdminToken::path_in(folder_)) << content;
  }
  std::string folder_;
};

TEST_F(AdminTokenTest, IsMadeOnceAndThenKept) {
  const auto first = AdminToken::open(folder_);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_new());
  EXPECT_TRUE(first->text().starts_with("pst_"));
  EXPECT_EQ(first->text().size(), 47U);
  const auto second = AdminToken::open(folder_);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->is_new());
  EXPECT_EQ(second->text(), first->text());
  EXPECT_EQ(AdminToken::read(folder_)->text(), first->text());
}

TEST_F(AdminTokenTest, IsAnotherForEachFolder) {
  fs::create_directory(folder_ + "/other");
  EXPECT_NE(AdminToken::open(folder_)->text(), AdminToken::open(folder_ + "/other")->text());
}

TEST_F(AdminTokenTest, IsForItsOwnerAlone) {
  ASSERT_TRUE(AdminToken::open(folder_));
  const auto path = AdminToken::path_in(folder_);
  const auto owner = fs::perms::owner_read | fs::perms::owner_write;
  EXPECT_EQ(fs::status(path).permissions(), owner);
  fs::permissions(path, fs::perms::all);
  ASSERT_TRUE(AdminToken::open(folder_));
  EXPECT_EQ(fs::status(path).permissions(), owner);
}

TEST_F(AdminTokenTest, MatchesItselfOnly) {
  const auto token = AdminToken::open(folder_);
  ASSERT_TRUE(token);
  EXPECT_TRUE(token->matches(token->text()));
  EXPECT_FALSE(token->matches(""));
  EXPECT_FALSE(token->matches(token->text() + "x"));
  for (std::size_t i = 0; i < token->text().size(); ++i) {
    auto other = token->text();
    other[i] = other[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(token->matches(other)) << i;
  }
}

TEST_F(AdminTokenTest, IsNotMadeOfAFileThatHoldsSomethingElse) {
  for (const auto* const content : {"", "pst_short", "secret-of-somebody-else"}) {
    write(content);
    const auto token = AdminToken::open(folder_);
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error(), HasSubstr("remove the file"));
    EXPECT_THAT(token.error(), Not(HasSubstr("somebody")));
  }
}

TEST_F(AdminTokenTest, SaysWhyItCannotBeMadeOrRead) {
  EXPECT_THAT(AdminToken::open(folder_ + "/none").error(), HasSubstr("No such file"));
  EXPECT_THAT(AdminToken::read(folder_).error(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace penstock
