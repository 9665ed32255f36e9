#include "control/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>

namespace penstock {
namespace {

// In a process of its own: signals belong to all of it.
[[noreturn]] void hear(int number) {
  Signals::block();
  std::promise<int> heard;
  {
    const Signals signals([&heard](int which) { heard.set_value(which); });
    kill(getpid(), number);
    if (heard.get_future().get() != number) std::_Exit(1);
  }
  std::_Exit(7);
}

TEST(SignalsDeathTest, EachSignalIsACall) {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2})
    EXPECT_EXIT(hear(number), ::testing::ExitedWithCode(7), "");
}

TEST(SignalsDeathTest, PipeIsIgnored) {
  const auto survive = [] {
    Signals::block();
    kill(getpid(), SIGPIPE);
    std::_Exit(7);
  };
  EXPECT_EXIT(survive(), ::testing::ExitedWithCode(7), "");
}

TEST(SignalsDeathTest, EndsWithoutASignal) {
  const auto end = [] {
    Signals::block();
    {
      const Signals signals([](int) {});
    }
    std::_Exit(7);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace penstock
