#include "upstream/bulkhead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/reason.h"
#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class BulkheadTest : public ::testing::Test {
 protected:
  Bench bench;
  BulkheadConfig config{.max_requests = 1, .max_pending = 2};
  Bulkhead bulkhead;
  Loop& loop() { return bench.loop(); }
};
TYPED_TEST_SUITE(BulkheadTest, AllLoops);

// Notes its number when it is inside, or why it is not.
struct Notes {
  std::vector<int> inside;
  std::vector<const Reason*> refused;
  int cancelled = 0;
};

Task<void> visit(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config, int number,
                 Duration stay, Notes& notes) {
  const auto place = co_await bulkhead.enter(loop, config);
  if (!place && place.error().kind == Error::Kind::cancelled) ++notes.cancelled;
  if (!place && place.error().reason != nullptr) notes.refused.push_back(place.error().reason);
  if (!place) co_return;
  notes.inside.push_back(number);
  co_await sleep_for(loop, stay);
}

Task<void> come_in_a_row(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config,
                         Notes& notes) {
  Scope scope(loop);
  for (int i = 1; i <= 5; ++i) scope.spawn(visit(loop, bulkhead, config, i, 5ms, notes));
  EXPECT_EQ(notes.inside, std::vector{1});
  EXPECT_EQ(bulkhead.load().inside, 1U);
  EXPECT_EQ(bulkhead.load().pending, 2U);
  EXPECT_EQ(notes.refused, (std::vector<const Reason*>(2, &reasons::kBulkheadFull)));
  co_await scope.join();
}

TYPED_TEST(BulkheadTest, WhoComesFirstIsServedFirstAndTheRestRefused) {
  Notes notes;
  run(this->bench, come_in_a_row(this->loop(), this->bulkhead, this->config, notes));
  EXPECT_EQ(notes.inside, (std::vector{1, 2, 3}));
  EXPECT_EQ(this->bulkhead.load().inside, 0U);
}

Task<void> wait_in_vain(Loop& loop, Bulkhead& bulkhead, BulkheadConfig config, Notes& notes) {
  config.pending_timeout = 20ms;
  Scope scope(loop);
  auto place = co_await bulkhead.enter(loop, config);
  EXPECT_TRUE(place);
  scope.spawn(visit(loop, bulkhead, config, 1, 0ms, notes));
  co_await scope.join();
  EXPECT_EQ(notes.refused, (std::vector<const Reason*>{&reasons::kPendingTimeout}));
  EXPECT_EQ(bulkhead.load().pending, 0U);
  scope.reopen();
  scope.spawn(visit(loop, bulkhead, config, 2, 0ms, notes));
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(notes.cancelled, 1);
  EXPECT_EQ(bulkhead.load().pending, 0U);
}

TYPED_TEST(BulkheadTest, WhoWaitsTooLongOrGoesAwayLeavesTheQueue) {
  Notes notes;
  run(this->bench, wait_in_vain(this->loop(), this->bulkhead, this->config, notes));
  EXPECT_TRUE(notes.inside.empty());
  EXPECT_EQ(this->bulkhead.load().inside, 0U);
}

Task<void> come_too_late(Loop& loop, Bulkhead& bulkhead, BulkheadConfig config, Notes& notes) {
  co_await sleep_for(loop, 1h);
  co_await visit(loop, bulkhead, config, 1, 0ms, notes);
}

Task<void> cancel_before_it_comes(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config,
                                  Notes& notes) {
  Scope scope(loop);
  scope.spawn(come_too_late(loop, bulkhead, config, notes));
  scope.cancel();
  co_await scope.join();
}

TYPED_TEST(BulkheadTest, WhoIsCancelledTakesNoPlace) {
  Notes notes;
  run(this->bench, cancel_before_it_comes(this->loop(), this->bulkhead, this->config, notes));
  EXPECT_EQ(notes.cancelled, 1);
  EXPECT_TRUE(notes.inside.empty());
  EXPECT_EQ(this->bulkhead.load().inside, 0U);
}

// It is inside already when it is cancelled, though it does not know.
Task<void> cancel_after_its_turn(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config,
                                 Notes& notes) {
  Scope scope(loop);
  auto place = co_await bulkhead.enter(loop, config);
  scope.spawn(visit(loop, bulkhead, config, 1, 0ms, notes));
  *place = {};
  scope.cancel();
  co_await scope.join();
}

TYPED_TEST(BulkheadTest, ATurnThatCrossesACancellationIsNotLost) {
  Notes notes;
  run(this->bench, cancel_after_its_turn(this->loop(), this->bulkhead, this->config, notes));
  EXPECT_EQ(this->bulkhead.load().inside, 0U);
  EXPECT_EQ(this->bulkhead.load().pending, 0U);
}

Task<void> widen(Loop& loop, Bulkhead& bulkhead, BulkheadConfig config, Notes& notes) {
  Scope scope(loop);
  for (int i = 1; i <= 3; ++i) scope.spawn(visit(loop, bulkhead, config, i, 5ms, notes));
  auto wider = config;
  wider.max_requests = 3;
  scope.spawn(visit(loop, bulkhead, wider, 4, 5ms, notes));
  EXPECT_EQ(bulkhead.load().inside, 3U);
  co_await scope.join();
  EXPECT_EQ(notes.inside, (std::vector{1, 2, 3, 4}));
}

TYPED_TEST(BulkheadTest, ANewConfigurationMakesRoomForThoseWhoWait) {
  Notes notes;
  run(this->bench, widen(this->loop(), this->bulkhead, this->config, notes));
}

struct Crowd {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> served = 0;
};

Task<void> visit_often(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config, Crowd& crowd) {
  for (int i = 0; i < 50; ++i) {
    const auto place = co_await bulkhead.enter(loop, config);
    if (!place) continue;
    const int inside = ++crowd.inside;
    for (int seen = crowd.most; seen < inside && !crowd.most.compare_exchange_weak(seen, inside);) {
    }
    co_await Yield(loop);
    --crowd.inside;
    ++crowd.served;
  }
}

Task<void> send_a_crowd(Loop& loop, Bulkhead& bulkhead, const BulkheadConfig& config,
                        Crowd& crowd) {
  Scope scope(loop);
  for (int i = 0; i < 20; ++i) scope.spawn(visit_often(loop, bulkhead, config, crowd));
  co_await scope.join();
}

TEST(Bulkhead, IsExactOverAllWorkers) {
  Bulkhead bulkhead;
  const BulkheadConfig config{.max_requests = 3, .max_pending = 100, .pending_timeout = 60s};
  Crowd crowd;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      RealBench<EpollLoop> bench;
      run(bench, send_a_crowd(bench.loop(), bulkhead, config, crowd));
    });
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(crowd.most, 3);
  EXPECT_EQ(crowd.served, 4 * 20 * 50);
  EXPECT_EQ(bulkhead.load().inside, 0U);
}

}  // namespace
}  // namespace penstock
