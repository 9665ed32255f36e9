#include "observe/metrics.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ensure.h"

namespace penstock {
namespace {

std::size_t cells_of(const FamilyInfo& info) {
  if (info.kind != MetricKind::histogram) return 1;
  return bounds_of(info.buckets).size() + 1 + 2;  // Buckets, the one above them, the sum.
}

// Two different lists of labels never share a key: each value is preceded by its length.
std::string key_of(Family family, MetricStore::Labels labels) {
  std::string key(1, static_cast<char>(family));
  for (const auto label : labels) {
    const auto size = static_cast<std::uint32_t>(label.size());
    for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(size >> shift & 0xff);
    key += label;
  }
  return key;
}

void add_sum(std::uint64_t* low_high, std::uint64_t low, std::uint64_t high) {
  low_high[0] += low;
  low_high[1] += high + (low_high[0] < low ? 1 : 0);
}

// Adds what `from` counted to `into`, cell by cell; a histogram's sum carries.
void add_cells(const FamilyInfo& info, std::vector<std::uint64_t>& into,
               const std::uint64_t* from) {
  const bool has_sum = info.kind == MetricKind::histogram;
  const auto plain = has_sum ? into.size() - 2 : into.size();
  for (std::size_t i = 0; i < plain; ++i) into[i] += from[i];
  if (has_sum) add_sum(&into[plain], from[plain], from[plain + 1]);
}

}  // namespace

MetricStore::MetricStore(std::size_t series_limit, std::size_t routes_limit)
    : series_limit_(series_limit),
      routes_limit_(routes_limit),
      names_(std::make_shared<std::deque<SeriesName>>()) {}

Counter MetricStore::counter(Family family, Labels labels) {
  ensure(info_of(family).kind == MetricKind::counter);
  return {find_or_make(family, labels)};
}

Gauge MetricStore::gauge(Family family, Labels labels) {
  const auto kind = info_of(family).kind;
  ensure(kind == MetricKind::gauge || kind == MetricKind::info);
  return {find_or_make(family, labels)};
}

Histogram MetricStore::histogram(Family family, Labels labels) {
  ensure(info_of(family).kind == MetricKind::histogram);
  return {find_or_make(family, labels), info_of(family).buckets};
}

std::uint32_t MetricStore::find_or_make(Family family, Labels labels) {
  ensure(labels.size() == info_of(family).labels().size());
  auto key = key_of(family, labels);
  if (const auto found = slots_.find(key); found != slots_.end()) return found->second;
  if (names_->size() < series_limit_ || labels.size() == 0)
    return make(family, {labels.begin(), labels.end()}, std::move(key));

  // Full. One series per family takes the rest, so the store grows no more than that.
  std::vector<std::string> others(labels.size(), std::string(kOtherLabel));
  std::string other_key = "+";
  other_key += static_cast<char>(family);
  if (const auto found = slots_.find(other_key); found != slots_.end()) return found->second;
  return make(family, std::move(others), std::move(other_key));
}

std::uint32_t MetricStore::make(Family family, std::vector<std::string> labels, std::string key) {
  const auto slot = static_cast<std::uint32_t>(cells_.size());
  cells_.resize(cells_.size() + cells_of(info_of(family)));
  names_->push_back({family, slot, std::move(labels)});
  slots_.emplace(std::move(key), slot);
  return slot;
}

std::string_view MetricStore::admit_route(std::string_view route) {
  if (const auto found = routes_.find(std::string(route)); found != routes_.end()) return *found;
  if (routes_.size() >= routes_limit_) return kOtherLabel;
  return *routes_.emplace(route).first;
}

void MetricStore::observe(Histogram histogram, Duration duration) {
  const auto bounds = bounds_of(histogram.buckets);
  const auto value = std::max<std::int64_t>(duration.count(), 0);
  std::size_t bucket = 0;
  for (const auto bound : bounds) bucket += value > bound ? 1 : 0;  // Branchless, so vectorised.
  auto* cells = &cells_[histogram.slot];
  ++cells[bucket];
  add_sum(cells + bounds.size() + 1, static_cast<std::uint64_t>(value), 0);
}

MetricCopy MetricStore::copy() const {
  MetricCopy copy{.owner = names_, .series = {}, .cells = cells_};
  copy.series.reserve(names_->size());
  for (const auto& name : *names_) copy.series.push_back(&name);
  return copy;
}

MergedMetrics merge(std::span<const MetricCopy> copies) {
  struct Part {
    const SeriesName* name;
    const std::uint64_t* cells;
  };
  MergedMetrics merged;
  std::vector<Part> parts;
  for (const auto& copy : copies) {
    merged.owners.push_back(copy.owner);
    for (const auto* name : copy.series) parts.push_back({name, &copy.cells[name->slot]});
  }
  const auto identity = [](const SeriesName& name) { return std::tie(name.family, name.labels); };
  std::sort(parts.begin(), parts.end(),
            [&](const Part& a, const Part& b) { return identity(*a.name) < identity(*b.name); });
  for (const auto& part : parts) {
    const auto& info = info_of(part.name->family);
    if (merged.series.empty() || identity(*merged.series.back().name) != identity(*part.name))
      merged.series.push_back({part.name, std::vector<std::uint64_t>(cells_of(info))});
    add_cells(info, merged.series.back().cells, part.cells);
  }
  return merged;
}

}  // namespace penstock
