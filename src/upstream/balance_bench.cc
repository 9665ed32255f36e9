#include <benchmark/benchmark.h>

#include <memory>

#include "upstream/balance.h"

namespace penstock {
namespace {

constexpr Instant kNow{std::chrono::hours(1)};

EndpointSet endpoints(std::size_t count, bool weighted) {
  EndpointSet set;
  for (std::size_t i = 0; i < count; ++i) {
    auto& endpoint = set.endpoints.emplace_back();
    endpoint.weight = weighted ? 1 + static_cast<std::uint32_t>(i % 5) : 1;
    endpoint.state = std::make_shared<EndpointState>();
  }
  set.plan_rounds();
  return set;
}

// A choice and its count, with as many in flight as there are endpoints. With several threads, as
// workers over the same endpoints.
void choose(benchmark::State& state, BalanceStrategy strategy) {
  static EndpointSet set;
  if (state.thread_index() == 0) set = endpoints(static_cast<std::size_t>(state.range(0)), true);
  Random random(static_cast<std::uint64_t>(state.thread_index()));
  Balance balance(strategy, random);
  std::vector<InFlight> flights(static_cast<std::size_t>(state.range(0)));
  std::size_t oldest = 0;
  for (auto _ : state) {
    const auto chosen = balance.choose(set, nullptr, kNow);
    flights[oldest] = InFlight(*set.endpoints[chosen].state);
    oldest = oldest + 1 == flights.size() ? 0 : oldest + 1;
  }
}
BENCHMARK_CAPTURE(choose, round_robin, BalanceStrategy::round_robin)
    ->Name("choose/round_robin")
    ->RangeMultiplier(8)
    ->Range(2, 1024)
    ->ThreadRange(1, 2);
BENCHMARK_CAPTURE(choose, least_connections, BalanceStrategy::least_connections)
    ->Name("choose/least_connections")
    ->RangeMultiplier(8)
    ->Range(2, 1024)
    ->ThreadRange(1, 2);
BENCHMARK_CAPTURE(choose, random, BalanceStrategy::random)
    ->Name("choose/random")
    ->RangeMultiplier(8)
    ->Range(2, 1024)
    ->ThreadRange(1, 2);

void plan_rounds(benchmark::State& state) {
  auto set = endpoints(static_cast<std::size_t>(state.range(0)), true);
  for (auto _ : state) set.plan_rounds();
}
BENCHMARK(plan_rounds)->Range(8, 8192);

}  // namespace
}  // namespace penstock
