#include "observe/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ascii.h"

namespace penstock {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr std::uint64_t kSecond = 1'000'000'000;

template <class... Values>
void put(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
}

// Nanoseconds as seconds, exactly and without trailing zeros. OpenMetrics wants `1.0`, where
// Prometheus' own clients write `1`.
std::string seconds_text(Wide nanoseconds, bool with_point) {
  auto text = fmt::format("{}", static_cast<std::uint64_t>(nanoseconds / kSecond));
  const auto rest = static_cast<std::uint64_t>(nanoseconds % kSecond);
  if (rest == 0) return with_point ? text + ".0" : text;
  put(text, ".{:09}", rest);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

void put_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += R"(\\)";
        break;
      case '"':
        out += R"(\")";
        break;
      case '\n':
        out += R"(\n)";
        break;
      default:
        out += c;
    }
  }
}

// Writes one family after another; both formats differ only in what is asked of `format_`.
class Writer {
 public:
  explicit Writer(MetricFormat format) : open_(format == MetricFormat::openmetrics) {}

  void series(const MergedMetrics::Series& series) {
    const auto& info = info_of(series.name->family);
    if (described_ != &info) describe(info);
    if (info.kind == MetricKind::histogram) return histogram(info, series);
    name_and_labels(info.name, *series.name);
    put(out_, " {}\n", value_text(info, series.cells.front()));
  }

  std::string finish() && {
    if (open_) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  // OpenMetrics names a family without the suffix that its samples carry.
  std::string_view family_name(const FamilyInfo& info) const {
    auto name = info.name;
    if (open_ && info.kind == MetricKind::counter) name.remove_suffix(sizeof("_total") - 1);
    if (open_ && info.kind == MetricKind::info) name.remove_suffix(sizeof("_info") - 1);
    return name;
  }

  std::string_view type_text(MetricKind kind) const {
    switch (kind) {
      case MetricKind::counter:
        return "counter";
      case MetricKind::gauge:
        return "gauge";
      case MetricKind::histogram:
        return "histogram";
      case MetricKind::info:
        return open_ ? "info" : "gauge";
    }
    return "unknown";
  }

  void describe(const FamilyInfo& info) {
    described_ = &info;
    const auto name = family_name(info);
    put(out_, "# HELP {} {}\n", name, info.help);
    put(out_, "# TYPE {} {}\n", name, type_text(info.kind));
    if (open_ && !info.unit.empty()) put(out_, "# UNIT {} {}\n", name, info.unit);
  }

  std::string value_text(const FamilyInfo& info, std::uint64_t cell) const {
    const auto value = static_cast<std::int64_t>(cell);
    if (info.unit == "ratio") return fmt::format("{:.3f}", static_cast<double>(value) / 1000);
    if (info.unit != "seconds") return fmt::format("{}", value);
    // Gauges in seconds are points in time, never negative.
    return seconds_text(cell, open_);
  }

  // `extra` is one more label, already escaped: the bucket's bound.
  void name_and_labels(std::string_view name, const SeriesName& series,
                       std::string_view suffix = {}, std::string_view bound = {}) {
    put(out_, "{}{}", name, suffix);
    char opening = '{';
    const auto labels = info_of(series.family).labels();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (series.labels[i].empty()) continue;  // The same as a label that is not there.
      put(out_, "{}{}=\"", opening, labels[i]);
      put_escaped(out_, series.labels[i]);
      out_ += '"';
      opening = ',';
    }
    if (!bound.empty()) {
      put(out_, "{}le=\"{}\"", opening, bound);
      opening = ',';
    }
    if (opening == ',') out_ += '}';
  }

  void histogram(const FamilyInfo& info, const MergedMetrics::Series& series) {
    const auto bounds = bounds_of(info.buckets);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      count += series.cells[i];
      const auto bound = i == bounds.size() ? std::string("+Inf")
                                            : seconds_text(static_cast<Wide>(bounds[i]), open_);
      name_and_labels(info.name, *series.name, "_bucket", bound);
      put(out_, " {}\n", count);
    }
    const auto* sum = &series.cells[bounds.size() + 1];
    name_and_labels(info.name, *series.name, "_sum");
    put(out_, " {}\n", seconds_text(static_cast<Wide>(sum[1]) << 64 | sum[0], open_));
    name_and_labels(info.name, *series.name, "_count");
    put(out_, " {}\n", count);
  }

  bool open_;  // OpenMetrics.
  const FamilyInfo* described_ = nullptr;
  std::string out_;
};

// What comes before `separator`, which is taken off `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return trim_ows(part);
}

// A qvalue (RFC 9110 §12.4.2) in thousandths; 0 for what is none.
int quality_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int thousandths = (text[0] - '0') * 1000;
  int weight = 100;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (!is_digit(c)) return 0;
    thousandths += (c - '0') * weight;
    weight /= 10;
  }
  return thousandths > 1000 ? 1000 : thousandths;
}

struct Preference {
  std::string_view type;
  std::string_view version;
  int quality = 1000;
};

Preference preference_of(std::string_view range) {
  Preference preference;
  preference.type = take_until(range, ';');
  while (!range.empty()) {
    auto parameter = take_until(range, ';');
    const auto name = take_until(parameter, '=');
    if (equals_ignoring_case(name, "q")) preference.quality = quality_of(trim_ows(parameter));
    if (equals_ignoring_case(name, "version")) preference.version = trim_ows(parameter);
  }
  return preference;
}

}  // namespace

MetricFormat metric_format_for(std::string_view accept) {
  int openmetrics = 0;
  int prometheus = 0;
  while (!accept.empty()) {
    const auto preference = preference_of(take_until(accept, ','));
    const bool known_version = preference.version.empty() || preference.version == "1.0.0";
    if (equals_ignoring_case(preference.type, "application/openmetrics-text") && known_version)
      openmetrics = std::max(openmetrics, preference.quality);
    if (equals_ignoring_case(preference.type, "text/plain"))
      prometheus = std::max(prometheus, preference.quality);
  }
  return openmetrics > 0 && openmetrics >= prometheus ? MetricFormat::openmetrics
                                                      : MetricFormat::prometheus;
}

std::string_view content_type_of(MetricFormat format) {
  return format == MetricFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string expose(const MergedMetrics& metrics, MetricFormat format) {
  Writer writer(format);
  for (const auto& series : metrics.series) writer.series(series);
  return std::move(writer).finish();
}

}  // namespace penstock
