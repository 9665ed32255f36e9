#include "control/last_good.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "control/durable_file.h"

namespace penstock {
namespace {
using ::testing::HasSubstr;

class LastGood : public ::testing::Test {
 protected:
  LastGood() {
    std::string name = std::filesystem::temp_directory_path() / "penstock-last-good-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LastGood() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& content) const {
    std::ofstream(last_good_path(folder_), std::ios::binary) << content;
  }
  std::string folder_;
};

TEST_F(LastGood, ComesBackAsItWasWritten) {
  const std::vector<DocumentText> texts{{"base.yaml", "a: ${SECRET}\n"},
                                        {"a name with spaces", ""},
                                        {"x.json", std::string("{}\n7 y\n\0", 7)}};
  ASSERT_TRUE(save_last_good(folder_, texts));
  const auto read = read_last_good(folder_);
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].name, texts[i].name);
    EXPECT_EQ((*read)[i].text, texts[i].text);
  }
  EXPECT_EQ(std::filesystem::status(last_good_path(folder_)).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(LastGood, ReplacesTheOneBefore) {
  ASSERT_TRUE(save_last_good(folder_, std::vector<DocumentText>{{"a", "a much longer one"}}));
  ASSERT_TRUE(save_last_good(folder_, std::vector<DocumentText>{{"a", "new"}}));
  EXPECT_EQ(read_last_good(folder_)->front().text, "new");
}

TEST_F(LastGood, IsNotThereAtFirst) {
  EXPECT_THAT(read_last_good(folder_).error(), HasSubstr("No such file"));
}

TEST_F(LastGood, IsRefusedWhereAnyByteWasChangedOrLost) {
  ASSERT_TRUE(save_last_good(folder_, std::vector<DocumentText>{{"a", "text"}, {"b", "more"}}));
  const auto whole = *read_whole(last_good_path(folder_), 1000);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write(changed);
    EXPECT_FALSE(read_last_good(folder_)) << i;
    write(whole.substr(0, i));
    EXPECT_FALSE(read_last_good(folder_)) << i;
  }
  write(whole);
  EXPECT_TRUE(read_last_good(folder_));
  write("");
  EXPECT_THAT(read_last_good(folder_).error(), HasSubstr("is damaged"));
}

TEST_F(LastGood, SaysWhyItCannotBeSaved) {
  const std::vector<DocumentText> texts{{"a", "x"}};
  EXPECT_THAT(save_last_good(folder_ + "/none", texts).error(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace penstock
