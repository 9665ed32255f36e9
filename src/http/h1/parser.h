#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

// HTTP/1.1 heads (RFC 9112): bytes in, heads out, no I/O. The gateway's boundary: what is ambiguous
// or not in the grammar is refused, with these readings where the RFC leaves a choice:
//
// - One empty line before a request line is skipped (§2.2), a second one is refused; none is
//   skipped before a status line.
// - Host: exactly one with HTTP/1.1, at most one with 1.0, valid by RFC 3986. An empty one is valid
//   in the grammar but names no http authority (RFC 9110 §4.2.1), so it is accepted only beside an
//   absolute-form target, whose authority replaces Host whatever it says (RFC 9112 §3.2.2).
// - Content-Length: one line of digits, at most 2^63 - 1. Repeats are refused even where equal.
// - Transfer-Encoding: only from HTTP/1.1, never beside Content-Length, only `chunked`, once, last.
//   In requests, other codings before it are 501, and anything else is 400. Empty list elements are
//   refused here, though not elsewhere: framing is no place for leniency.
//   In a 204 or an interim answer a coding means nothing (§6.3), except in a 101, which is refused.
// - Connection is a list of tokens. What it names changes nothing about the framing, which is
//   settled here: `Connection: content-length` is merely a field that will not be forwarded.
// - CONNECT and TRACE are refused with 405, after everything else was found valid.
namespace penstock::http::h1 {

struct Limits {
  std::size_t request_line = std::size_t{8} * 1024;   // Bytes, without CRLF; also of a status line.
  std::size_t header_bytes = std::size_t{32} * 1024;  // Bytes of all field lines, with inner CRLFs.
  std::size_t headers = 100;                          // Field lines.
};

// The size of the head at the start of `bytes`, or 0 while it is incomplete and nothing in it is
// wrong yet. The views in `out` are of `bytes`; `out` means nothing unless a size was returned.
Result<std::size_t> parse_request(std::string_view bytes, const Limits& limits, RequestHead& out);

// The same for the answer to a request with that method, whose framing depends on it.
Result<std::size_t> parse_response(std::string_view bytes, const Limits& limits, Method request,
                                   ResponseHead& out);

// Tells when it is worth parsing a head that arrives in pieces, so that one that dribbles in byte
// by byte costs time in proportion to its size: at its first bytes, at the end of its first line,
// at its end, and at anything that is surely wrong.
class HeadScanner {
 public:
  // `bytes`: all that arrived of the head so far, from its first byte; it may move between calls.
  bool ready(std::string_view bytes, const Limits& limits);
  void reset() { *this = {}; }

 private:
  bool over_limit(std::size_t size, const Limits& limits) const;
  bool pass_name(std::string_view bytes);
  bool end_line(std::size_t at, const Limits& limits);

  // Bytes. Something that cannot be a head shows within so few that they may be parsed each time.
  static constexpr std::size_t kParseAlways = 64;

  std::size_t looked_ = 0;   // How much there was when the first line was last worth a look.
  bool in_name_ = false;     // Of a field.
  std::size_t scanned_ = 0;  // No need to look at what is before it again.
  std::size_t line_ = 0;     // Where the present line begins.
  std::size_t lines_ = 0;
  std::size_t fields_ = 0;  // Where the second line begins.
};

// Reads one head after another from a connection; give it the same growing bytes until it returns a
// size or an error.
class RequestReader {
 public:
  explicit RequestReader(const Limits& limits) : limits_(limits) {}
  Result<std::size_t> read(std::string_view bytes, RequestHead& out);

 private:
  Limits limits_;
  HeadScanner scanner_;
};

class ResponseReader {
 public:
  explicit ResponseReader(const Limits& limits) : limits_(limits) {}
  Result<std::size_t> read(std::string_view bytes, Method request, ResponseHead& out);

 private:
  Limits limits_;
  HeadScanner scanner_;
};

}  // namespace penstock::http::h1
