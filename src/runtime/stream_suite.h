#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runtime/all_loops.h"
#include "runtime/stream.h"

// For tests: what holds for every stream, whatever it is made of. A bench of the suite makes the
// loop, and pairs of streams. Instantiated once for each kind, in a file of its own.
namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class StreamTest : public ::testing::Test {
 protected:
  Bench bench;
  std::unique_ptr<Acceptor> acceptor = bench.acceptor();

  Loop& loop() { return bench.loop(); }
  Task<Pair> pair() { return bench.pair(*acceptor); }
};
TYPED_TEST_SUITE_P(StreamTest);

Task<void> read_into(Stream& stream, Everything& all) {
  all = co_await read_all(stream);
}

Task<void> send_then_finish(Stream& stream, std::string_view bytes) {
  const auto sent = co_await stream.send(bytes, Timeout{});
  EXPECT_TRUE(sent.has_value());
  stream.shutdown_write();
}

Task<void> echo(Stream& stream) {
  for (;;) {
    auto lent = co_await stream.recv(BufferPool::kBlock, Timeout{});
    if (!lent) break;
    const auto sent = co_await stream.send(lent->bytes(), Timeout{});
    EXPECT_TRUE(sent.has_value());
  }
  stream.shutdown_write();
}

Task<void> big_echo(Loop& loop, Task<Pair> made, std::string_view bytes) {
  auto pair = co_await std::move(made);
  Scope scope(loop);
  scope.spawn(echo(*pair.server));
  scope.spawn(send_then_finish(*pair.client, bytes));
  const auto all = co_await read_all(*pair.client);
  EXPECT_TRUE(all.bytes == bytes);
  EXPECT_EQ(all.end, Error::Kind::closed);
  co_await scope.join();
}

TYPED_TEST_P(StreamTest, BytesComeBackWholeAndInOrderDespiteBackPressure) {
  const auto bytes = numbered(4'000'000);
  run(this->bench, big_echo(this->loop(), this->pair(), bytes));
}

Task<void> send_parts(Task<Pair> made) {
  auto pair = co_await std::move(made);
  const auto sent = co_await pair.client->send({"one ", "", "two ", "three"}, Timeout{});
  EXPECT_TRUE(sent.has_value());
  const auto nothing = co_await pair.client->send(std::string_view(), Timeout{});
  EXPECT_TRUE(nothing.has_value());
  pair.client->shutdown_write();
  const auto all = co_await read_all(*pair.server);
  EXPECT_EQ(all.bytes, "one two three");
}

TYPED_TEST_P(StreamTest, PartsAreSentInOrderAndEmptyOnesDoNotCount) {
  run(this->bench, send_parts(this->pair()));
}

Task<void> read_at_most(Task<Pair> made) {
  auto pair = co_await std::move(made);
  const auto sent = co_await pair.client->send("0123456789", Timeout{});
  EXPECT_TRUE(sent.has_value());
  std::string got;
  while (got.size() < 10) {
    auto lent = co_await pair.server->recv(3, Timeout{});
    if (!lent) break;
    EXPECT_LE(lent->bytes().size(), 3U);
    got += lent->bytes();
  }
  EXPECT_EQ(got, "0123456789");
}

TYPED_TEST_P(StreamTest, RecvGivesAtMostWhatWasAskedFor) {
  run(this->bench, read_at_most(this->pair()));
}

// --- How connections end

Task<Error::Kind> end_of_recv(Stream& stream) {
  const auto got = co_await stream.recv(1, Timeout{});
  co_return got ? Error::Kind::system : got.error().kind;
}

// Sends until the connection's end is known.
Task<Error::Kind> end_of_send(Loop& loop, Stream& stream) {
  for (;;) {
    const auto sent = co_await stream.send("x", Timeout{});
    if (!sent) co_return sent.error().kind;
    co_await sleep_for(loop, 10ms);
  }
}

Task<void> finish_and_go_on(Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.client->shutdown_write();
  for (int i = 0; i < 3; ++i) {
    const auto end = co_await end_of_recv(*pair.server);
    EXPECT_EQ(end, Error::Kind::closed);
  }
  const auto sent = co_await pair.server->send("answer", Timeout{});
  EXPECT_TRUE(sent.has_value());
  pair.server.reset();
  const auto all = co_await read_all(*pair.client);
  EXPECT_EQ(all.bytes, "answer");
  EXPECT_EQ(all.end, Error::Kind::closed);
  const auto more = co_await pair.client->send("x", Timeout{});
  EXPECT_FALSE(more.has_value());
}

TYPED_TEST_P(StreamTest, AFinIsToldAgainAndAgainAndTheOtherWayGoesOn) {
  run(this->bench, finish_and_go_on(this->pair()));
}

Task<void> reset_while_receiving(Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.server->reset_on_close();
  pair.server.reset();
  for (int i = 0; i < 3; ++i) {
    const auto end = co_await end_of_recv(*pair.client);
    EXPECT_EQ(end, Error::Kind::reset);
  }
  const auto sent = co_await pair.client->send("x", Timeout{});
  EXPECT_FALSE(sent.has_value());
}

TYPED_TEST_P(StreamTest, AResetIsToldAgainAndAgain) {
  run(this->bench, reset_while_receiving(this->pair()));
}

// An answer without a length is complete when FIN comes, so a reset must never look like one.
Task<void> reset_met_by_a_send(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.server->reset_on_close();
  pair.server.reset();
  const auto sending = co_await end_of_send(loop, *pair.client);
  EXPECT_EQ(sending, Error::Kind::reset);
  const auto receiving = co_await end_of_recv(*pair.client);
  EXPECT_EQ(receiving, Error::Kind::reset);
}

TYPED_TEST_P(StreamTest, AResetThatASendHasMetIsNoFinForRecv) {
  run(this->bench, reset_met_by_a_send(this->loop(), this->pair()));
}

// An origin answers early and closes while the request is still being sent.
Task<void> fin_then_reset(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.server.reset();
  const auto first = co_await end_of_recv(*pair.client);
  EXPECT_EQ(first, Error::Kind::closed);
  const auto sending = co_await end_of_send(loop, *pair.client);
  EXPECT_EQ(sending, Error::Kind::reset);
  const auto receiving = co_await end_of_recv(*pair.client);
  EXPECT_EQ(receiving, Error::Kind::closed);
}

TYPED_TEST_P(StreamTest, AFinStaysAFinWhenAResetFollows) {
  run(this->bench, fin_then_reset(this->loop(), this->pair()));
}

Task<void> close_with_unread_bytes(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  const auto sent = co_await pair.client->send("unread", Timeout{});
  EXPECT_TRUE(sent.has_value());
  co_await sleep_for(loop, 20ms);
  pair.server.reset();
  const auto end = co_await end_of_recv(*pair.client);
  EXPECT_EQ(end, Error::Kind::reset);
}

// What says itself where it ends needs no reset for that.
TYPED_TEST_P(StreamTest, ClosingWithUnreadBytesIsAReset) {
  if constexpr (requires { TypeParam::kTellsItsEnd; }) GTEST_SKIP();
  run(this->bench, close_with_unread_bytes(this->loop(), this->pair()));
}

Task<void> flood(Stream& stream, std::string_view bytes, Error::Kind& end) {
  const auto sent = co_await stream.send(bytes, Timeout{});
  end = sent ? Error::Kind::system : sent.error().kind;
}

Task<void> peer_goes_while_sending(Loop& loop, Task<Pair> made, std::string_view bytes) {
  auto pair = co_await std::move(made);
  Error::Kind end{};
  Scope scope(loop);
  scope.spawn(flood(*pair.client, bytes, end));
  co_await sleep_for(loop, 20ms);
  EXPECT_FALSE(scope.empty());
  pair.server.reset();
  co_await scope.join();
  EXPECT_EQ(end, Error::Kind::reset);
}

TYPED_TEST_P(StreamTest, ASendThatWaitsLearnsThatThePeerHasGone) {
  const std::string bytes(32'000'000, 'x');
  run(this->bench, peer_goes_while_sending(this->loop(), this->pair(), bytes));
}

Task<void> interrupted(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.client->interrupt();  // Nobody waits.
  Everything all;
  Scope scope(loop);
  scope.spawn(read_into(*pair.client, all));
  co_await Yield(loop);
  pair.client->interrupt();
  co_await scope.join();
  EXPECT_EQ(all.end, Error::Kind::reset);
}

TYPED_TEST_P(StreamTest, AnInterruptedRecvAnswersReset) {
  run(this->bench, interrupted(this->loop(), this->pair()));
}

// --- Connecting and accepting

Task<void> connect_to_nobody(Loop& loop, const SocketAddress& address, Error::Kind& end) {
  const auto stream = co_await loop.connect(address, Timeout{.idle = 10s});
  end = stream ? Error::Kind::system : stream.error().kind;
}

TYPED_TEST_P(StreamTest, AConnectIsRefusedWhereNobodyListens) {
  this->acceptor.reset();
  this->bench.stop_listening();
  Error::Kind end{};
  run(this->bench, connect_to_nobody(this->loop(), this->bench.address(), end));
  EXPECT_EQ(end, Error::Kind::refused);
}

Task<void> connect_then_look(Loop& loop, Acceptor& acceptor, const SocketAddress& address) {
  const auto stream = co_await loop.connect(address, Timeout{});
  EXPECT_TRUE(stream.has_value());
  const auto accepted = co_await acceptor.accept(Timeout{.idle = 0s});
  EXPECT_TRUE(accepted.has_value());
  if (!accepted) co_return;
  EXPECT_EQ(accepted->peer.storage.ss_family, AF_INET);
  const auto second = co_await acceptor.accept(Timeout{.idle = 0s});
  EXPECT_FALSE(second.has_value());
}

TYPED_TEST_P(StreamTest, AcceptFindsWhatWasQueuedBefore) {
  run(this->bench, connect_then_look(this->loop(), *this->acceptor, this->bench.address()));
}

Task<void> accept_one(Acceptor& acceptor, bool& accepted) {
  const auto got = co_await acceptor.accept(Timeout{.idle = 10s});
  accepted = got.has_value();
}

Task<void> connect_to_who_waits(Loop& loop, Acceptor& acceptor, const SocketAddress& address) {
  bool accepted = false;
  Scope scope(loop);
  scope.spawn(accept_one(acceptor, accepted));
  co_await sleep_for(loop, 10ms);
  const auto stream = co_await loop.connect(address, Timeout{});
  EXPECT_TRUE(stream.has_value());
  co_await scope.join();
  EXPECT_TRUE(accepted);
}

TYPED_TEST_P(StreamTest, AnAcceptThatWaitsIsWoken) {
  run(this->bench, connect_to_who_waits(this->loop(), *this->acceptor, this->bench.address()));
}

// --- Watching

class Watcher final : public Operation {
 public:
  explicit Watcher(Loop& loop) : Operation(loop, Timeout{}) {}
  void run() override { ++runs; }
  void cancel(Error::Kind) override {}
  int runs = 0;
};

Task<void> watch_idle(Loop& loop, Task<Pair> made, bool finish) {
  auto pair = co_await std::move(made);
  Watcher watcher(loop);
  pair.client->watch(watcher);
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 0);
  if (finish) {
    pair.server.reset();
  } else {
    const auto sent = co_await pair.server->send("surplus", Timeout{});
    EXPECT_TRUE(sent.has_value());
  }
  co_await sleep_for(loop, 20ms);
  EXPECT_GE(watcher.runs, 1);
  pair.client->unwatch();
}

TYPED_TEST_P(StreamTest, AWatcherRunsWhenBytesCome) {
  run(this->bench, watch_idle(this->loop(), this->pair(), false));
}

TYPED_TEST_P(StreamTest, AWatcherRunsWhenAFinComes) {
  run(this->bench, watch_idle(this->loop(), this->pair(), true));
}

Task<void> watch_after_exact_read(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  const auto sent = co_await pair.server->send("12345", Timeout{});
  EXPECT_TRUE(sent.has_value());
  std::size_t got = 0;
  while (got < 5) {  // The last read fills its room to the last byte.
    const auto lent = co_await pair.client->recv(5 - got, Timeout{});
    if (!lent) break;
    got += lent->bytes().size();
  }
  Watcher watcher(loop);
  pair.client->watch(watcher);
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 0);
  pair.client->unwatch();
}

TYPED_TEST_P(StreamTest, AWatcherDoesNotRunWhenAllHasBeenRead) {
  run(this->bench, watch_after_exact_read(this->loop(), this->pair()));
}

// As who stands between a socket and its reader does it: without a recv.
Task<void> receive_without_waiting(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  EXPECT_FALSE(pair.client->try_recv(100).has_value());
  const auto sent = co_await pair.server->send("12345", Timeout{});
  EXPECT_TRUE(sent.has_value());
  pair.server.reset();
  std::string got;
  Watcher watcher(loop);
  pair.client->watch(watcher);
  for (bool open = true; open;) {
    co_await sleep_for(loop, 5ms);
    auto lent = pair.client->try_recv(2);
    if (!lent) continue;
    open = lent->has_value();
    if (open) got += (*lent)->bytes();
    if (!open) EXPECT_EQ(lent->error().kind, Error::Kind::closed);
  }
  EXPECT_EQ(got, "12345");
  EXPECT_GE(watcher.runs, 1);
  pair.client->unwatch();
}

TYPED_TEST_P(StreamTest, WhatHasArrivedCanBeTakenWithoutWaiting) {
  run(this->bench, receive_without_waiting(this->loop(), this->pair()));
}

Task<void> watch_and_unwatch(Loop& loop, Task<Pair> made) {
  auto pair = co_await std::move(made);
  pair.server.reset();
  co_await sleep_for(loop, 20ms);
  Watcher watcher(loop);
  pair.client->watch(watcher);
  pair.client->unwatch();  // Though it is in the run queue.
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 0);
}

TYPED_TEST_P(StreamTest, AWatcherThatWasForgottenDoesNotRun) {
  run(this->bench, watch_and_unwatch(this->loop(), this->pair()));
}

// Bytes that nobody reads do not hide that their sender has finished, or has gone.
Task<void> watch_peer(Loop& loop, Task<Pair> made, bool reset, Stream::Peer expected) {
  auto pair = co_await std::move(made);
  Watcher watcher(loop);
  pair.client->watch_peer(&watcher);
  const auto sent = co_await pair.server->send("unread", Timeout{});
  EXPECT_TRUE(sent.has_value());
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 0);
  EXPECT_EQ(pair.client->peer(), Stream::Peer::present);
  if (reset) pair.server->reset_on_close();
  pair.server.reset();
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 1);
  EXPECT_EQ(pair.client->peer(), expected);
  pair.client->watch_peer(nullptr);
  pair.client->watch_peer(&watcher);  // It is bad already.
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 2);
  pair.client->watch_peer(&watcher);
  pair.client->watch_peer(nullptr);  // Though it is in the run queue.
  co_await sleep_for(loop, 20ms);
  EXPECT_EQ(watcher.runs, 2);
}

TYPED_TEST_P(StreamTest, AFinOfThePeerIsSeenBehindUnreadBytes) {
  run(this->bench, watch_peer(this->loop(), this->pair(), false, Stream::Peer::half_closed));
}

TYPED_TEST_P(StreamTest, AResetOfThePeerIsSeenBehindUnreadBytes) {
  run(this->bench, watch_peer(this->loop(), this->pair(), true, Stream::Peer::gone));
}

REGISTER_TYPED_TEST_SUITE_P(
    StreamTest, BytesComeBackWholeAndInOrderDespiteBackPressure,
    PartsAreSentInOrderAndEmptyOnesDoNotCount, RecvGivesAtMostWhatWasAskedFor,
    AFinIsToldAgainAndAgainAndTheOtherWayGoesOn, AResetIsToldAgainAndAgain,
    AResetThatASendHasMetIsNoFinForRecv, AFinStaysAFinWhenAResetFollows,
    ClosingWithUnreadBytesIsAReset, ASendThatWaitsLearnsThatThePeerHasGone,
    AnInterruptedRecvAnswersReset, AConnectIsRefusedWhereNobodyListens,
    AcceptFindsWhatWasQueuedBefore, AnAcceptThatWaitsIsWoken, AWatcherRunsWhenBytesCome,
    AWatcherRunsWhenAFinComes, AWatcherDoesNotRunWhenAllHasBeenRead,
    WhatHasArrivedCanBeTakenWithoutWaiting, AWatcherThatWasForgottenDoesNotRun,
    AFinOfThePeerIsSeenBehindUnreadBytes, AResetOfThePeerIsSeenBehindUnreadBytes);

}  // namespace
}  // namespace penstock
