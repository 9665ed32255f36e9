#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace re2 {
class RE2;
}

namespace penstock {

inline constexpr std::size_t kMaxRegexSize = 1024;
// Distinct regexes of one router: each may come to hold half a megabyte while it works.
inline constexpr std::size_t kMaxRegexes = 2000;

// A regular expression of RE2: it takes time in proportion to the text, whatever the text. It sees
// bytes, so it is written in ASCII, and always matches the whole of a text.
//
// Matching takes no lock for long and allocates only until its states are known; several workers
// use one at once.
class Regex {
 public:
  // The error is a sentence's end: what is wrong with it.
  static std::expected<Regex, std::string> compile(std::string_view text);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool matches(std::string_view text) const;
  // The same, and what the first groups took, as many as are asked for; empty where one took no
  // part. May allocate.
  bool capture(std::string_view text, std::span<std::string_view> groups) const;

  std::string_view text() const;
  std::size_t groups() const;  // That capture.

 private:
  friend class RegexSet;
  explicit Regex(std::unique_ptr<re2::RE2> compiled);
  static std::expected<Regex, std::string> compile(std::string_view text, std::size_t limit);
  std::unique_ptr<re2::RE2> compiled_;
};

// The regexes of a router: equal texts are one.
class RegexSet {
 public:
  std::expected<std::uint32_t, std::string> add(std::string_view text);
  // Of a text that was made of several that were accepted, and so may be longer.
  std::expected<std::uint32_t, std::string> add_composed(std::string_view text);

  const Regex& operator[](std::uint32_t i) const { return regexes_[i]; }
  std::size_t size() const { return regexes_.size(); }

 private:
  std::expected<std::uint32_t, std::string> add(std::string_view text, std::size_t limit);
  std::vector<Regex> regexes_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// `text` as a regex that matches just it.
std::string quote_for_regex(std::string_view text);

}  // namespace penstock
