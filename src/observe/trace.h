#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/random.h"

// W3C Trace Context, level 1.
namespace penstock {

// What a `traceparent` says. Texts are lower-case hex.
struct TraceParent {
  std::string_view trace_id;  // 32 digits.
  std::string_view span_id;   // 16 digits: the caller's span.
  bool sampled = false;
};
// Views of `text`. nullopt unless it is valid: version 00 to the letter, higher versions as far as
// version 00 goes, `ff` never.
std::optional<TraceParent> parse_traceparent(std::string_view text);

// Whether a `tracestate` may be passed on: at most 512 bytes and 32 members, each `key=value` in
// printable ASCII. Several header lines are joined with commas before.
bool is_valid_tracestate(std::string_view text);

// The trace that an exchange is part of, and its own span in it.
class Trace {
 public:
  static constexpr std::size_t kParentSize = 55;

  // Continues the trace of a valid `traceparent`; begins one where it is absent or invalid, or when
  // there were several. The caller's sampled flag counts only when the caller is trusted: strangers
  // must not decide how much we record.
  static Trace continue_or_begin(std::optional<std::string_view> traceparent, bool trusted,
                                 Random& random);
  static Trace begin(Random& random);

  std::string_view trace_id() const { return {trace_id_.data(), trace_id_.size()}; }
  std::string_view span_id() const { return {span_id_.data(), span_id_.size()}; }
  // The caller's span; empty where the trace began here.
  std::string_view parent_id() const {
    return continued_ ? std::string_view{parent_id_.data(), parent_id_.size()} : std::string_view{};
  }
  bool sampled() const { return sampled_; }
  // Only then may `tracestate` be passed on.
  bool continued() const { return continued_; }

  // The `traceparent` for the service, whose parent is our span; the view is of `out`.
  std::string_view write(std::array<char, kParentSize>& out) const;

 private:
  std::array<char, 32> trace_id_{};
  std::array<char, 16> span_id_{};
  std::array<char, 16> parent_id_{};
  bool sampled_ = false;
  bool continued_ = false;
};

}  // namespace penstock
