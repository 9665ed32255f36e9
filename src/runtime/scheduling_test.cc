#include "runtime/scheduling.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "runtime/offload.h"

namespace penstock {
namespace {

int niceness() {
  return ::getpriority(PRIO_PROCESS, 0);
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
