#include "http/h1/syntax.h"

#include <algorithm>

namespace penstock::http::h1 {
namespace {

std::string_view fault_of_target_byte(char c) {
  if (c == '\r') return "The request line has no HTTP version.";
  if (c == '#') return "The request target has a fragment.";
  if (static_cast<unsigned char>(c) > 0x7f) return "The request target is not ASCII.";
  return "The request target has a control character.";
}

std::string_view fault_of_name_byte(char c, bool first) {
  const bool space = c == ' ' || c == '\t';
  if (space && first) return "A field line begins with white space.";
  if (space) return "There is white space before a field's colon.";
  if (c == ':') return "A field has no name.";
  if (c == '\r' || c == '\n') return "A field line has no colon.";
  return "A field name is not a token.";
}

// Where `text` stops agreeing with `expected`, of which it may be a mere beginning.
std::size_t agreement(std::string_view text, std::string_view expected) {
  const auto n = std::min(text.size(), expected.size());
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(n);
  return static_cast<std::size_t>(std::mismatch(text.begin(), end, expected.begin()).first -
                                  text.begin());
}

constexpr std::string_view kProtocol = "HTTP/";
constexpr std::size_t kVersionSize = 8;  // HTTP/1.1

}  // namespace

const Blame& blame_of(Side sender) {
  static constexpr Blame client{reasons::kMalformedRequest, reasons::kRequestLineTooLong,
                                reasons::kHeaderTooLarge, reasons::kTooManyHeaders,
                                reasons::kTransferCodingUnsupported};
  static constexpr Blame upstream{reasons::kUpstreamMalformed, reasons::kUpstreamHeaderTooLarge,
                                  reasons::kUpstreamHeaderTooLarge,
                                  reasons::kUpstreamHeaderTooLarge,
                                  reasons::kUpstreamTransferCoding};
  return sender == Side::upstream ? upstream : client;
}

Step Lexer::rare_line_end(std::size_t at) {
  if (at == bytes_.size()) return end_of_input();
  if (bytes_[at] == '\r') {
    if (at - start_ > limit_) return refuse(*too_long_, {});
    if (at + 1 == bytes_.size()) return Step::incomplete;
    return refuse(blame_.malformed, "There is a CR without LF.");
  }
  if (bytes_[at] == '\n') return wrong(at, "There is a LF without CR.");
  return wrong(at, "There is a control character in a line.");
}

Step Lexer::rare_empty_line(bool& found) {
  if (at_ == bytes_.size()) return Step::incomplete;
  if (bytes_[at_] == '\n') return refuse(blame_.malformed, "There is a LF without CR.");
  if (at_ + 1 == bytes_.size()) return Step::incomplete;
  if (bytes_[at_ + 1] != '\n') return refuse(blame_.malformed, "There is a CR without LF.");
  at_ += 2;
  found = true;
  return Step::ok;
}

// RFC 9112 §3: method SP request-target SP HTTP-version, with single spaces and no others.
Step Lexer::request_line(RequestHead& out) {
  const auto method_end = skip_token(bytes_, at_);
  if (method_end == bytes_.size()) return end_of_input();
  if (bytes_[method_end] != ' ' || method_end == at_)
    return wrong(method_end, "The method is not a token.");
  const auto target = method_end + 1;
  const auto target_end = skip_target(bytes_, target);
  if (target_end == bytes_.size()) return end_of_input();
  if (bytes_[target_end] != ' ') return wrong(target_end, fault_of_target_byte(bytes_[target_end]));
  if (target_end == target) return wrong(target, "The request target is empty.");
  out.method_text = bytes_.substr(at_, method_end - at_);
  out.method = method_of(out.method_text);
  out.target = bytes_.substr(target, target_end - target);
  return version(target_end + 1, out);
}

// RFC 9112 §2.3, case-sensitive. A higher minor version of 1 is read as 1.1 (RFC 9110 §2.5).
Step Lexer::version(std::size_t at, RequestHead& out) {
  const auto end = skip_text(bytes_, at);
  const auto text = bytes_.substr(at, end - at);
  const auto agreed = agreement(text, kProtocol);
  if (agreed < std::min(text.size(), kProtocol.size()))
    return wrong(at + agreed, "The HTTP version is malformed.");
  if (text.size() > kVersionSize)
    return wrong(at + kVersionSize, "Something follows the HTTP version.");
  if (const auto step = line_end(end); step != Step::ok) return step;
  if (text.size() != kVersionSize || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7]))
    return refuse(blame_.malformed, "The HTTP version is malformed.");
  if (text[5] != '1') return refuse(reasons::kVersionUnsupported, {});
  out.minor_version = text[7] == '0' ? 0 : 1;
  return Step::ok;
}

// RFC 9112 §4. The space after the status is required by the grammar even where no phrase follows;
// many servers leave it out, which cannot be misread, so it may be missing.
Step Lexer::status_line(ResponseHead& out) {
  constexpr std::string_view protocol = "HTTP/1.";
  const auto start = at_;
  const auto end = skip_text(bytes_, start);
  const auto line = bytes_.substr(start, end - start);
  const auto agreed = agreement(line, protocol);
  if (agreed < std::min(line.size(), protocol.size()))
    return wrong(start + agreed, "The status line does not begin with HTTP/1.");
  if (const auto step = line_end(end); step != Step::ok) return step;
  constexpr std::size_t shortest = 12;  // HTTP/1.1 200
  if (line.size() < shortest || !is_digit(line[7]) || line[8] != ' ')
    return refuse(blame_.malformed, "The status line is malformed.");
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]))
    return refuse(blame_.malformed, "The status code is not three digits.");
  if (line.size() > shortest && line[shortest] != ' ')
    return refuse(blame_.malformed, "The status code is not three digits.");
  if (line[9] < '1' || line[9] > '5')
    return refuse(blame_.malformed, "The status code is not between 100 and 599.");
  out.minor_version = line[7] == '0' ? 0 : 1;
  out.status =
      static_cast<std::uint16_t>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  out.phrase = line.size() > shortest + 1 ? line.substr(shortest + 1) : std::string_view{};
  return Step::ok;
}

// RFC 9112 §5: no white space before the colon (§5.1), no folding (§5.2).
Step Lexer::field_line(Field& out) {
  const auto start = at_;
  const auto colon = skip_token(bytes_, start);
  if (colon == bytes_.size()) return end_of_input();
  if (bytes_[colon] != ':' || colon == start)
    return wrong(colon, fault_of_name_byte(bytes_[colon], colon == start));
  auto value = colon + 1;
  if (value < bytes_.size() && bytes_[value] == ' ') ++value;
  const auto end = skip_text(bytes_, value);
  if (const auto step = line_end(end); step != Step::ok) return step;
  out.name = bytes_.substr(start, colon - start);
  out.value = trim_ows(bytes_.substr(value, end - value));
  out.id = name_of(out.name);
  return Step::ok;
}

}  // namespace penstock::http::h1
