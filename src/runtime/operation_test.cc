#include "runtime/operation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(Timeout, TheNearerOfIdleAndUntilCounts) {
  const Instant now{24h};
  EXPECT_EQ(Timeout{}.deadline(now), kNever);
  EXPECT_EQ((Timeout{.idle = 1s}.deadline(now)), now + 1s);
  EXPECT_EQ((Timeout{.idle = 1s, .until = now + 500ms}.deadline(now)), now + 500ms);
  EXPECT_EQ((Timeout{.idle = 1s, .until = now + 2s}.deadline(now)), now + 1s);
  EXPECT_EQ((Timeout{.until = now - 1s}.deadline(now)), now - 1s);
}

TEST(Job, MayContinueForSixteenCompletionsOrAMebibyteOfATurn) {
  Job job;
  for (int i = 0; i < 16; ++i) {
    EXPECT_TRUE(job.may_continue(1));
    job.spend(1);
  }
  EXPECT_FALSE(job.may_continue(1));
  EXPECT_TRUE(job.may_continue(2));
  job.spend(Job::kBytes);
  EXPECT_FALSE(job.may_continue(2));
}

template <class Bench>
class OperationTest : public ::testing::Test {
 protected:
  Bench bench;
  std::unique_ptr<Acceptor> acceptor = bench.acceptor();

  Loop& loop() { return bench.loop(); }
  Task<Pair> pair() { return connected(bench.loop(), *acceptor, bench.address()); }
};
TYPED_TEST_SUITE(OperationTest, AllLoops);

Task<void> sleep_to(Loop& loop, Duration wait, std::vector<Duration>& order) {
  const auto began = loop.now();
  const auto slept = co_await sleep_for(loop, wait);
  EXPECT_TRUE(slept.has_value());
  EXPECT_GE(loop.now(), began + wait);
  order.push_back(wait);
}

Task<void> sleep_in_order(Loop& loop, std::vector<Duration>& order) {
  Scope scope(loop);
  for (const auto wait : {90ms, 0ms, 30ms, 60ms, 10ms}) scope.spawn(sleep_to(loop, wait, order));
  co_await scope.join();
}

TYPED_TEST(OperationTest, SleepersWakeInOrderAndNeverEarly) {
  std::vector<Duration> order;
  run(this->bench, sleep_in_order(this->loop(), order));
  EXPECT_EQ(order, (std::vector<Duration>{0ms, 10ms, 30ms, 60ms, 90ms}));
}

// --- Deadlines

Task<void> recv_nothing(Task<Pair> made, Error::Kind& end) {
  auto pair = co_await std::move(made);
  const auto got = co_await pair.client->recv(100, Timeout{.idle = 20ms});
  end = got ? Error::Kind::system : got.error().kind;
  // The stream is as good as before.
  const auto sent = co_await pair.server->send("late", Timeout{});
  EXPECT_TRUE(sent.has_value());
  const auto more = co_await pair.client->recv(100, Timeout{.idle = 10s});
  EXPECT_TRUE(more.has_value());
}

TYPED_TEST(OperationTest, RecvEndsAtItsDeadline) {
  Error::Kind end{};
  run(this->bench, recv_nothing(this->pair(), end));
  EXPECT_EQ(end, Error::Kind::timed_out);
}

Task<void> send_to_nobody(Task<Pair> made, std::string_view bytes, Error::Kind& end) {
  auto pair = co_await std::move(made);
  const auto sent = co_await pair.client->send(bytes, Timeout{.idle = 50ms});
  end = sent ? Error::Kind::system : sent.error().kind;
}

TYPED_TEST(OperationTest, SendEndsAtItsDeadlineWhenThePeerDoesNotRead) {
  Error::Kind end{};
  const std::string bytes(32'000'000, 'x');
  run(this->bench, send_to_nobody(this->pair(), bytes, end));
  EXPECT_EQ(end, Error::Kind::timed_out);
}

Task<void> accept_nobody(Acceptor& acceptor, Duration idle, Error::Kind& end) {
  const auto accepted = co_await acceptor.accept(Timeout{.idle = idle});
  end = accepted ? Error::Kind::system : accepted.error().kind;
}

TYPED_TEST(OperationTest, AcceptEndsAtItsDeadline) {
  Error::Kind end{};
  run(this->bench, accept_nobody(*this->acceptor, 20ms, end));
  EXPECT_EQ(end, Error::Kind::timed_out);
}

TYPED_TEST(OperationTest, AcceptWithATimeoutOfZeroOnlyLooks) {
  Error::Kind end{};
  const auto turn = this->loop().turn();
  Scope scope(this->loop());
  scope.spawn(accept_nobody(*this->acceptor, 0ms, end));
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(this->loop().turn(), turn);
  EXPECT_EQ(end, Error::Kind::timed_out);
}

// --- A task shares the loop with others

Task<void> fill(Stream& stream, std::string_view bytes) {
  const auto sent = co_await stream.send(bytes, Timeout{});
  EXPECT_TRUE(sent.has_value());
}

Task<void> read_bytewise(Loop& loop, Stream& stream, std::size_t n,
                         std::map<std::uint64_t, int>& per_turn) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto got = co_await stream.recv(1, Timeout{});
    EXPECT_TRUE(got.has_value());
    ++per_turn[loop.turn()];
  }
}

Task<void> greedy_reader(Loop& loop, Task<Pair> made, std::map<std::uint64_t, int>& per_turn) {
  auto pair = co_await std::move(made);
  const std::string bytes(1000, 'x');
  Scope scope(loop);
  scope.spawn(fill(*pair.server, bytes));
  co_await scope.join();
  co_await sleep_for(loop, 20ms);
  co_await read_bytewise(loop, *pair.client, bytes.size(), per_turn);
}

TYPED_TEST(OperationTest, AJobThatNeverSleepsLetsOthersRunAfterSixteenCompletions) {
  std::map<std::uint64_t, int> per_turn;
  run(this->bench, greedy_reader(this->loop(), this->pair(), per_turn));
  int most = 0;
  for (const auto& [turn, n] : per_turn) most = std::max(most, n);
  EXPECT_LE(most, 17);
  EXPECT_GE(most, 16);
}

Task<void> sleep_in_vain(Loop& loop, bool& stop) {
  while (!stop) co_await sleep_for(loop, 0ns);
}

Task<void> beside_an_impatient_sleeper(Loop& loop) {
  bool stop = false;
  Scope scope(loop);
  scope.spawn(sleep_in_vain(loop, stop));
  co_await sleep_for(loop, 20ms);
  stop = true;
  co_await scope.join();
}

// Not in virtual time, which does not pass while somebody is busy.
TEST(Sleep, ForNoTimeLetsOthersRun) {
  EpollBench bench;
  run(bench, beside_an_impatient_sleeper(bench.loop()));
}

Task<void> connect_again_and_again(Loop& loop, const SocketAddress& address, bool& stop) {
  while (!stop) {
    const auto stream = co_await loop.connect(address, Timeout{.idle = 1s});
    EXPECT_FALSE(stream.has_value());
  }
}

Task<void> beside_a_hopeless_connector(Loop& loop, const SocketAddress& address) {
  bool stop = false;
  Scope scope(loop);
  scope.spawn(connect_again_and_again(loop, address, stop));
  co_await sleep_for(loop, 20ms);
  stop = true;
  co_await scope.join();
}

TYPED_TEST(OperationTest, ConnectsThatFailAtOnceLetOthersRun) {
  SocketAddress nowhere;
  nowhere.storage.ss_family = AF_UNIX;
  nowhere.length = sizeof(sa_family_t) + 2;
  reinterpret_cast<sockaddr*>(&nowhere.storage)->sa_data[0] = '?';
  run(this->bench, beside_a_hopeless_connector(this->loop(), nowhere));
}

Task<void> yield_and_note(Loop& loop, std::vector<int>& order, int number) {
  order.push_back(number);
  co_await Yield(loop);
  order.push_back(number);
}

Task<void> two_yield(Loop& loop, std::vector<int>& order) {
  Scope scope(loop);
  scope.spawn(yield_and_note(loop, order, 1));
  scope.spawn(yield_and_note(loop, order, 2));
  co_await scope.join();
}

TYPED_TEST(OperationTest, YieldLetsTheOthersGoFirst) {
  std::vector<int> order;
  run(this->bench, two_yield(this->loop(), order));
  EXPECT_EQ(order, (std::vector{1, 2, 1, 2}));
}

// --- What only virtual time can show

Task<void> read_slowly(Loop& loop, Stream& stream, Duration pause) {
  for (;;) {
    const auto got = co_await stream.recv(BufferPool::kBlock, Timeout{});
    if (!got) co_return;
    const auto slept = co_await sleep_for(loop, pause);
    if (!slept) co_return;
  }
}

Task<void> send_to_slow_reader(Loop& loop, Task<Pair> made, Timeout timeout, Result<void>& result) {
  const std::string bytes(2'000'000, 'x');
  auto pair = co_await std::move(made);
  Scope scope(loop);
  scope.spawn(read_slowly(loop, *pair.server, 200ms));
  result = co_await pair.client->send(bytes, timeout);
  co_await scope.close();
}

TEST(OperationDeadline, IdleCountsFromTheLastProgress) {
  SimBench bench;
  const auto acceptor = bench.acceptor();
  Result<void> result;
  run(bench, send_to_slow_reader(bench.loop(), connected(bench.loop(), *acceptor, bench.address()),
                                 Timeout{.idle = 500ms}, result));
  EXPECT_TRUE(result.has_value());
}

TEST(OperationDeadline, UntilHoldsWhateverTheProgress) {
  SimBench bench;
  const auto acceptor = bench.acceptor();
  Result<void> result;
  const auto until = bench.loop().now() + 2s;
  run(bench, send_to_slow_reader(bench.loop(), connected(bench.loop(), *acceptor, bench.address()),
                                 Timeout{.idle = 500ms, .until = until}, result));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, Error::Kind::timed_out);
}

Task<void> recv_at_the_deadline(Loop& loop, Task<Pair> made, Instant& until, bool& got) {
  auto pair = co_await std::move(made);
  // A whole number of ticks away, so that bytes and deadline come at one instant.
  until = Instant((loop.now().time_since_epoch() / TimerWheel::kTick + 10) * TimerWheel::kTick);
  co_await sleep_until(loop, until - 50ms);
  const auto sent = co_await pair.server->send("x", Timeout{});
  EXPECT_TRUE(sent.has_value());
  const auto received = co_await pair.client->recv(1, Timeout{.until = until});
  got = received.has_value();
}

TEST(OperationDeadline, WhatArrivesTogetherWithTheDeadlineIsNotLost) {
  SimBench bench;
  auto& weather = bench.loop().network().conditions(bench.address());
  weather.latency_least = weather.latency_most = 50ms;
  const auto acceptor = bench.acceptor();
  Instant until;
  bool got = false;
  run(bench, recv_at_the_deadline(bench.loop(), connected(bench.loop(), *acceptor, bench.address()),
                                  until, got));
  EXPECT_EQ(bench.loop().now(), until);
  EXPECT_TRUE(got);
}

}  // namespace
}  // namespace penstock
