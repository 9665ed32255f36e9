#include "policy/cors/origins.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/ascii.h"
#include "net/address.h"

namespace penstock {
namespace {

using Parsed = std::expected<OriginPattern, std::string>;

bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

// RFC 3986 §3.1, in lower case.
bool is_scheme(std::string_view text) {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; };
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, fits);
}

// Labels in lower case with dots between, none of them empty.
bool are_labels(std::string_view text) {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, fits);
}

bool is_host(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return are_labels(text);
  const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
  return address && address->to_text() == text.substr(1, text.size() - 2);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 &&
         text.front() != '0';
}

// `https://app.example.com:443` is sent without its port.
std::string_view without_own_port(std::string_view origin) {
  const auto cut = [&](std::string_view scheme, std::string_view port) {
    const bool own = origin.size() > scheme.size() + port.size() && origin.ends_with(port) &&
                     equals_ignoring_case(origin.substr(0, scheme.size()), scheme);
    if (own) origin.remove_suffix(port.size());
  };
  cut("https://", ":443");
  cut("http://", ":80");
  return origin;
}

std::unexpected<std::string> expected(std::string_view what) {
  return std::unexpected("expected " + std::string(what));
}

}  // namespace

Parsed OriginPattern::parse(std::string_view text) {
  const auto lower = lowered(text);
  if (lower == "null" || lower == "*") return OriginPattern{.text = lower, .below = {}};
  const auto mark = lower.find("://");
  if (mark == std::string::npos || !is_scheme(lower.substr(0, mark)) || lower.size() > kLongest)
    return expected("a scheme and a host such as https://app.example.com, `*` or `null`");
  const std::string origin(without_own_port(lower));
  const auto at = mark + 3;
  if (origin.find_first_of("/?#@", at) != std::string::npos)
    return expected("scheme, host and port alone: browsers send no path, not even a final `/`");
  const auto bracket = origin.find(']', at);
  const auto colon = origin.rfind(':');
  const bool has_port = colon >= at && (bracket == std::string::npos || bracket < colon);
  if (has_port && !is_port(std::string_view(origin).substr(colon + 1)))
    return expected("a port from 1 to 65535 behind the colon");
  auto host = std::string_view(origin).substr(at, has_port ? colon - at : std::string::npos);
  const bool wild = host.starts_with("*.");
  if (wild) host.remove_prefix(2);
  if (host.find('*') != std::string_view::npos)
    return expected("`*` in place of a host's first labels, as in https://*.example.com");
  if (!is_host(host) || (wild && host.starts_with('[')))
    return expected(
        "a host of ASCII letters, digits, `-` and `.`, or an IP address, IPv6 in "
        "brackets and in its shortest form");
  if (!wild) return OriginPattern{.text = origin, .below = {}};
  return OriginPattern{.text = origin.substr(0, at), .below = origin.substr(at + 1)};
}

Origins::Origins(const std::vector<std::string_view>& patterns) {
  for (const auto pattern : patterns) {
    auto origin = OriginPattern::parse(pattern);
    if (!origin) continue;
    if (origin->text == "*")
      any_ = true;
    else if (origin->below.empty())
      exact_.push_back(std::move(origin->text));
    else
      below_.push_back(*std::move(origin));
  }
  std::ranges::sort(exact_);
}

bool Origins::allow(std::string_view origin) const {
  if (any_) return true;
  origin = without_own_port(origin);
  std::array<char, OriginPattern::kLongest> buffer;
  if (origin.empty() || origin.size() > buffer.size()) return false;
  const auto* const end = std::ranges::transform(origin, buffer.data(), to_lower).out;
  const std::string_view lower(buffer.data(), end);
  if (std::ranges::binary_search(exact_, lower)) return true;
  return std::ranges::any_of(below_, [&](const OriginPattern& pattern) {
    const auto around = pattern.text.size() + pattern.below.size();
    return lower.size() > around && lower.starts_with(pattern.text) &&
           lower.ends_with(pattern.below) &&
           are_labels(lower.substr(pattern.text.size(), lower.size() - around));
  });
}

}  // namespace penstock
