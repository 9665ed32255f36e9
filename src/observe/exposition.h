#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "observe/metrics.h"

namespace penstock {

// Prometheus text 0.0.4, or OpenMetrics 1.0.0.
enum class MetricFormat : std::uint8_t { prometheus, openmetrics };

// What a scraper's `Accept` prefers; Prometheus text where it says nothing that helps.
MetricFormat metric_format_for(std::string_view accept);
std::string_view content_type_of(MetricFormat format);

std::string expose(const MergedMetrics& metrics, MetricFormat format);

}  // namespace penstock
