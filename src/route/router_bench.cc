#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/ensure.h"
#include "base/random.h"
#include "route/router.h"

namespace penstock {
namespace {

// Tables of REST-like routes, four segments each, half of them with a parameter.
struct Routes {
  explicit Routes(std::size_t count) {
    ids.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      ids[i] = fmt::format("route-{}", i);
      const auto last = i % 2 == 0 ? std::string("{id}") : std::string("summary");
      entries.push_back(
          {ids[i], {}, {"GET", "POST"}, fmt::format("/api/v{}/resource{}/{}", i % 4, i / 2, last)});
      paths.push_back(
          fmt::format("/api/v{}/resource{}/{}", i % 4, i / 2, i % 2 == 0 ? "8271" : "summary"));
    }
  }
  std::vector<std::string> ids;
  std::vector<RouteEntry> entries;
  std::vector<std::string> paths;
};

// `asked` distinct paths in turn, the same number for every table: what differs is its size.
void match_among(benchmark::State& state) {
  const Routes routes(static_cast<std::size_t>(state.range(0)));
  const auto router = *Router::compile(routes.entries);
  Random random(1);
  std::vector<std::string_view> paths(64);
  for (auto& path : paths) path = routes.paths[random.below(routes.paths.size())];
  std::size_t i = 0;
  for (auto _ : state) {
    const auto match = router.match({"api.example.com", paths[i++ % paths.size()], "GET"});
    ensure(match.found());
    benchmark::DoNotOptimize(match.route);
  }
}
BENCHMARK(match_among)->Name("router/match")->Arg(10)->Arg(1'000)->Arg(100'000);

// What a path costs that agrees with 2^10 prefixes and matches none.
void match_nothing(benchmark::State& state) {
  std::vector<RouteEntry> entries;
  for (unsigned bits = 0; bits < 1U << 10; ++bits) {
    std::string path;
    for (unsigned i = 0; i < 10; ++i)
      path += (bits >> i & 1) != 0 ? fmt::format("/{{p{}}}", i) : "/a";
    entries.push_back({"r", {}, {}, path + "/end"});
  }
  const auto router = *Router::compile(entries);
  for (auto _ : state)
    benchmark::DoNotOptimize(router.match({"h", "/a/a/a/a/a/a/a/a/a/a/no", "GET"}).kind);
}
BENCHMARK(match_nothing)->Name("router/worst_table");

void compile(benchmark::State& state) {
  const Routes routes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto router = Router::compile(routes.entries);
    state.counters["bytes_per_route"] =
        static_cast<double>(router->memory()) / static_cast<double>(routes.entries.size());
  }
}
BENCHMARK(compile)->Name("router/compile")->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace penstock
