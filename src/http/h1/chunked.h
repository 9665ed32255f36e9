#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/message.h"

// The chunked transfer coding, RFC 9112 §7.1.
namespace penstock::http::h1 {

struct ChunkedLimits {
  std::size_t line = std::size_t{4} * 1024;  // Bytes of a chunk's line, without CRLF.
  // Bytes of chunk lines, beyond the first sixteen of each, that may come ahead of as many bytes of
  // data: extensions mean nothing to anybody, and are not to cost more than what they accompany.
  std::size_t overhead = std::size_t{16} * 1024;
  std::size_t trailer_bytes = std::size_t{32} * 1024;  // With CRLFs.
  std::size_t trailers = 100;                          // Field lines.
};

// Decodes a body that arrives in any pieces. Nothing is copied but trailers, and how the bytes are
// cut changes nothing.
//
// Strict: the size is hex digits and at most 2^63 - 1, white space stands only around a `;` or `=`
// of an extension, lines end with CRLF. Trailers have the syntax of fields. Those that may not be
// trailers (RFC 9110 §6.5.1: framing, routing, authentication, content) are dropped, as RFC 9112
// §7.1.2 allows: whoever reads them after us must not be led to merge them into the head.
class ChunkedDecoder {
 public:
  // `sender`: client or upstream, which decides the reasons of errors.
  explicit ChunkedDecoder(Side sender, const ChunkedLimits& limits = {})
      : sender_(sender), limits_(limits) {}

  struct Piece {
    std::size_t consumed = 0;  // Of the bytes fed; the rest is to be fed again.
    std::string_view data;     // A view of the bytes fed; empty if these held none.
    bool done = false;         // The body and its trailers are complete.
  };
  // The next piece of data, or all of `bytes` if there is none in them. After an error, the same
  // error again.
  Result<Piece> feed(std::string_view bytes);

  bool done() const { return state_ == State::done; }
  // Bytes of the present chunk's data that are still to come.
  std::uint64_t left() const { return state_ == State::data ? left_ : 0; }
  // Once done; valid until reset().
  const Fields& trailers() const { return trailers_; }
  Fields& trailers() { return trailers_; }
  void reset();

 private:
  enum class State : std::uint8_t {
    size_begin,
    size,
    space,
    name_begin,
    name,
    name_space,
    value_begin,
    value,
    quoted,
    quoted_pair,
    quoted_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    bad,
  };
  static State after(State state, char c);
  static State after_extension(State state, char c);

  Result<Piece> refuse(const Reason& reason, std::string_view detail);
  // What is wrong with the next byte of a chunk's line; empty if nothing is.
  std::string_view take_line_byte(char c);
  std::string_view take_size_digit(char c);
  void begin_line();
  // Takes bytes of the trailer section, from `at` on; false after an error, which is in `error_`.
  bool take_trailer(std::string_view bytes, std::size_t& at);
  bool end_trailer_line();
  bool fail_trailer(const Reason& reason, std::string_view detail);

  Side sender_;
  ChunkedLimits limits_;
  State state_ = State::size_begin;
  std::uint64_t left_ = 0;  // Of the present chunk's data.
  std::size_t line_ = 0;    // Bytes of the present chunk line.
  std::uint64_t overhead_ = 0;
  std::uint64_t received_ = 0;  // Data in all.
  std::size_t trailer_bytes_ = 0;
  std::string trailer_line_;
  Fields trailers_;
  Arena arena_;  // What the trailers' views are of.
  std::optional<Error> error_;
};

// `size` in hex and CRLF, written at the end of `buffer`; what goes before a chunk's data, after
// which goes a CRLF. `size` is not 0, which would end the body.
inline constexpr std::size_t kChunkHead = 18;
std::string_view chunk_head(std::array<char, kChunkHead>& buffer, std::uint64_t size);
// What ends a body: the last chunk, the trailers and the empty line.
void append_last_chunk(std::string& out, const Fields& trailers);

}  // namespace penstock::http::h1
