#include "overload/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <limits>

namespace penstock {
namespace {

TEST(Memory, IsMoreThanNothingAndLessThanTheMachines) {
  const auto use = memory_use();
  EXPECT_GT(use.resident, 1 << 20);
  EXPECT_GE(use.address_space, use.resident);
  EXPECT_GT(memory_of_machine(), 1 << 20);
  EXPECT_LE(memory_of_machine(), std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE));
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
