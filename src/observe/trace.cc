#include "observe/trace.h"

#include <algorithm>
#include <cstdint>

#include "base/ascii.h"

namespace penstock {
namespace {

constexpr std::size_t kVersionEnd = 2;
constexpr std::size_t kTraceEnd = 35;
constexpr std::size_t kSpanEnd = 52;

// -1 for what is no lower-case hex digit.
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return digit_of(c) >= 0; });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

template <std::size_t N>
void put_random(std::array<char, N>& out, Random& random) {
  for (std::size_t at = 0; at < N; at += 16) {
    auto bits = random.next();
    while (bits == 0) bits = random.next();  // An id of zeros is invalid.
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4) out[at + i] = "0123456789abcdef"[bits & 0xf];
  }
}

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
         c == '/' || c == '@';
}

// `key=value` (W3C Trace Context §3.3.1.3), except that what stands before `@` is not told apart.
bool is_member(std::string_view member) {
  constexpr std::size_t longest = 256;
  const auto equals = member.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals > longest) return false;
  const auto key = member.substr(0, equals);
  const auto value = member.substr(equals + 1);
  if (value.empty() || value.size() > longest) return false;
  return std::all_of(key.begin(), key.end(), is_key_char) &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  if (text.size() < Trace::kParentSize) return std::nullopt;
  const auto version = text.substr(0, kVersionEnd);
  if (!is_hex(version) || version == "ff") return std::nullopt;
  // A higher version may go on after another dash, and means the same up to there (§4.3).
  const bool longer = text.size() > Trace::kParentSize;
  if (longer && (version == "00" || text[Trace::kParentSize] != '-')) return std::nullopt;
  if (text[kVersionEnd] != '-' || text[kTraceEnd] != '-' || text[kSpanEnd] != '-')
    return std::nullopt;

  const auto trace_id = text.substr(kVersionEnd + 1, 32);
  const auto span_id = text.substr(kTraceEnd + 1, 16);
  const auto flags = text.substr(kSpanEnd + 1, 2);
  if (!is_id(trace_id) || !is_id(span_id) || !is_hex(flags)) return std::nullopt;
  return TraceParent{trace_id, span_id, (digit_of(flags[1]) & 1) != 0};
}

bool is_valid_tracestate(std::string_view text) {
  constexpr std::size_t longest = 512;
  constexpr int most = 32;
  if (text.size() > longest) return false;
  int members = 0;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto member = trim_ows(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (member.empty()) continue;  // Allowed: §3.3.1.1.
    if (++members > most || !is_member(member)) return false;
  }
  return members > 0;
}

Trace Trace::begin(Random& random) {
  Trace trace;
  put_random(trace.trace_id_, random);
  put_random(trace.span_id_, random);
  return trace;
}

Trace Trace::continue_or_begin(std::optional<std::string_view> traceparent, bool trusted,
                               Random& random) {
  const auto parent = traceparent ? parse_traceparent(*traceparent) : std::nullopt;
  if (!parent) return begin(random);
  Trace trace;
  std::ranges::copy(parent->trace_id, trace.trace_id_.begin());
  std::ranges::copy(parent->span_id, trace.parent_id_.begin());
  put_random(trace.span_id_, random);
  trace.sampled_ = trusted && parent->sampled;
  trace.continued_ = true;
  return trace;
}

std::string_view Trace::write(std::array<char, kParentSize>& out) const {
  char* at = out.data();
  const auto put = [&at](std::string_view text) { at = std::ranges::copy(text, at).out; };
  put("00-");
  put(trace_id());
  put("-");
  put(span_id());
  put(sampled_ ? "-01" : "-00");
  return {out.data(), out.size()};
}

}  // namespace penstock
