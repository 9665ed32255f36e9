#include "runtime/scope.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/all_loops.h"
#include "runtime/signal.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class ScopeTest : public ::testing::Test {
 protected:
  Bench bench;
  Loop& loop() { return bench.loop(); }
};
TYPED_TEST_SUITE(ScopeTest, AllLoops);

Task<void> note(std::vector<int>& order, int number) {
  order.push_back(number);
  co_return;
}

Task<void> note_after(Loop& loop, Duration wait, std::vector<int>& order, int number) {
  co_await sleep_for(loop, wait);
  order.push_back(number);
}

Task<void> sleep_for_ever(Loop& loop, std::vector<Error::Kind>& ends) {
  const auto slept = co_await sleep_until(loop, kNever);
  ends.push_back(slept ? Error::Kind::system : slept.error().kind);
}

Task<void> spawn_and_join(Loop& loop, std::vector<int>& order) {
  Scope scope(loop);
  scope.spawn(note_after(loop, 40ms, order, 3));
  scope.spawn(note_after(loop, 10ms, order, 2));
  scope.spawn(note(order, 1));
  EXPECT_EQ(scope.size(), 2U);
  order.push_back(0);
  co_await scope.join();
  EXPECT_TRUE(scope.empty());
  order.push_back(4);
}

TYPED_TEST(ScopeTest, SpawnRunsUntilTheFirstWaitAndJoinWaitsForAll) {
  std::vector<int> order;
  run(this->bench, spawn_and_join(this->loop(), order));
  EXPECT_EQ(order, (std::vector{1, 0, 2, 3, 4}));
}

Task<void> spawn_and_close(Loop& loop, std::vector<Error::Kind>& ends) {
  Scope scope(loop);
  for (int i = 0; i < 3; ++i) scope.spawn(sleep_for_ever(loop, ends));
  co_await scope.close();
  EXPECT_EQ(ends.size(), 3U);
  scope.spawn(sleep_for_ever(loop, ends));  // Starts cancelled, so it has ended already.
  EXPECT_TRUE(scope.empty());
  co_await scope.join();
}

TYPED_TEST(ScopeTest, CloseCancelsAndWaits) {
  std::vector<Error::Kind> ends;
  run(this->bench, spawn_and_close(this->loop(), ends));
  EXPECT_EQ(ends, std::vector(4, Error::Kind::cancelled));
}

Task<void> join_sleepers(Loop& loop, std::vector<Error::Kind>& ends, bool& joined) {
  Scope scope(loop);
  scope.spawn(sleep_for_ever(loop, ends));
  scope.spawn(sleep_for_ever(loop, ends));
  co_await scope.join();
  EXPECT_TRUE(scope.empty());
  joined = true;
}

Task<void> cancel_who_joins(Loop& loop, std::vector<Error::Kind>& ends, bool& joined) {
  Scope scope(loop);
  scope.spawn(join_sleepers(loop, ends, joined));
  co_await sleep_for(loop, 10ms);
  EXPECT_TRUE(ends.empty());
  co_await scope.close();
  EXPECT_TRUE(joined);
}

TYPED_TEST(ScopeTest, JoinPassesCancellationOnAndStillWaits) {
  std::vector<Error::Kind> ends;
  bool joined = false;
  run(this->bench, cancel_who_joins(this->loop(), ends, joined));
  EXPECT_EQ(ends, std::vector(2, Error::Kind::cancelled));
}

Task<void> join_then_flag(Scope& scope, bool& joined) {
  co_await scope.join();
  EXPECT_TRUE(scope.empty());
  joined = true;
}

Task<void> notify_after(Loop& loop, Duration wait, Signal& signal) {
  co_await sleep_for(loop, wait);
  signal.notify_one();
}

Task<void> respawn_when_empty(Loop& loop) {
  Scope inner(loop);
  Signal last(loop);
  bool joined = false;
  std::vector<int> order;
  inner.spawn(notify_after(loop, 10ms, last));
  Scope outer(loop);
  outer.spawn(join_then_flag(inner, joined));
  co_await last.wait();  // Runs after the last task has ended, and before the join.
  EXPECT_TRUE(inner.empty());
  inner.spawn(note_after(loop, 10ms, order, 1));
  co_await outer.join();
  EXPECT_TRUE(joined);
  EXPECT_EQ(order, std::vector{1});
}

TYPED_TEST(ScopeTest, JoinWaitsForWhatWasSpawnedBeforeItCouldComplete) {
  run(this->bench, respawn_when_empty(this->loop()));
}

Task<void> cancel_own_scope(Scope& scope, Loop& loop, bool& seen) {
  scope.cancel();
  const auto slept = co_await sleep_for(loop, 1h);
  seen = !slept && slept.error().kind == Error::Kind::cancelled;
}

Task<void> cancelled_from_within(Loop& loop, bool& seen) {
  Scope scope(loop);
  scope.spawn(cancel_own_scope(scope, loop, seen));
  co_await scope.join();
}

TYPED_TEST(ScopeTest, ATaskMayCancelItsOwnScope) {
  bool seen = false;
  run(this->bench, cancelled_from_within(this->loop(), seen));
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace penstock
