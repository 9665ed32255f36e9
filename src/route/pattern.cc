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
#include "route/regex.h"

namespace penstock {
namespace {

using Refusal = std::unexpected<std::string>;

// Groups of one segment's regex, those that its parts have included.
constexpr std::size_t kMaxGroups = 64;

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
    if (c == '}') return Refusal("a `}` stands there without its `{`");
    if (!is_path_character(c))
      return Refusal(fmt::format("`{}` must be written as an escape (`%{:02X}`)",
                                 c > 0x20 && c < 0x7f ? std::string(1, c) : "this byte",
                                 static_cast<unsigned>(static_cast<unsigned char>(c))));
    out.push_back(c);
    rest.remove_prefix(1);
  }
  return out;
}

// The size of what stands in braces at the front of `text`, both included. Braces within are
// counted, except those that a backslash escapes. 0: it has no end.
std::size_t braced_size(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && depth > 0)
      ++i;
    else if (text[i] == '{')
      ++depth;
    else if (text[i] == '}' && --depth == 0)
      return i + 1;
  }
  return 0;
}

// `text` with its braces.
std::expected<Pattern::Parameter, std::string> parse_parameter(std::string_view text,
                                                               RegexSet& regexes) {
  const auto inner = text.substr(1, text.size() - 2);
  const auto colon = inner.find(':');
  const auto name = inner.substr(0, colon);
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; };
  if (name.empty() || is_digit(name.front()) || !std::ranges::all_of(name, fits))
    return Refusal(
        fmt::format("`{}` is no name for a parameter; use letters, digits, `_` and `-`", text));
  Pattern::Parameter parameter{std::string(name), {}, 0};
  if (colon == std::string_view::npos) return parameter;
  parameter.regex = inner.substr(colon + 1);
  const auto number = regexes.add(parameter.regex);
  if (!number) return Refusal(number.error());
  parameter.regex_number = *number;
  return parameter;
}

// Several parameters, of which one has a regex: only a regex of all knows where each ends. Those
// that take any text take as little as they can.
std::expected<void, std::string> compose(Pattern::Segment& segment, RegexSet& regexes) {
  auto text = quote_for_regex(segment.literals[0]);
  std::size_t group = 0;
  for (std::size_t i = 0; i < segment.parameters.size(); ++i) {
    const auto& [name, regex, number] = segment.parameters[i];
    text += fmt::format("({})", regex.empty() ? ".+?" : regex);
    text += quote_for_regex(segment.literals[i + 1]);
    segment.groups.push_back(static_cast<std::uint8_t>(group++));
    if (!regex.empty()) group += regexes[number].groups();
    if (group > kMaxGroups)
      return Refusal(fmt::format("a segment may have at most {} groups", kMaxGroups));
  }
  const auto whole = regexes.add_composed(text);
  if (!whole) return Refusal(whole.error());
  segment.whole = *whole;
  return {};
}

// Takes the first segment from the front of `rest`, up to the slash that ends it.
std::expected<Pattern::Segment, std::string> take_segment(std::string_view& rest,
                                                          RegexSet& regexes) {
  Pattern::Segment segment;
  while (true) {
    const auto end = std::min(rest.find_first_of("/{"), rest.size());
    auto literal = parse_literal(rest.substr(0, end));
    if (!literal) return Refusal(std::move(literal.error()));
    segment.literals.push_back(*std::move(literal));
    rest.remove_prefix(end);
    if (!rest.starts_with('{')) break;
    const auto size = braced_size(rest);
    if (size == 0) return Refusal("a `{` stands there without its `}`");
    auto parameter = parse_parameter(rest.substr(0, size), regexes);
    if (!parameter) return Refusal(std::move(parameter.error()));
    segment.parameters.push_back(*std::move(parameter));
    rest.remove_prefix(size);
  }
  if (segment.is_literal() && (segment.literal() == "." || segment.literal() == ".."))
    return Refusal("`.` and `..` are never in a request's path once it is normalised");
  const auto has_regex = [](const Pattern::Parameter& parameter) {
    return !parameter.regex.empty();
  };
  if (segment.parameters.size() > 1 && std::ranges::any_of(segment.parameters, has_regex)) {
    if (auto composed = compose(segment, regexes); !composed)
      return Refusal(std::move(composed.error()));
  }
  return segment;
}

// What one segment alone does not show.
std::optional<std::string> find_fault(const Pattern& pattern) {
  const auto& segments = pattern.segments;
  if (segments.size() > kMaxPatternSegments)
    return fmt::format("a path may have at most {} segments", kMaxPatternSegments);
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size() && !pattern.below;
    if (segments[i].is_literal() && segments[i].literal().empty() && !last)
      return "`//` is never in a request's path once it is normalised; write one slash";
    for (const auto& parameter : segments[i].parameters) {
      if (std::ranges::find(names, parameter.name) != names.end())
        return fmt::format("the parameter `{}` stands there twice", parameter.name);
      names.push_back(parameter.name);
    }
  }
  if (names.size() > kMaxParameters)
    return fmt::format("a path may have at most {} parameters", kMaxParameters);
  return {};
}

// The name behind `*.`, which no address may be: `*.0.1` would match what looks like one.
std::expected<std::string, std::string> parse_host_name(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<signed char>(c) > 0; };
  if (!std::ranges::all_of(text, is_ascii))
    return Refusal("write the name's ASCII form, which begins with `xn--`");
  Arena arena;
  const auto authority = http::parse_authority(text, arena);
  if (!authority) return Refusal(std::string(authority.error().detail));
  if (authority->port) return Refusal("the port does not count; leave it out");
  return std::string(authority->host);
}

}  // namespace

std::string Pattern::Segment::shape() const {
  auto out = literals[0];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& regex = parameters[i].regex;
    out += regex.empty() ? "{}" : fmt::format("{{:{}}}", regex);
    out += literals[i + 1];
  }
  return out;
}

std::expected<Pattern, std::string> Pattern::parse(std::string_view text, RegexSet& regexes) {
  if (!text.starts_with('/')) return Refusal("a path begins with `/`");
  if (text.size() > kMaxPatternSize)
    return Refusal(fmt::format("a path may have at most {} bytes", kMaxPatternSize));
  Pattern pattern;
  pattern.below = text.ends_with("/*");
  if (pattern.below) text.remove_suffix(2);
  while (!text.empty()) {
    text.remove_prefix(1);  // The slash.
    auto segment = take_segment(text, regexes);
    if (!segment) return Refusal(std::move(segment.error()));
    pattern.segments.push_back(std::move(*segment));
  }
  if (auto fault = find_fault(pattern)) return Refusal(std::move(*fault));
  return pattern;
}

std::expected<std::string, std::string> parse_route_host(std::string_view text) {
  if (!text.contains('*')) return parse_host_name(text);
  const auto name = text.substr(std::min<std::size_t>(2, text.size()));
  if (!text.starts_with("*.") || name.contains('*'))
    return Refusal(
        "`*` stands only at the front, for whole labels: `*.example.com`; for any host "
        "name none");
  auto host = parse_host_name(name);
  if (!host) return host;
  const auto last = host->substr(host->rfind('.') + 1);
  if (host->starts_with('[') || std::ranges::all_of(last, is_digit))
    return Refusal("an address has no names below it; write it whole");
  return "*." + *host;
}

bool is_method(std::string_view text) {
  return http::h1::is_token(text);
}

}  // namespace penstock
