#include "control/durable_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace penstock {
namespace {
using ::testing::HasSubstr;

class DurableFile : public ::testing::Test {
 protected:
  DurableFile() {
    std::string name = std::filesystem::temp_directory_path() / "penstock-durable-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~DurableFile() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(DurableFile, IsReadAsItWasWritten) {
  const std::string content("a\0b\n", 4);
  ASSERT_TRUE(write_durably(path("f"), content, 0600));
  EXPECT_EQ(read_whole(path("f"), 100), content);
  ASSERT_TRUE(write_durably(path("f"), "", 0600));
  EXPECT_EQ(read_whole(path("f"), 100), "");
}

TEST_F(DurableFile, HasItsModeAlsoWhereAnotherWasLeftOver) {
  std::ofstream(path("f.new")) << "half";
  ASSERT_TRUE(write_durably(path("f"), "x", 0600));
  struct stat about{};
  ASSERT_EQ(stat(path("f").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path("f.new")));
}

TEST_F(DurableFile, StaysAsItWasWhenTheNewOneCannotBeWritten) {
  std::filesystem::create_directory(path("taken"));
  const auto onto_folder = write_durably(path("taken"), "x", 0600);
  ASSERT_FALSE(onto_folder);
  EXPECT_THAT(onto_folder.error(), HasSubstr(path("taken")));
  EXPECT_FALSE(std::filesystem::exists(path("taken.new")));
  const auto nowhere = write_durably(path("none/f"), "x", 0600);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error(), HasSubstr("No such file"));
}

TEST_F(DurableFile, IsNotReadWhereItIsNone) {
  EXPECT_THAT(read_whole(path("f"), 100).error(), HasSubstr("No such file"));
  EXPECT_THAT(read_whole(folder_, 100).error(), HasSubstr("is not a file"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(read_whole(path("pipe"), 100).error(), HasSubstr("is not a file"));
}

TEST_F(DurableFile, HasALongestLength) {
  std::ofstream(path("f")) << "12345";
  EXPECT_TRUE(read_whole(path("f"), 5));
  EXPECT_THAT(read_whole(path("f"), 4).error(), HasSubstr("longer than 4 bytes"));
}

}  // namespace
}  // namespace penstock
