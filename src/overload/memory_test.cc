#include "overload/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace penstock {
namespace {

TEST(Memory, IsMoreThanNothingAndLessThanTheMachines) {
  const auto use = memory_use();
  EXPECT_GT(use.resident, 1 << 20);
  EXPECT_GE(use.address_space, use.resident);
  EXPECT_GT(memory_of_machine(), 1 << 20);
  EXPECT_LE(memory_of_machine(), std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE));
}

class CgroupTest : public ::testing::Test {
 protected:
  CgroupTest() { std::filesystem::create_directories(root_ / "a/b"); }
  ~CgroupTest() override { std::filesystem::remove_all(root_); }
  void write(const std::string& file, std::string_view text) {
    std::ofstream(root_ / file) << text;
  }
  std::int64_t memory() const { return memory_of_machine(root_ / "membership", root_); }

  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("penstock-cgroup-" + std::to_string(getpid()));
};

TEST_F(CgroupTest, TheLeastOfAllAboveCounts) {
  write("membership", "4:memory:/other\n0::/a/b\n");
  write("a/b/memory.max", "max\n");
  EXPECT_EQ(memory(), memory_of_machine("/nowhere", root_));
  write("a/memory.max", "5000000\n");
  EXPECT_EQ(memory(), 5'000'000);
  write("a/b/memory.max", "4000000\n");
  EXPECT_EQ(memory(), 4'000'000);
  write("memory.max", "3000000\n");
  EXPECT_EQ(memory(), 3'000'000);
}

[[noreturn]] void exit_as_address_space_says() {
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = rlim_t{1} << 46;
  const MemoryUse use{.resident = 100, .address_space = 1000};
  const bool unlimited = memory_of_address_space(use) == std::numeric_limits<std::int64_t>::max();
  const bool limited = setrlimit(RLIMIT_AS, &limit) == 0 &&
                       memory_of_address_space(use) == (std::int64_t{1} << 46) - 900;
  _exit(unlimited && limited ? 0 : 1);
}

// In a process of its own: the limit would hold for the tests that follow.
TEST(MemoryDeathTest, AddressSpaceIsALimitWhereItIsLimited) {
  EXPECT_EXIT(exit_as_address_space_says(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace penstock
