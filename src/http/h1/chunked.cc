#include "http/h1/chunked.h"

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/hex.h"
#include "http/h1/syntax.h"
#include "http/h1/writer.h"
#include "http/hop.h"

namespace penstock::http::h1 {
namespace {

// What RFC 9110 §6.5.1 keeps out of trailers, beside what ends at this hop (http/hop.h): request
// modifiers, authentication, response control and how to process the content.
constexpr std::string_view kNoTrailers[] = {
    "Age",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Location",
    "Pragma",
    "Range",
    "Retry-After",
    "Set-Cookie",
    "Trailer",
    "Vary",
    "Warning",
    "WWW-Authenticate",
};

bool may_be_trailer(const Field& field) {
  return std::none_of(std::begin(kNoTrailers), std::end(kNoTrailers), [&](std::string_view name) {
    return equals_ignoring_case(name, field.name);
  });
}

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// Bytes of a chunk line that are no overhead: as many digits as any size needs.
constexpr std::size_t kFreeLine = 16;

}  // namespace

void ChunkedDecoder::reset() {
  state_ = State::size_begin;
  left_ = overhead_ = received_ = 0;
  line_ = trailer_bytes_ = 0;
  trailer_line_.clear();
  trailers_.clear();
  arena_.clear();
  error_.reset();
}

// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), RFC 9112 §7.1.1.
ChunkedDecoder::State ChunkedDecoder::after_extension(State state, char c) {
  const bool token = is(ByteClass::token, c);
  switch (state) {
    case State::space:
      return c == ';' ? State::name_begin : is_space(c) ? state : State::bad;
    case State::name_begin:
      return token ? State::name : is_space(c) ? state : State::bad;
    case State::name:
      if (token) return state;
      if (c == '=') return State::value_begin;
      if (is_space(c)) return State::name_space;
      break;
    case State::name_space:
      if (c == '=') return State::value_begin;
      return c == ';' ? State::name_begin : is_space(c) ? state : State::bad;
    case State::value_begin:
      if (token) return State::value;
      return c == '"' ? State::quoted : is_space(c) ? state : State::bad;
    case State::value:
      if (token) return state;
      if (is_space(c)) return State::space;
      break;
    case State::quoted:
      if (c == '"') return State::quoted_end;
      if (c == '\\') return State::quoted_pair;
      return is(ByteClass::text, c) ? state : State::bad;
    case State::quoted_pair:
      return is(ByteClass::text, c) ? State::quoted : State::bad;
    case State::quoted_end:
      if (is_space(c)) return State::space;
      break;
    default:
      return State::bad;
  }
  if (c == ';') return State::name_begin;
  return c == '\r' ? State::size_lf : State::bad;
}

ChunkedDecoder::State ChunkedDecoder::after(State state, char c) {
  switch (state) {
    case State::size:  // The digits are taken before.
      if (c == '\r') return State::size_lf;
      if (c == ';') return State::name_begin;
      return is_space(c) ? State::space : State::bad;
    case State::data_cr:
      return c == '\r' ? State::data_lf : State::bad;
    case State::data_lf:
      return c == '\n' ? State::size_begin : State::bad;
    default:
      return after_extension(state, c);
  }
}

std::string_view ChunkedDecoder::take_size_digit(char c) {
  constexpr std::uint64_t highest = std::uint64_t{1} << 59;  // Times 16, one more than fits.
  if (left_ >= highest) return "A chunk size is too large.";
  left_ = left_ * 16 + static_cast<std::uint64_t>(hex_value(c));
  state_ = State::size;
  return {};
}

void ChunkedDecoder::begin_line() {
  left_ = 0;
  line_ = 0;
}

std::string_view ChunkedDecoder::take_line_byte(char c) {
  if (state_ == State::size_lf) {
    if (c != '\n') return "A chunk line has a CR without LF.";
    state_ = left_ > 0 ? State::data : State::trailer;
    return {};
  }
  if (state_ != State::data_cr && state_ != State::data_lf && c != '\r') {
    if (++line_ > limits_.line) return "A chunk line is too long.";
    if (line_ > kFreeLine && ++overhead_ > limits_.overhead + received_)
      return "The chunk lines are too long for the data between them.";
  }
  const bool digits = state_ == State::size_begin || state_ == State::size;
  if (digits && hex_value(c) >= 0) return take_size_digit(c);
  const auto next = after(state_, c);
  if (next == State::bad) {
    const bool data_end = state_ == State::data_cr || state_ == State::data_lf;
    if (data_end) return "A chunk's data is not followed by CRLF.";
    return digits ? "A chunk size is malformed." : "A chunk extension is malformed.";
  }
  if (next == State::size_begin) begin_line();
  state_ = next;
  return {};
}

Result<ChunkedDecoder::Piece> ChunkedDecoder::refuse(const Reason& reason,
                                                     std::string_view detail) {
  fail_trailer(reason, detail);
  return fail(*error_);
}

bool ChunkedDecoder::fail_trailer(const Reason& reason, std::string_view detail) {
  error_ = Error{.kind = Error::Kind::rejected, .reason = &reason, .detail = detail};
  return false;
}

Result<ChunkedDecoder::Piece> ChunkedDecoder::feed(std::string_view bytes) {
  if (error_) return fail(*error_);
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto data = bytes.substr(
          at, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at)));
      left_ -= data.size();
      received_ += data.size();
      if (left_ == 0) state_ = State::data_cr;
      return Piece{at + data.size(), data, false};
    }
    if (state_ == State::trailer) {
      if (!take_trailer(bytes, at)) return fail(*error_);
      continue;
    }
    if (const auto fault = take_line_byte(bytes[at]); !fault.empty())
      return refuse(blame_of(sender_).malformed, fault);
    ++at;
  }
  return Piece{at, {}, state_ == State::done};
}

bool ChunkedDecoder::take_trailer(std::string_view bytes, std::size_t& at) {
  const auto& blame = blame_of(sender_);
  for (; at < bytes.size(); ++at) {
    const char c = bytes[at];
    const bool after_cr = trailer_line_.ends_with('\r');
    if (after_cr != (c == '\n'))
      return fail_trailer(blame.malformed, "A trailer has a bare CR or LF.");
    if (!is(ByteClass::text, c) && c != '\r' && c != '\n')
      return fail_trailer(blame.malformed, "A trailer has a control character.");
    if (++trailer_bytes_ > limits_.trailer_bytes) return fail_trailer(blame.fields_too_large, {});
    trailer_line_ += c;
    if (c != '\n') continue;
    ++at;
    return end_trailer_line();
  }
  return true;
}

bool ChunkedDecoder::end_trailer_line() {
  const auto& blame = blame_of(sender_);
  if (trailer_line_ == "\r\n") {
    trailers_.remove_if([](const Field& field) { return !may_be_trailer(field); });
    clean_trailers(trailers_);
    state_ = State::done;
    return true;
  }
  if (trailers_.size() == limits_.trailers) return fail_trailer(blame.too_many_fields, {});
  Lexer lexer(arena_.copy(trailer_line_), blame);
  lexer.section(trailer_line_.size(), blame.fields_too_large);
  trailer_line_.clear();
  Field field;
  const auto step = lexer.field_line(field);
  if (step == Step::ok) {
    trailers_.add(field);
    return true;
  }
  ensure(step == Step::failed);
  error_ = lexer.error();
  return false;
}

std::string_view chunk_head(std::array<char, kChunkHead>& buffer, std::uint64_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  ensure(size > 0);
  auto at = buffer.size();
  buffer[--at] = '\n';
  buffer[--at] = '\r';
  for (; size > 0; size >>= 4) buffer[--at] = digits[size & 15];
  return {buffer.data() + at, buffer.size() - at};
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  out += "0\r\n";
  for (const auto& field : trailers) append_field(out, field.name, field.value);
  out += "\r\n";
}

}  // namespace penstock::http::h1
