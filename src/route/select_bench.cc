#include <benchmark/benchmark.h>

#include <utility>

#include "route/select.h"

namespace penstock {
namespace {

Selection selection_of(const SelectConfig& config) {
  static const ServiceIndices services{{"a", 0}, {"b", 1}};
  return std::move(*Selection::compile(config, services));
}

TargetConfig halves() {
  return {.upstream_service = {},
          .split = {{{.upstream_service = {"a", {}}, .weight = {1, {}}},
                     {.upstream_service = {"b", {}}, .weight = {1, {}}}}}};
}

void choose(benchmark::State& state, const SelectConfig& config) {
  const auto selection = selection_of(config);
  http::Fields fields;
  for (const auto* name : {"Host", "User-Agent", "Accept", "Accept-Language", "Referer"})
    fields.add(name, "something");
  fields.add("Cookie", "session=0123456789abcdef; theme=dark; bucket=0123456789abcdef");
  fields.add("Accept-Version", "v2");
  Random random(1);
  Arena arena;
  for (auto _ : state) {
    auto selected = selection.choose({.fields = fields, .client = "203.0.113.77"}, random, arena);
    benchmark::DoNotOptimize(selected);
  }
}

void BM_SelectPlain(benchmark::State& state) {
  SelectConfig config;
  config.target.upstream_service = {"a", {}};
  choose(state, config);
}
BENCHMARK(BM_SelectPlain);

void BM_SelectByChance(benchmark::State& state) {
  SelectConfig config;
  config.target = halves();
  choose(state, config);
}
BENCHMARK(BM_SelectByChance);

void BM_SelectByAddress(benchmark::State& state) {
  StickyConfig sticky;
  sticky.value.word = StickyWord::ip;
  choose(state, {.target = halves(), .versions = {}, .sticky_by = sticky});
}
BENCHMARK(BM_SelectByAddress);

void BM_SelectByCookie(benchmark::State& state) {
  StickyConfig sticky;
  sticky.value.map = StickyFieldConfig{.header = {}, .cookie = {{"bucket", {}}}};
  choose(state, {.target = halves(), .versions = {}, .sticky_by = sticky});
}
BENCHMARK(BM_SelectByCookie);

void BM_SelectByVersion(benchmark::State& state) {
  VersionsConfig versions{.header = {"Accept-Version", {}}, .default_version = {}, .to = {}};
  for (const auto* name : {"v1", "v2", "v3"}) {
    auto& entry = versions.to.entries.emplace_back();
    entry.key.value = name;
    entry.value.target.upstream_service = {"a", {}};
  }
  SelectConfig config;
  config.versions = versions;
  choose(state, config);
}
BENCHMARK(BM_SelectByVersion);

}  // namespace
}  // namespace penstock
