#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/random.h"
#include "policy/rate_limit/limiter_table.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{Duration(1'000'000'000'000)};

Limiter& limiter() {
  static Limiter shared(200'000);
  return shared;
}

// All takes are of a few keys, as when one client or one route takes nearly all.
void take(benchmark::State& state) {
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(state.range(0)));
  Random random(7);
  for (auto& key : keys) key = random.next();
  const Quota quota(1'000'000, 1s, 1000);
  Random order(static_cast<std::uint64_t>(state.thread_index()));
  auto now = kStart;
  std::size_t allowed = 0;
  for (auto _ : state) {
    now += 1us;
    const auto key = keys.size() == 1 ? keys[0] : keys[order.below(keys.size())];
    allowed += limiter().take(key, quota, now).allowed ? 1 : 0;
  }
  benchmark::DoNotOptimize(allowed);
}
BENCHMARK(take)->Arg(1)->Arg(100'000)->Threads(1)->Threads(2)->UseRealTime();

// Every take is of a key never seen before, and the table is full: what a flood costs.
void take_in_a_flood(benchmark::State& state) {
  static Limiter full(100'000);
  const Quota quota(10, 1h, 10);
  Random random(static_cast<std::uint64_t>(state.thread_index()) + 1);
  for (auto _ : state) benchmark::DoNotOptimize(full.take(random.next(), quota, kStart));
}
BENCHMARK(take_in_a_flood)->Threads(1)->Threads(2)->UseRealTime();

void hash_of_an_address(benchmark::State& state) {
  const LimiterTable table;
  std::string_view address = "\0\0\0\0\xff\xff\xc0\x02";
  for (auto _ : state) {
    benchmark::DoNotOptimize(address);
    benchmark::DoNotOptimize(table.hash(address));
  }
}
BENCHMARK(hash_of_an_address);

}  // namespace
}  // namespace penstock
