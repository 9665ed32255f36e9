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
#include "schema/findings.h"

namespace penstock {
namespace {

using schema::in_quotes;
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

// What a path may hold as people write it, and a request only as an escape.
bool is_escaped_for_them(char c) {
  return c == '"' || static_cast<unsigned char>(c) >= 0x80;
}

void append_escape(std::string& out, char c) {
  fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
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
    append_escape(out, byte);
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
    if (is_escaped_for_them(c)) {
      append_escape(out, c);
      rest.remove_prefix(1);
      continue;
    }
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

// Names are those of published descriptions: `{order-id}`, `{resource.name}`, `{.format}`. What has
// a meaning of its own elsewhere, such as `{+path}` or `{a,b}`, is none.
bool is_parameter_name(std::string_view name) {
  const auto is_word = [](char c) { return is_letter(c) || c == '_'; };
  const auto fits = [&](char c) { return is_word(c) || is_digit(c) || c == '-' || c == '.'; };
  return !name.empty() && !is_digit(name.front()) && std::ranges::all_of(name, fits) &&
         std::ranges::any_of(name, is_word);
}

using Remarks = std::vector<std::string>;

// `text` with its braces.
std::expected<Pattern::Parameter, std::string> parse_parameter(std::string_view text,
                                                               RegexSet& regexes,
                                                               Remarks& remarks) {
  const auto inner = text.substr(1, text.size() - 2);
  const auto colon = inner.find(':');
  const auto name = inner.substr(0, colon);
  if (!is_parameter_name(name))
    return Refusal(fmt::format(
        "`{}` is no name for a parameter; use letters, digits, `_`, `-` and `.`", text));
  Pattern::Parameter parameter{std::string(name), {}, 0};
  if (colon == std::string_view::npos) return parameter;
  if (colon + 1 == inner.size()) {
    remarks.push_back(fmt::format("{} or a regex behind the colon: it takes any text",
                                  in_quotes(fmt::format("{{{}}}", name))));
    return parameter;
  }
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
std::expected<Pattern::Segment, std::string> take_segment(std::string_view& rest, RegexSet& regexes,
                                                          Remarks& remarks) {
  Pattern::Segment segment;
  while (true) {
    const auto end = std::min(rest.find_first_of("/{"), rest.size());
    auto literal = parse_literal(rest.substr(0, end));
    if (!literal) return Refusal(std::move(literal.error()));
    segment.literals.push_back(*std::move(literal));
    rest.remove_prefix(end);
    if (!rest.starts_with('{')) break;
    const auto size = braced_size(rest);
    if (size == 0)
      return Refusal(
          fmt::format("the parameter {} has no end; write its name between `{{` and `}}`",
                      in_quotes(rest.substr(0, rest.find('/')))));
    auto parameter = parse_parameter(rest.substr(0, size), regexes, remarks);
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
  if (pattern.segments.size() > kMaxPatternSegments)
    return fmt::format("a path may have at most {} segments", kMaxPatternSegments);
  std::size_t parameters = 0;
  for (const auto& segment : pattern.segments) parameters += segment.parameters.size();
  if (parameters > kMaxParameters)
    return fmt::format("a path may have at most {} parameters", kMaxParameters);
  return {};
}

// Published descriptions have such paths.
void remark_on_names(Pattern& pattern) {
  std::vector<std::string_view> names;
  for (const auto& segment : pattern.segments) {
    for (const auto& parameter : segment.parameters) {
      if (std::ranges::find(names, parameter.name) != names.end())
        pattern.remarks.push_back(
            fmt::format("another name for the second {}: each takes a text of its own",
                        in_quotes(fmt::format("{{{}}}", parameter.name))));
      names.push_back(parameter.name);
    }
  }
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
  bool merged = false;
  while (!text.empty()) {
    text.remove_prefix(1);  // The slash.
    if (text.starts_with('/') || (pattern.below && text.empty())) {
      merged = true;
      continue;
    }
    auto segment = take_segment(text, regexes, pattern.remarks);
    if (!segment) return Refusal(std::move(segment.error()));
    pattern.segments.push_back(std::move(*segment));
  }
  if (merged)
    pattern.remarks.emplace_back(
        R"(one slash for "//": it is taken for one, as in the paths of requests)");
  remark_on_names(pattern);
  if (auto fault = find_fault(pattern)) return Refusal(std::move(*fault));
  return pattern;
}

std::expected<std::string, std::string> parse_route_host(std::string_view text) {
  if (text.contains("://")) return Refusal("this is a URL; write its host alone");
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
