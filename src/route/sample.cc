#include "route/sample.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstddef>
#include <vector>

#include "base/ascii.h"
#include "base/hex.h"

namespace penstock {
namespace {

constexpr std::size_t kMaxSample = 256;
constexpr int kMaxDepth = 32;

using Bytes = std::bitset<128>;

Bytes range(char first, char last) {
  Bytes bytes;
  for (auto c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c)
    bytes.set(c);
  return bytes;
}

const Bytes kDigits = range('0', '9');
const Bytes kWord = kDigits | range('a', 'z') | range('A', 'Z') | range('_', '_');
const Bytes kSpace = range(' ', ' ') | range('\t', '\t');

std::optional<Bytes> named(char c) {
  switch (c) {
    case 'd':
      return kDigits;
    case 'D':
      return ~kDigits;
    case 'w':
      return kWord;
    case 'W':
      return ~kWord;
    case 's':
      return kSpace;
    case 'S':
      return ~kSpace;
    default:
      return {};
  }
}

// Writes a sample while it reads the regex.
class Sampler {
 public:
  Sampler(std::string_view regex, unsigned variation) : rest_(regex), variation_(variation) {}

  std::optional<std::string> all() {
    auto text = alternatives(0);
    if (failed_ || !rest_.empty() || text.size() > kMaxSample) return {};
    return text;
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::string fail() {
    failed_ = true;
    return {};
  }

  std::string alternatives(int depth) {
    if (depth > kMaxDepth) return fail();
    std::vector<std::string> all;
    do {
      all.push_back(sequence(depth));
    } while (!failed_ && take("|"));
    return failed_ ? std::string() : all[variation_ % all.size()];
  }

  std::string sequence(int depth) {
    std::string out;
    while (!failed_ && !rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      const auto one = atom(depth);
      for (auto n = repetitions(); n > 0; --n) out += one;
      if (out.size() > kMaxSample) return fail();
    }
    return out;
  }

  std::string atom(int depth) {
    const char c = rest_.front();
    if (c == '(') return group(depth);
    rest_.remove_prefix(1);
    if (c == '^' || c == '$') return {};
    if (c == '.') return pick(~kSpace);
    if (c == '[') return pick(bracketed());
    if (c == '\\') return escaped();
    return std::string(1, c);
  }

  std::string group(int depth) {
    rest_.remove_prefix(1);
    if (take("?")) {
      if (take("P<") || take("<"))
        rest_.remove_prefix(std::min(rest_.find('>') + 1, rest_.size()));
      else if (!take(":"))
        return fail();  // Flags.
    }
    auto text = alternatives(depth + 1);
    return take(")") ? text : fail();
  }

  std::string escaped() {
    if (rest_.empty()) return fail();
    const char c = rest_.front();
    if (const auto bytes = named(c)) {
      rest_.remove_prefix(1);
      return pick(*bytes);
    }
    if (c == 'b' || c == 'A' || c == 'z') {
      rest_.remove_prefix(1);
      return {};
    }
    const auto byte = escaped_byte();
    return byte ? std::string(1, *byte) : fail();
  }

  // Of `\xC3`, `\.`; the backslash is gone.
  std::optional<char> escaped_byte() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'x' && rest_.size() >= 2 && hex_value(rest_[0]) >= 0 && hex_value(rest_[1]) >= 0) {
      const auto byte = static_cast<char>(hex_value(rest_[0]) * 16 + hex_value(rest_[1]));
      rest_.remove_prefix(2);
      return byte;
    }
    if (c == 't') return '\t';
    const bool alphanumeric = is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
    return alphanumeric ? std::nullopt : std::optional(c);
  }

  // The `[` is gone.
  Bytes bracketed() {
    Bytes bytes;
    const bool negated = take("^");
    for (bool first = true; first || !rest_.starts_with(']'); first = false) {
      if (rest_.empty() || rest_.starts_with("[:")) {
        failed_ = true;
        return {};
      }
      bytes |= element();
    }
    take("]");
    return negated ? ~bytes : bytes;
  }

  Bytes element() {
    if (rest_.size() >= 2 && rest_[0] == '\\') {
      if (const auto bytes = named(rest_[1])) {
        rest_.remove_prefix(2);
        return *bytes;
      }
    }
    const auto first = one_byte();
    if (rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') return range(first, first);
    rest_.remove_prefix(1);
    return range(first, one_byte());
  }

  char one_byte() {
    if (!take("\\")) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      return c < 0 ? '?' : c;
    }
    const auto byte = rest_.empty() ? std::nullopt : escaped_byte();
    failed_ = failed_ || !byte || *byte < 0;
    return failed_ ? '?' : *byte;
  }

  // What needs no escape in a path comes first.
  std::string pick(const Bytes& bytes) {
    static constexpr std::string_view kOrders[] = {
        "7xaA-_.~!$&'()*+,;=:@ ", "wqkZ4~-_.!$&'()*+,;=:@ ", "~Z_-9f.!$&'()*+,;=:@ "};
    const auto fits = [&](char c) { return c >= 0 && bytes.test(static_cast<std::size_t>(c)); };
    for (const char c : kOrders[variation_ % std::size(kOrders)])
      if (fits(c)) return std::string(1, c);
    for (char c = ' '; c < 0x7f; ++c)
      if (fits(c)) return std::string(1, c);
    return fail();
  }

  // How often what stands before is written: as seldom as may be, but at least once if it may.
  std::size_t repetitions() {
    std::size_t count = 1;
    if (take("*") || take("+")) {
      count = 1;
    } else if (take("?")) {
      count = variation_ % 2;
    } else if (rest_.starts_with('{') && rest_.size() > 1 && is_digit(rest_[1])) {
      const auto end = rest_.find('}');
      if (end == std::string_view::npos) return 1;
      const auto inner = rest_.substr(1, end - 1);
      std::from_chars(inner.data(), inner.data() + inner.size(), count);
      if (count == 0 && inner != "0" && !inner.ends_with(",0")) count = 1;
      rest_.remove_prefix(end + 1);
    } else {
      return 1;
    }
    take("?");
    return std::min(count, kMaxSample + 1);
  }

  std::string_view rest_;
  unsigned variation_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::string> sample(std::string_view regex, unsigned variation) {
  return Sampler(regex, variation).all();
}

}  // namespace penstock
