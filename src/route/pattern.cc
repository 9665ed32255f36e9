#include "route/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "http/h1/syntax.h"
#include "http/target.h"

namespace penstock {
namespace {

using Refusal = std::unexpected<std::string>;

bool is_letter(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

// RFC 3986 §2.3: these mean the same with and without an escape.
bool is_unreserved(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-._~").contains(c);
}

// pchar of RFC 3986 §3.3 without the escapes.
bool is_path_character(char c) {
  return is_unreserved(c) || std::string_view("!$&'()*+,;=:@").contains(c);
}

// Takes `%xx` from the front of `rest` and appends its normal form (RFC 3986 §6.2.2). Says what is
// wrong with it; empty if nothing is.
std::string_view take_escape(std::string_view& rest, std::string& out) {
  const int high = rest.size() < 3 ? -1 : hex_value(rest[1]);
  const int low = rest.size() < 3 ? -1 : hex_value(rest[2]);
  if (high < 0 || low < 0) return "a `%` must be followed by two hex digits";
  rest.remove_prefix(3);
  const auto byte = static_cast<char>(high * 16 + low);
  if (byte == '\0' || byte == '\\')
    return "requests with `%00` or `%5C` are refused, so none can match";
  if (is_unreserved(byte))
    out.push_back(byte);
  else
    fmt::format_to(std::back_inserter(out), "%{:02X}", high * 16 + low);
  return {};
}

std::expected<std::string, std::string> parse_literal(std::string_view text) {
  std::string out;
  for (auto rest = text; !rest.empty();) {
    const char c = rest.front();
    if (c == '%') {
      if (const auto fault = take_escape(rest, out); !fault.empty())
        return Refusal(std::string(fault));
      continue;
    }
    if (c == '*') return Refusal("`*` stands only at the end, after a slash: `/api/*`");
    if (!is_path_character(c))
      return Refusal(fmt::format("`{}` must be written as an escape (`%{:02X}`)",
                                 c > 0x20 && c < 0x7f ? std::string(1, c) : "this byte",
                                 static_cast<unsigned>(static_cast<unsigned char>(c))));
    out.push_back(c);
    rest.remove_prefix(1);
  }
  if (out == "." || out == "..")
    return Refusal("`.` and `..` are never in a request's path once it is normalised");
  return out;
}

std::expected<std::string, std::string> parse_parameter(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}') || text.find('{', 1) != std::string_view::npos)
    return Refusal(
        fmt::format("a parameter must fill its segment, like `/{{id}}/`; `{}` does not", text));
  const auto name = text.substr(1, text.size() - 2);
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; };
  if (name.empty() || is_digit(name.front()) || !std::ranges::all_of(name, fits))
    return Refusal(
        fmt::format("`{}` is no name for a parameter; use letters, digits, `_` and `-`", text));
  return std::string(name);
}

std::expected<Pattern::Segment, std::string> parse_segment(std::string_view text) {
  const bool parameter = text.find_first_of("{}") != std::string_view::npos;
  auto parsed = parameter ? parse_parameter(text) : parse_literal(text);
  if (!parsed) return Refusal(std::move(parsed.error()));
  return Pattern::Segment{parameter, std::move(*parsed)};
}

// What one segment alone does not show.
std::optional<std::string> find_fault(const std::vector<Pattern::Segment>& segments) {
  if (segments.size() > kMaxPatternSegments)
    return fmt::format("a path may have at most {} segments", kMaxPatternSegments);
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& [parameter, text] = segments[i];
    if (text.empty() && i + 1 < segments.size())
      return "`//` is never in a request's path once it is normalised; write one slash";
    if (!parameter) continue;
    if (std::ranges::find(names, text) != names.end())
      return fmt::format("the parameter `{}` stands there twice", text);
    names.push_back(text);
  }
  if (names.size() > kMaxParameters)
    return fmt::format("a path may have at most {} parameters", kMaxParameters);
  return {};
}

}  // namespace

std::expected<Pattern, std::string> Pattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return Refusal("a path begins with `/`");
  if (text.size() > kMaxPatternSize)
    return Refusal(fmt::format("a path may have at most {} bytes", kMaxPatternSize));
  Pattern pattern;
  pattern.below = text.ends_with("/*");
  if (pattern.below) text.remove_suffix(2);
  while (!text.empty()) {
    text.remove_prefix(1);  // The slash.
    const auto end = std::min(text.find('/'), text.size());
    auto segment = parse_segment(text.substr(0, end));
    if (!segment) return Refusal(std::move(segment.error()));
    pattern.segments.push_back(std::move(*segment));
    text.remove_prefix(end);
  }
  if (pattern.below && !pattern.segments.empty() && pattern.segments.back().text.empty())
    return Refusal("`//` is never in a request's path once it is normalised; write one slash");
  if (auto fault = find_fault(pattern.segments)) return Refusal(std::move(*fault));
  return pattern;
}

std::expected<std::string, std::string> parse_route_host(std::string_view text) {
  if (text.contains('*')) return Refusal("a host is exact; wildcards are not served");
  Arena arena;
  const auto authority = http::parse_authority(text, arena);
  if (!authority) return Refusal(std::string(authority.error().detail));
  if (authority->port) return Refusal("the port does not count; leave it out");
  return std::string(authority->host);
}

bool is_method(std::string_view text) {
  return http::h1::is_token(text);
}

}  // namespace penstock
