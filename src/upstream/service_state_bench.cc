#include <benchmark/benchmark.h>

#include "runtime/epoll/epoll_loop.h"
#include "upstream/service_state.h"

namespace penstock {
namespace {

constexpr Instant kNow{std::chrono::hours(1)};

// What a request costs to pass a closed circuit and to tell it how that went. With several threads,
// as workers before the same service.
void pass_breaker(benchmark::State& state) {
  static Breaker breaker("orders");
  const CircuitBreakerConfig config;
  Random random(static_cast<std::uint64_t>(state.thread_index()));
  for (auto _ : state) {
    auto pass = breaker.admit(config, kNow, random);
    pass.report(config, Breaker::Outcome::good, kNow);
  }
}
BENCHMARK(pass_breaker)->Name("breaker/closed")->Threads(1)->Threads(2);

// What it costs to find room in a bulkhead, and to leave it.
void enter_bulkhead(benchmark::State& state) {
  static Bulkhead bulkhead;
  const BulkheadConfig config{.max_requests = 1'000};
  const auto loop = *EpollLoop::create(1);
  for (auto _ : state) {
    auto entering = bulkhead.enter(*loop, config);
    if (!entering.await_ready()) state.SkipWithError("no room");
    benchmark::DoNotOptimize(entering.await_resume());
  }
}
BENCHMARK(enter_bulkhead)->Name("bulkhead/room")->Threads(1)->Threads(2);

}  // namespace
}  // namespace penstock
