#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// An origin as it is configured, in the form in which browsers send it (RFC 6454 §6.2): scheme and
// host in lower case, no port where it is the scheme's own.
struct OriginPattern {
  // A scheme, a host of 253 characters and a port.
  static constexpr std::size_t kLongest = 320;

  // `https://app.example.com`; of a wildcard what stands before its `*`: `https://`.
  std::string text;
  // Of `https://*.example.com:8443`: `.example.com:8443`. Empty for one origin.
  std::string below;

  // The error finishes a sentence that says what was found.
  static std::expected<OriginPattern, std::string> parse(std::string_view text);
};

// Which origins are allowed.
class Origins {
 public:
  // Patterns that are none are left out.
  explicit Origins(const std::vector<std::string_view>& patterns);

  // Everybody, whoever asks or says nothing.
  bool any() const { return any_; }
  // `origin` is what a stranger sent; empty for nothing. `*` in a pattern stands for one or more
  // labels.
  bool allow(std::string_view origin) const;

 private:
  bool any_ = false;
  std::vector<std::string> exact_;  // Sorted.
  std::vector<OriginPattern> below_;
};

}  // namespace penstock
