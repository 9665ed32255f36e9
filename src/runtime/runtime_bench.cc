#include <benchmark/benchmark.h>

#include <deque>
#include <thread>

#include "runtime/epoll/epoll_loop.h"
#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"
#include "runtime/timers.h"

namespace penstock {
namespace {

Task<int> one() {
  co_return 1;
}

Task<void> await_many(benchmark::State& state) {
  for (auto _ : state) {
    const int n = co_await one();
    benchmark::DoNotOptimize(n);
  }
}

void AwaitOfAnImmediateTask(benchmark::State& state) {
  SimLoop loop(1);
  Scope scope(loop);
  scope.spawn(await_many(state));
}
BENCHMARK(AwaitOfAnImmediateTask);

void SpawnOfAnImmediateTask(benchmark::State& state) {
  SimLoop loop(1);
  Scope scope(loop);
  const auto nothing = []() -> Task<void> { co_return; };
  for (auto _ : state) scope.spawn(nothing());
}
BENCHMARK(SpawnOfAnImmediateTask);

Task<void> yield_many(Loop& loop, benchmark::State& state) {
  for (auto _ : state) co_await Yield(loop);
  loop.stop();
}

// A turn of the real loop, with its look at the kernel.
void TurnOfTheLoop(benchmark::State& state) {
  const auto loop = std::move(*EpollLoop::create(1));
  Scope scope(*loop);
  scope.spawn(yield_many(*loop, state));
  loop->run();
}
BENCHMARK(TurnOfTheLoop);

void PostToAnotherLoop(benchmark::State& state) {
  const auto loop = std::move(*EpollLoop::create(1));
  std::thread other([&] { loop->run(); });
  std::uint64_t taken = 0;
  for (auto _ : state) loop->post([&taken] { ++taken; });
  loop->stop();
  other.join();
}
BENCHMARK(PostToAnotherLoop);

class Nothing final : public Timer {
 public:
  void fire() override {}
};

// As for a deadline that does not pass, with so many others armed.
void ArmAndDisarmATimer(benchmark::State& state) {
  using namespace std::chrono_literals;
  const Instant now{24h};
  TimerWheel wheel(now);
  std::deque<Nothing> others(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < others.size(); ++i) wheel.arm(others[i], now + i * 3ms);
  Nothing timer;
  for (auto _ : state) {
    wheel.arm(timer, now + 30s);
    TimerWheel::disarm(timer);
  }
}
BENCHMARK(ArmAndDisarmATimer)->Arg(0)->Arg(100'000);

void WhenTheNextTimerFires(benchmark::State& state) {
  using namespace std::chrono_literals;
  TimerWheel wheel(Instant{24h});
  Nothing timer;
  wheel.arm(timer, Instant{25h});
  for (auto _ : state) benchmark::DoNotOptimize(wheel.next());
}
BENCHMARK(WhenTheNextTimerFires);

}  // namespace
}  // namespace penstock
