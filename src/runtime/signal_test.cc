#include "runtime/signal.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class SignalTest : public ::testing::Test {
 protected:
  Bench bench;
  Signal signal{bench.loop()};
  Loop& loop() { return bench.loop(); }
};
TYPED_TEST_SUITE(SignalTest, AllLoops);

Task<void> wait_and_note(Signal& signal, Timeout timeout, std::vector<int>& order, int number) {
  const auto woken = co_await signal.wait(timeout);
  order.push_back(woken ? number : -number);
}

Task<void> notify_in_turn(Loop& loop, Signal& signal, std::vector<int>& order) {
  Scope scope(loop);
  for (int i = 1; i <= 4; ++i) scope.spawn(wait_and_note(signal, {}, order, i));
  EXPECT_TRUE(signal.notify_one());
  EXPECT_TRUE(order.empty());  // The waiter runs later, not within the notification.
  co_await Yield(loop);
  EXPECT_EQ(order, std::vector{1});
  signal.notify_all();
  co_await scope.join();
  EXPECT_FALSE(signal.notify_one());
}

TYPED_TEST(SignalTest, WakesWhoHasWaitedLongest) {
  std::vector<int> order;
  run(this->bench, notify_in_turn(this->loop(), this->signal, order));
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
}

Task<void> wait_in_vain(Loop& loop, Signal& signal, std::vector<int>& order) {
  Scope scope(loop);
  scope.spawn(wait_and_note(signal, {.idle = 20ms}, order, 1));
  scope.spawn(wait_and_note(signal, {}, order, 2));
  co_await sleep_for(loop, 50ms);
  EXPECT_EQ(order, std::vector{-1});
  signal.notify_one();  // Reaches the one that still waits.
  co_await scope.join();
}

TYPED_TEST(SignalTest, AWaitEndsAtItsDeadlineAndTakesNoNotification) {
  std::vector<int> order;
  run(this->bench, wait_in_vain(this->loop(), this->signal, order));
  EXPECT_EQ(order, (std::vector{-1, 2}));
}

Task<void> cancel_one_of_two(Loop& loop, Signal& signal, std::vector<int>& order) {
  Scope leaving(loop);
  Scope staying(loop);
  leaving.spawn(wait_and_note(signal, {}, order, 1));
  staying.spawn(wait_and_note(signal, {}, order, 2));
  leaving.cancel();
  signal.notify_one();  // Not spent on who is on the way out already.
  co_await leaving.join();
  co_await staying.join();
}

TYPED_TEST(SignalTest, ANotificationIsNotSpentOnACancelledWait) {
  std::vector<int> order;
  run(this->bench, cancel_one_of_two(this->loop(), this->signal, order));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, (std::vector{-1, 2}));
}

Task<void> notify_then_cancel(Loop& loop, Signal& signal, std::vector<int>& order) {
  Scope scope(loop);
  scope.spawn(wait_and_note(signal, {}, order, 1));
  signal.notify_one();
  co_await scope.close();
}

TYPED_TEST(SignalTest, AWaitThatWasNotifiedBeforeItWasCancelledHasSucceeded) {
  std::vector<int> order;
  run(this->bench, notify_then_cancel(this->loop(), this->signal, order));
  EXPECT_EQ(order, std::vector{1});
}

}  // namespace
}  // namespace penstock
