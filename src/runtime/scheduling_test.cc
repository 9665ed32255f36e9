#include "runtime/scheduling.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

#include "runtime/offload.h"

namespace penstock {
namespace {

int niceness() {
  return ::getpriority(PRIO_PROCESS, 0);
}

// The length of the calling thread's turns in nanoseconds; 0 where the kernel knows none.
std::uint64_t turn() {
  constexpr std::size_t kRuntime = 3;  // Of sched_attr: after size, policy, flags, nice, priority.
  std::array<std::uint64_t, 7> attributes{};
  ::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0U);
  return attributes.at(kRuntime);
}

TEST(Scheduling, RunningPromptlyAsksForShortTurns) {
  if (turn() == 0) GTEST_SKIP() << "the kernel is older than 6.12";
  std::uint64_t there = 0;
  std::thread([&there] {
    run_promptly();
    there = turn();
  }).join();
  EXPECT_EQ(there, 100'000U);
}

TEST(Scheduling, StandingBackIsForTheCallingThreadAlone) {
  const int before = niceness();
  int there = 0;
  std::thread([&there] {
    stand_back();
    there = niceness();
  }).join();
  EXPECT_GE(there, 5);
  EXPECT_EQ(niceness(), before);
}

TEST(Scheduling, RunningPromptlyKeepsTheNiceValue) {
  int there = 0;
  std::thread([&there] {
    ::setpriority(PRIO_PROCESS, 0, 5);
    run_promptly();
    there = niceness();
  }).join();
  EXPECT_EQ(there, 5);
}

TEST(Scheduling, OffloadedWorkStandsBack) {
  int there = 0;
  {
    OffloadPool pool(1);
    pool.submit([&there] { there = niceness(); });
  }
  EXPECT_GE(there, 5);
}

}  // namespace
}  // namespace penstock
