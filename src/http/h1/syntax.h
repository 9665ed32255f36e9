#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"
#include "base/reason.h"
#include "base/result.h"
#include "http/message.h"

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

// What heads, trailers and chunk lines are made of: classes of bytes, and the field line.
namespace penstock::http::h1 {

struct ByteClass {
  static constexpr std::uint8_t token = 1;   // tchar, RFC 9110 §5.6.2.
  static constexpr std::uint8_t text = 2;    // HTAB, SP, VCHAR, obs-text: RFC 9110 §5.5.
  static constexpr std::uint8_t target = 4;  // VCHAR without `#`: no fragment is ever sent.
};

consteval std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < 256; ++i) {
    const bool alphanumeric =
        (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || (i >= '0' && i <= '9');
    const bool mark =
        std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(i)) != std::string_view::npos;
    if (alphanumeric || (i < 0x7f && mark)) classes[i] |= ByteClass::token;
    if ((i >= 0x20 && i != 0x7f) || i == '\t') classes[i] |= ByteClass::text;
    if (i > 0x20 && i < 0x7f && i != '#') classes[i] |= ByteClass::target;
  }
  return classes;
}
inline constexpr auto kByteClasses = make_byte_classes();

constexpr bool is(std::uint8_t byte_class, char c) {
  return (kByteClasses[static_cast<unsigned char>(c)] & byte_class) != 0;
}

constexpr std::size_t skip(std::uint8_t byte_class, std::string_view bytes, std::size_t at) {
  while (at < bytes.size() && is(byte_class, bytes[at])) ++at;
  return at;
}

constexpr bool is_token(std::string_view text) {
  return !text.empty() && skip(ByteClass::token, text, 0) == text.size();
}

// skip_…: the place of the first byte from `at` on that is not of the class, or bytes.size().

#ifdef __SSE2__
// Sixteen bytes at a time; `wrong` marks, in a mask, those not of the class.
template <class Wrong>
std::size_t skip_blocks(std::uint8_t byte_class, std::string_view bytes, std::size_t at,
                        Wrong wrong) {
  for (; at + 16 <= bytes.size(); at += 16) {
    __m128i block;
    __builtin_memcpy(&block, bytes.data() + at, 16);
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(wrong(block)));
    if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
  }
  return skip(byte_class, bytes, at);
}

// Blocks tell the usual bytes of names, letters, digits and `-`; the table tells the others.
inline std::size_t skip_token(std::string_view bytes, std::size_t at) {
  const auto within = [](__m128i block, char first, char width) {
    const auto offset = _mm_sub_epi8(block, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(width)), offset);
  };
  while (at + 16 <= bytes.size()) {
    __m128i block;
    __builtin_memcpy(&block, bytes.data() + at, 16);
    const auto letter = within(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 25);
    const auto other =
        _mm_or_si128(within(block, '0', 9), _mm_cmpeq_epi8(block, _mm_set1_epi8('-')));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letter, other)));
    const auto usual = static_cast<std::size_t>(std::countr_one(mask));
    at += usual;
    if (usual == 16) continue;
    if (!is(ByteClass::token, bytes[at])) return at;
    ++at;
  }
  return skip(ByteClass::token, bytes, at);
}

inline std::size_t skip_text(std::string_view bytes, std::size_t at) {
  return skip_blocks(ByteClass::text, bytes, at, [](__m128i block) {
    const auto control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    const auto tab = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
    const auto del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    return _mm_or_si128(_mm_andnot_si128(tab, control), del);
  });
}

inline std::size_t skip_target(std::string_view bytes, std::size_t at) {
  return skip_blocks(ByteClass::target, bytes, at, [](__m128i block) {
    // As signed numbers, what is above 0x7e is either negative or 0x7f.
    const auto low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x21));
    const auto del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    const auto hash = _mm_cmpeq_epi8(block, _mm_set1_epi8('#'));
    return _mm_or_si128(_mm_or_si128(low, del), hash);
  });
}
#else
inline std::size_t skip_token(std::string_view bytes, std::size_t at) {
  return skip(ByteClass::token, bytes, at);
}
inline std::size_t skip_text(std::string_view bytes, std::size_t at) {
  return skip(ByteClass::text, bytes, at);
}
inline std::size_t skip_target(std::string_view bytes, std::size_t at) {
  return skip(ByteClass::target, bytes, at);
}
#endif

// Calls f(element) for the elements of a comma-separated list, without their OWS and without the
// empty ones, which a recipient is to ignore (RFC 9110 §5.6.1.2). Stops, and says false, where f
// does.
template <class F>
bool each_element(std::string_view list, F f) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto element = trim_ows(list.substr(0, comma));
    if (!element.empty() && !f(element)) return false;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

// The reasons under which the same faults are told, depending on who sent the bytes.
struct Blame {
  const Reason& malformed;
  const Reason& line_too_long;
  const Reason& fields_too_large;
  const Reason& too_many_fields;
  const Reason& transfer_coding;
};
const Blame& blame_of(Side sender);

enum class Step : std::uint8_t { ok, incomplete, failed };

// Goes once over the lines of a head, and stops at the first byte that cannot be right.
//
// What it says of some bytes holds for whatever follows them: a fault is never taken back, and
// which of several is told depends on their places only. So it does not matter in which pieces a
// head arrives, nor how often its beginning is looked at.
class Lexer {
 public:
  Lexer(std::string_view bytes, const Blame& blame) : bytes_(bytes), blame_(blame) {}

  std::size_t position() const { return at_; }
  const Error& error() const { return error_; }

  // Begins a section at the present place: it has at most `limit` bytes before its last CRLF.
  void section(std::size_t limit, const Reason& too_long) {
    start_ = at_;
    limit_ = limit;
    too_long_ = &too_long;
  }

  Step request_line(RequestHead& out);
  Step status_line(ResponseHead& out);
  // One field line; `out` is untouched unless it is ok.
  Step field_line(Field& out);
  // Whether the next line is the empty one that ends the section; if so, it is passed.
  Step empty_line(bool& found) {
    found = false;
    if (at_ < bytes_.size() && bytes_[at_] != '\r' && bytes_[at_] != '\n') [[likely]]
      return Step::ok;
    return rare_empty_line(found);
  }

  Step refuse(const Reason& reason, std::string_view detail) {
    error_ = {.kind = Error::Kind::rejected, .reason = &reason, .detail = detail};
    return Step::failed;
  }
  // A fault at `at`; unless that place is beyond the section's limit, which is a fault before it.
  Step wrong(std::size_t at, std::string_view detail) {
    return at - start_ >= limit_ ? refuse(*too_long_, {}) : refuse(blame_.malformed, detail);
  }

 private:
  Step end_of_input() {
    return bytes_.size() - start_ > limit_ ? refuse(*too_long_, {}) : Step::incomplete;
  }
  // The CRLF expected at `at`, which is the first byte that is not text.
  Step line_end(std::size_t at) {
    if (at + 1 >= bytes_.size() || bytes_[at] != '\r' || bytes_[at + 1] != '\n' ||
        at - start_ > limit_) [[unlikely]]
      return rare_line_end(at);
    at_ = at + 2;
    return Step::ok;
  }
  Step rare_line_end(std::size_t at);
  Step rare_empty_line(bool& found);
  Step version(std::size_t at, RequestHead& out);

  std::string_view bytes_;
  const Blame& blame_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::size_t limit_ = 0;
  const Reason* too_long_ = nullptr;
  Error error_;
};

}  // namespace penstock::http::h1
