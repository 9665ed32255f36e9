// A program of tasks in which everything that can be awaited is awaited, cancelled at each place.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/all_loops.h"
#include "runtime/offload.h"
#include "runtime/signal.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

// Counts the awaits of the program and trips at one of them.
struct Trip {
  enum class When : std::uint8_t {
    before,  // The job is running and meets its cancellation at the await.
    within,  // The job waits already, when that is possible.
  };

  Loop& loop;
  When when;
  int at;
  int awaits = 0;
  int frames = 0;
  Scope* scope = nullptr;

  void await() {
    if (++awaits != at) return;
    if (when == When::before) return cancel();
    loop.post([this] { cancel(); });
  }
  void cancel() {
    if (scope != nullptr) scope->cancel();
  }
};

// A frame that is alive; one in each coroutine.
class Frame {
 public:
  explicit Frame(Trip& trip) : trip_(trip) { ++trip_.frames; }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { --trip_.frames; }

 private:
  Trip& trip_;
};

// What the tasks of the program share.
struct Program {
  Trip& trip;
  Loop& loop;
  Acceptor& acceptor;
  SocketAddress address;
  OffloadPool& pool;
  Signal served{loop};
  std::string bytes = numbered(50'000);
};

Task<Result<std::size_t>> receive(Program& program, Stream& stream, std::size_t most) {
  const Frame frame(program.trip);
  std::size_t got = 0;
  while (got < most) {
    program.trip.await();
    auto lent = co_await stream.recv(most - got, Timeout{.idle = 10s});
    if (!lent) co_return fail(lent.error());
    got += lent->bytes().size();
    // The block stays on loan across another await.
    program.trip.await();
    const auto slept = co_await sleep_for(program.loop, got < most ? 0ms : 10ms);
    if (!slept) co_return fail(slept.error());
  }
  co_return got;
}

Task<void> serve(Program& program, std::unique_ptr<Stream> stream) {
  const Frame frame(program.trip);
  const auto got = co_await receive(program, *stream, 5);
  if (!got) co_return;
  program.trip.await();
  const auto size = co_await offload(program.pool, program.loop, [n = *got] { return n * 10'000; });
  program.trip.await();
  const auto view = std::string_view(program.bytes).substr(0, size);
  const auto sent = co_await stream->send(view, Timeout{.idle = 10s});
  if (!sent) stream->reset_on_close();
  program.served.notify_one();
}

Task<void> listen(Program& program, int connections) {
  const Frame frame(program.trip);
  Scope serving(program.loop);
  for (int i = 0; i < connections; ++i) {
    program.trip.await();
    auto accepted = co_await program.acceptor.accept(Timeout{.idle = 10s});
    if (!accepted) break;
    serving.spawn(serve(program, std::move(accepted->stream)));
  }
  program.trip.await();
  co_await serving.join();
}

Task<void> ask(Program& program) {
  const Frame frame(program.trip);
  program.trip.await();
  auto stream = co_await program.loop.connect(program.address, Timeout{.idle = 10s});
  if (!stream) co_return;
  program.trip.await();
  const auto sent = co_await (*stream)->send({"a", "sk", "me"}, Timeout{.idle = 10s});
  if (!sent) co_return;
  program.trip.await();
  const auto served = co_await program.served.wait(Timeout{.idle = 20ms});
  if (!served && served.error().kind == Error::Kind::cancelled) co_return;
  program.trip.await();
  co_await Yield(program.loop);
  const auto got = co_await receive(program, **stream, program.bytes.size());
  if (got) EXPECT_EQ(*got, program.bytes.size());
}

Task<void> cancelled_program(Program& program) {
  const Frame frame(program.trip);
  Scope scope(program.loop);
  program.trip.scope = &scope;
  scope.spawn(listen(program, 2));
  scope.spawn(ask(program));
  scope.spawn(ask(program));
  co_await scope.join();
  program.trip.scope = nullptr;
}

// Runs the program with a trip at the n-th await; gives how many awaits there were.
template <class Bench>
int trip_at(Bench& bench, OffloadPool& pool, Trip::When when, int n) {
  Trip trip{.loop = bench.loop(), .when = when, .at = n};
  const auto acceptor = bench.acceptor();
  Program program{trip, bench.loop(), *acceptor, bench.address(), pool};
  run(bench, cancelled_program(program));
  EXPECT_EQ(trip.frames, 0);
  return trip.awaits;
}

template <class MakeBench>
void trip_everywhere(MakeBench make_bench) {
  for (const auto when : {Trip::When::before, Trip::When::within}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(n);
      auto bench = make_bench();
      OffloadPool pool(1);  // Ends before the loop that it posts to.
      const int awaits = trip_at(*bench, pool, when, n);
      if (::testing::Test::HasFailure()) return;
      if (awaits < n) break;  // The whole program has run.
    }
  }
}

TEST(Cancel, AtEveryAwaitOfARealProgram) {
  trip_everywhere([] { return std::make_unique<EpollBench>(); });
}

TEST(Cancel, AtEveryAwaitOfASimulatedProgram) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    trip_everywhere([seed] { return std::make_unique<SimBench>(seed); });
    if (HasFailure()) return;
  }
}

// Between any two turns of the loop, whatever is waiting there.
TEST(Cancel, AtEveryTurnOfASimulatedProgram) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    for (std::uint64_t turn = 1;; ++turn) {
      SimBench bench(seed);
      OffloadPool pool(1);
      Trip trip{.loop = bench.loop(), .when = Trip::When::before, .at = 0};
      const auto acceptor = bench.acceptor();
      Program program{trip, bench.loop(), *acceptor, bench.address(), pool};
      Scope scope(bench.loop());
      scope.spawn(cancelled_program(program));
      const auto first = bench.loop().turn();
      bench.loop().run_until([&] { return scope.empty() || bench.loop().turn() == first + turn; });
      const bool over = scope.empty();
      scope.cancel();
      bench.loop().run_until([&] { return scope.empty(); });
      ASSERT_EQ(trip.frames, 0);
      ASSERT_EQ(bench.loop().buffers().lent(), 0U);
      if (over) break;
    }
  }
}

}  // namespace
}  // namespace penstock
