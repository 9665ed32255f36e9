#include "runtime/scheduling.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
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

// The thread's own processor time, in nanoseconds.
std::int64_t worked() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

TEST(Scheduling, GivingWayWorksOnAndLetsOthersGoFirst) {
  int turns = 0;
  std::thread([&turns] {
    const GivingWay giving_way;
    for (const auto end = worked() + 40'000'000; worked() < end;) {
    }
    turns = giving_way.turns();
  }).join();
  // After 4 ms at the latest, however long others keep the core.
  EXPECT_GE(turns, 8);
}

TEST(Scheduling, WhoGivesWayIsNotInterruptedInCalls) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ssize_t got = -1;
  std::thread reader([&] {
    const GivingWay giving_way;
    char byte = 0;
    got = ::read(ends[0], &byte, 1);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(::write(ends[1], "x", 1), 1);
  reader.join();
  EXPECT_EQ(got, 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Scheduling, GivingWayEndsWithItsScope) {
  {
    const GivingWay giving_way;
  }
  // A signal that comes late, or from elsewhere, finds nothing to do.
  EXPECT_EQ(::raise(SIGURG), 0);
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
