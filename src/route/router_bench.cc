#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/ensure.h"
#include "base/random.h"
#include "route/findings.h"
#include "route/generated_routes.h"
#include "route/router.h"
#include "route/witness.h"

namespace penstock {
namespace {

// Tables of REST-like routes, four segments each, half of them with a parameter.
struct PlainRoutes {
  explicit PlainRoutes(std::size_t count) {
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
  const PlainRoutes routes(static_cast<std::size_t>(state.range(0)));
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

// The same for tables as real APIs have them: many hosts, parameters inside segments.
void match_generated(benchmark::State& state) {
  const GeneratedRoutes routes(1, static_cast<std::size_t>(state.range(0)));
  const auto& entries = routes.entries();
  const auto router = *Router::compile(entries);
  Witnesses witnesses(entries);
  RegexSet regexes;
  Random random(1);
  std::vector<Witness> asked;
  while (asked.size() < 64) {
    const auto& entry = entries[random.below(entries.size())];
    const auto pattern = *Pattern::parse(entry.path, regexes);
    asked.push_back(*witnesses.make(entry, pattern, entry.hosts[0], entry.methods[0], 0));
  }
  std::size_t i = 0;
  for (auto _ : state) {
    const auto match = router.match(asked[i++ % asked.size()].request());
    ensure(match.found());
    benchmark::DoNotOptimize(match.route);
  }
}
BENCHMARK(match_generated)->Name("router/match_generated")->Arg(10)->Arg(1'000)->Arg(100'000);

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

// Four hundred functions at one place, as in Graph's `/reports`.
void match_functions(benchmark::State& state) {
  std::vector<RouteEntry> entries;
  for (int i = 0; i < 400; ++i)
    entries.push_back({"r", {}, {"GET"}, fmt::format("/reports/get{}Counts(p='{{p}}')", i)});
  const auto router = *Router::compile(entries);
  for (auto _ : state)
    benchmark::DoNotOptimize(router.match({"h", "/reports/get271Counts(p='D7')", "GET"}).route);
}
BENCHMARK(match_functions)->Name("router/functions");

void match_regex(benchmark::State& state) {
  const std::vector<RouteEntry> entries{{"r", {}, {"GET"}, "/api/orders/{id:[0-9a-f-]{36}}"}};
  const auto router = *Router::compile(entries);
  const std::string path = "/api/orders/123e4567-e89b-12d3-a456-426614174000";
  for (auto _ : state) benchmark::DoNotOptimize(router.match({"h", path, "GET"}).route);
}
BENCHMARK(match_regex)->Name("router/regex");

// Routes that differ in one header's value, at one place: they are asked one by one.
void match_conditions(benchmark::State& state) {
  std::vector<RouteEntry> entries;
  for (int i = 0; i < state.range(0); ++i)
    entries.push_back({"r",
                       {},
                       {"GET"},
                       "/api/orders",
                       {{Condition::Subject::header, Condition::Operator::equals, "X-Tenant",
                         fmt::format("tenant-{:04}", i)}}});
  const auto router = *Router::compile(entries);
  http::Fields fields;
  for (const auto* name : {"Host", "Accept", "User-Agent", "Accept-Encoding", "Cookie"})
    fields.add(name, "a value");
  fields.add("X-Tenant", fmt::format("tenant-{:04}", state.range(0) - 1));
  for (auto _ : state)
    benchmark::DoNotOptimize(router.match({"h", "/api/orders", "GET", "", &fields}).route);
}
BENCHMARK(match_conditions)->Name("router/conditions")->Arg(1)->Arg(100);

void compile(benchmark::State& state) {
  const GeneratedRoutes routes(1, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto router = Router::compile(routes.entries());
    state.counters["bytes_per_route"] =
        static_cast<double>(router->memory()) / static_cast<double>(routes.entries().size());
  }
}
BENCHMARK(compile)->Name("router/compile")->Arg(100'000)->Unit(benchmark::kMillisecond);

void find_faults(benchmark::State& state) {
  const GeneratedRoutes routes(1, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(find_route_faults(routes.entries(), 200).list.size());
}
BENCHMARK(find_faults)->Name("router/find_faults")->Arg(100'000)->Unit(benchmark::kMillisecond);

void explain(benchmark::State& state) {
  const GeneratedRoutes routes(1, static_cast<std::size_t>(state.range(0)));
  const auto router = *Router::compile(routes.entries());
  for (auto _ : state)
    benchmark::DoNotOptimize(router.explain({"api0.example.com", "/v1/users", "GET"}).size());
}
BENCHMARK(explain)->Name("router/explain")->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace penstock
