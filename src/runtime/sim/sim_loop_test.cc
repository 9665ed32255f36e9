#include "runtime/sim/sim_loop.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "runtime/all_loops.h"
#include "runtime/signal.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

// --- Time

TEST(SimLoop, RunForLetsExactlySoMuchTimePass) {
  SimLoop loop(1);
  const auto began = loop.now();
  const auto wall = loop.wall();
  loop.run_for(1234567ns);
  EXPECT_EQ(loop.now(), began + 1234567ns);
  EXPECT_EQ(loop.wall(), wall + 1234567ns);
}

Task<void> tick(Loop& loop, int& ticks) {
  for (;;) {
    const auto slept = co_await sleep_for(loop, 1s);
    if (!slept) co_return;
    ++ticks;
  }
}

TEST(SimLoop, RunUntilIdleEndsAtItsLimit) {
  SimLoop loop(1);
  int ticks = 0;
  Scope scope(loop);
  scope.spawn(tick(loop, ticks));
  EXPECT_FALSE(loop.run_until_idle(10500ms));
  EXPECT_EQ(ticks, 10);
  scope.cancel();
  EXPECT_TRUE(loop.run_until_idle());
  EXPECT_TRUE(scope.empty());
}

TEST(SimLoop, ACancelledOperationCompletesSomeTurnsLater) {
  std::set<std::uint64_t> delays;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SimLoop loop(seed);
    int ticks = 0;
    Scope scope(loop);
    scope.spawn(tick(loop, ticks));
    scope.cancel();
    EXPECT_FALSE(scope.empty());
    const auto turn = loop.turn();
    loop.run_until([&] { return scope.empty(); });
    delays.insert(loop.turn() - turn);
  }
  EXPECT_GT(delays.size(), 1U);
}

// --- One seed, one story

Task<void> chat(Loop& loop, SocketAddress address, std::string& story) {
  auto stream = co_await loop.connect(address, Timeout{.idle = 1s});
  if (!stream) co_return;
  const auto sent = co_await (*stream)->send(std::string(5000, 'x'), Timeout{.idle = 1s});
  if (!sent) co_return;
  for (std::size_t got = 0; got < 5000;) {
    const auto lent = co_await (*stream)->recv(5000, Timeout{.idle = 1s});
    if (!lent) co_return;
    got += lent->bytes().size();
    story +=
        std::to_string(loop.now().time_since_epoch().count()) + ':' + std::to_string(got) + ' ';
  }
}

Task<void> echo(std::unique_ptr<Stream> stream) {
  for (;;) {
    const auto lent = co_await stream->recv(BufferPool::kBlock, Timeout{.idle = 1s});
    if (!lent) co_return;
    const auto sent = co_await stream->send(lent->bytes(), Timeout{.idle = 1s});
    if (!sent) co_return;
  }
}

Task<void> echo_all(Loop& loop, Acceptor& acceptor) {
  Scope scope(loop);
  for (;;) {
    auto accepted = co_await acceptor.accept(Timeout{});
    if (!accepted) break;
    scope.spawn(echo(std::move(accepted->stream)));
  }
  co_await scope.close();
}

std::string story_of(std::uint64_t seed) {
  SimBench bench(seed);
  const auto acceptor = bench.acceptor();
  std::string story;
  Scope scope(bench.loop());
  scope.spawn(echo_all(bench.loop(), *acceptor));
  for (int i = 0; i < 5; ++i) scope.spawn(chat(bench.loop(), bench.address(), story));
  bench.loop().run_until_idle();
  scope.cancel();
  bench.loop().run_until_idle();
  EXPECT_EQ(bench.loop().network().open_streams(), 0U);
  return story;
}

TEST(SimLoop, ASeedAlwaysTellsTheSameStory) {
  const auto story = story_of(7);
  EXPECT_GT(story.size(), 100U);
  EXPECT_EQ(story, story_of(7));
  EXPECT_NE(story, story_of(8));
}

// --- Faults

struct Ends {
  Error::Kind how = Error::Kind::system;
  Duration after{};
};

Task<void> note_end(Loop& loop, SocketAddress address, Ends& ends) {
  const auto began = loop.now();
  const auto stream = co_await loop.connect(address, Timeout{.idle = 3s});
  if (!stream) ends.how = stream.error().kind;
  ends.after = loop.now() - began;
}

Ends connect_under(SimConditions::Answer answer) {
  SimBench bench;
  bench.loop().network().conditions(bench.address()).answer = answer;
  Ends ends;
  run(bench, note_end(bench.loop(), bench.address(), ends));
  return ends;
}

TEST(SimNetwork, AnswersAConnectAsItIsTold) {
  using Answer = SimConditions::Answer;
  EXPECT_EQ(connect_under(Answer::refuse).how, Error::Kind::refused);
  EXPECT_EQ(connect_under(Answer::unreachable).how, Error::Kind::unreachable);
  const auto ignored = connect_under(Answer::ignore);
  EXPECT_EQ(ignored.how, Error::Kind::timed_out);
  EXPECT_GE(ignored.after, 3s);
}

TEST(SimNetwork, IgnoresConnectsBeyondTheBacklog) {
  SimBench bench;
  bench.loop().network().conditions(bench.address()).backlog = 1;
  Ends ends;
  std::unique_ptr<Stream> first;
  run(bench, [](SimBench& on, Ends& second) -> Task<void> {
    const auto stream = co_await on.loop().connect(on.address(), Timeout{});
    EXPECT_TRUE(stream.has_value());
    co_await note_end(on.loop(), on.address(), second);
  }(bench, ends));
  EXPECT_EQ(ends.how, Error::Kind::timed_out);
}

Task<void> stalled(SimLoop& loop, Task<Pair> made, const SocketAddress& address) {
  auto pair = co_await std::move(made);
  loop.network().stall(address);
  const auto sent = co_await pair.client->send("x", Timeout{});
  EXPECT_TRUE(sent.has_value());
  const auto nothing = co_await pair.server->recv(1, Timeout{.idle = 1min});
  EXPECT_FALSE(nothing.has_value());
  loop.network().resume(address);
  const auto got = co_await pair.server->recv(1, Timeout{.idle = 0s});
  EXPECT_TRUE(got.has_value());
}

TEST(SimNetwork, NothingArrivesWhileItIsStalled) {
  SimBench bench;
  const auto acceptor = bench.acceptor();
  run(bench,
      stalled(bench.loop(), connected(bench.loop(), *acceptor, bench.address()), bench.address()));
}

Task<void> broken(SimLoop& loop, Task<Pair> made, const SocketAddress& address) {
  auto pair = co_await std::move(made);
  loop.network().reset(address);
  for (auto* const end : {pair.client.get(), pair.server.get()}) {
    const auto got = co_await end->recv(1, Timeout{});
    EXPECT_FALSE(got.has_value());
    if (!got) EXPECT_EQ(got.error().kind, Error::Kind::reset);
  }
}

TEST(SimNetwork, AResetReachesBothEnds) {
  SimBench bench;
  const auto acceptor = bench.acceptor();
  run(bench,
      broken(bench.loop(), connected(bench.loop(), *acceptor, bench.address()), bench.address()));
}

Task<void> exhausted(SimBench& bench, Acceptor& acceptor) {
  const auto client = co_await bench.loop().connect(bench.address(), Timeout{});
  EXPECT_TRUE(client.has_value());
  bench.loop().network().exhaust(true);
  const auto none = co_await acceptor.accept(Timeout{});
  EXPECT_FALSE(none.has_value());
  if (!none) EXPECT_EQ(none.error().kind, Error::Kind::exhausted);
  const auto stream = co_await bench.loop().connect(bench.address(), Timeout{});
  EXPECT_FALSE(stream.has_value());
  bench.loop().network().exhaust(false);
  const auto accepted = co_await acceptor.accept(Timeout{.idle = 0s});
  EXPECT_TRUE(accepted.has_value());
}

TEST(SimNetwork, OutOfDescriptorsWhatIsQueuedStays) {
  SimBench bench;
  const auto acceptor = bench.acceptor();
  run(bench, exhausted(bench, *acceptor));
}

Task<void> into_the_window(SimBench& bench, Task<Pair> made) {
  auto pair = co_await std::move(made);
  const std::string bytes(1000, 'x');
  const auto sent = co_await pair.client->send(bytes, Timeout{.idle = 1min});
  EXPECT_FALSE(sent.has_value());  // Nobody reads.
  pair.client.reset();
  const auto all = co_await read_all(*pair.server);
  EXPECT_LE(all.bytes.size(), bench.loop().network().conditions(bench.address()).window);
}

TEST(SimNetwork, NoMoreIsOnItsWayThanTheWindowAllows) {
  SimBench bench;
  bench.loop().network().conditions(bench.address()).window = 100;
  const auto acceptor = bench.acceptor();
  run(bench, into_the_window(bench, connected(bench.loop(), *acceptor, bench.address())));
}

}  // namespace
}  // namespace penstock
