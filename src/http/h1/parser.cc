#include "http/h1/parser.h"

#include <limits>

#include "http/h1/syntax.h"
#include "http/target.h"

namespace penstock::http::h1 {
namespace {

// Which names a head has, so that what is absent costs nothing to look for.
struct Seen {
  std::uint64_t once = 0;
  std::uint64_t again = 0;

  static constexpr std::uint64_t bit(Name name) {
    return std::uint64_t{1} << static_cast<unsigned>(name);
  }
  void note(Name name) {
    again |= once & bit(name);
    once |= bit(name);
  }
  bool has(Name name) const { return (once & bit(name)) != 0; }
  bool repeats(Name name) const { return (again & bit(name)) != 0; }
};
static_assert(static_cast<unsigned>(Name::http2_settings) < 64);

// Passes the field lines and the empty line after them.
Step parse_fields(Lexer& lexer, const Limits& limits, const Blame& blame, Fields& out, Seen& seen) {
  lexer.section(limits.header_bytes, blame.fields_too_large);
  for (std::size_t count = 0;; ++count) {
    bool end = false;
    if (const auto step = lexer.empty_line(end); step != Step::ok || end) return step;
    if (count == limits.headers) return lexer.refuse(blame.too_many_fields, {});
    Field field;
    if (const auto step = lexer.field_line(field); step != Step::ok) return step;
    seen.note(field.id);
    out.add(field);
  }
}

// Calls f(element) for every element of every line with that name; false as soon as f says so.
template <class F>
bool each_option(const Fields& fields, Name name, F f) {
  for (const auto& field : fields)
    if (field.id == name && !each_element(field.value, f)) return false;
  return true;
}

struct Connection {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

bool parse_connection(const Fields& fields, Connection& out) {
  return each_option(fields, Name::connection, [&](std::string_view option) {
    out.close |= equals_ignoring_case(option, "close");
    out.keep_alive |= equals_ignoring_case(option, "keep-alive");
    out.upgrade |= equals_ignoring_case(option, "upgrade");
    return is_token(option);
  });
}

// RFC 9112 §9.3: `close` wins, then the version decides, then `keep-alive`.
bool persists(const Connection& connection, std::uint8_t minor_version) {
  return !connection.close && (minor_version >= 1 || connection.keep_alive);
}

bool offers_websocket(const Fields& fields) {
  bool found = false;
  each_option(fields, Name::upgrade, [&](std::string_view protocol) {
    found |= equals_ignoring_case(protocol, "websocket");
    return true;
  });
  return found;
}

// What a message's own fields say of its framing, before the rules for its kind.
struct Framed {
  std::string_view fault;       // Empty when all is well; else nothing else counts.
  bool unknown_coding = false;  // A transfer coding that is not served.
  Framing framing = Framing::none;
  std::uint64_t length = 0;
};

// RFC 9110 §8.6: digits and nothing else. False also over 2^63 - 1.
bool parse_length(std::string_view digits, std::uint64_t& out) {
  constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (digits.empty()) return false;
  std::uint64_t length = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (highest - digit) / 10) return false;
    length = length * 10 + digit;
  }
  out = length;
  return true;
}

// The codings of all lines, as one list, in their order.
struct Codings {
  bool malformed = false;
  bool unknown = false;
  std::size_t chunked = 0;  // How often.
  bool chunked_last = false;

  void take(std::string_view coding) {
    const auto name = trim_ows(coding.substr(0, coding.find(';')));
    const bool parameters = coding.find(';') != std::string_view::npos;
    chunked_last = equals_ignoring_case(name, "chunked");
    // No parameters are defined for `chunked`: RFC 9112 §7.1.
    malformed |= !is_token(name) || (chunked_last && parameters);
    chunked += chunked_last ? 1 : 0;
    unknown |= !chunked_last;
  }
};

// Unlike each_element, empty elements count, so that they can be refused.
Codings parse_codings(const Fields& fields) {
  Codings out;
  for (const auto& field : fields) {
    if (field.id != Name::transfer_encoding) continue;
    auto rest = field.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      out.take(trim_ows(rest.substr(0, comma)));
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return out;
}

// RFC 9112 §6.1 and §6.3, before the rules that depend on the kind of message.
Framed parse_framing(const Fields& fields, const Seen& seen, std::uint8_t minor_version,
                     Side sender) {
  Framed out;
  if (seen.repeats(Name::content_length)) {
    out.fault = "Content-Length is repeated.";
  } else if (seen.has(Name::content_length)) {
    if (!parse_length(fields.find(Name::content_length)->value, out.length))
      out.fault = "Content-Length is not a number.";
    out.framing = Framing::length;
  }
  if (!out.fault.empty() || !seen.has(Name::transfer_encoding)) return out;
  const auto codings = parse_codings(fields);
  // A response may end with the connection, so there a last coding other than `chunked` is a valid
  // framing that is not served; in a request it is none at all.
  const bool length_known = codings.chunked_last || sender == Side::upstream;
  if (minor_version == 0) {
    out.fault = "Transfer-Encoding needs HTTP/1.1.";
  } else if (seen.has(Name::content_length)) {
    out.fault = "There are both Transfer-Encoding and Content-Length.";
  } else if (codings.malformed) {
    out.fault = "Transfer-Encoding is malformed.";
  } else if (codings.chunked > 1) {
    out.fault = "The transfer coding `chunked` is repeated.";
  } else if (!length_known) {
    out.fault = "The last transfer coding is not `chunked`.";
  }
  out.framing = Framing::chunked;
  out.unknown_coding = codings.unknown;
  return out;
}

std::unexpected<Error> refuse(std::string_view detail) {
  return fail(reasons::kMalformedRequest, detail);
}

// RFC 9112 §3.2 and RFC 9110 §7.2; the authority's place in `head` is its result.
Result<void> settle_authority(RequestHead& head, const Seen& seen) {
  const auto named = target_authority(head.method, head.target);
  if (!named) return fail(named.error());
  head.authority = *named;
  if (!seen.has(Name::host)) {
    if (head.minor_version >= 1) return refuse("There is no Host.");
    return {};
  }
  if (seen.repeats(Name::host)) return refuse("Host is repeated.");
  for (auto& field : head.fields.all()) {
    if (field.id != Name::host) continue;
    const bool none = field.value.empty() && !head.authority.empty();
    if (const auto fault = none ? std::string_view{} : fault_of_authority(field.value);
        !fault.empty())
      return refuse(fault);
    if (head.authority.empty()) head.authority = field.value;
    field.value = head.authority;
  }
  return {};
}

Result<void> settle_framing(RequestHead& head, const Seen& seen) {
  const auto framed = parse_framing(head.fields, seen, head.minor_version, Side::client);
  if (!framed.fault.empty()) return refuse(framed.fault);
  if (framed.unknown_coding) return fail(reasons::kTransferCodingUnsupported);
  head.framing = framed.framing;
  head.content_length = framed.length;
  return {};
}

bool has_content(const RequestHead& head) {
  return head.framing == Framing::chunked || head.content_length > 0;
}

Result<void> settle_connection(RequestHead& head, const Seen& seen) {
  Connection connection;
  if (seen.has(Name::connection) && !parse_connection(head.fields, connection))
    return refuse("Connection is not a list of tokens.");
  head.keep_alive = persists(connection, head.minor_version);
  // A client of HTTP/1.0 cannot ask for it (RFC 9110 §7.8). Of several Upgrade lines none counts.
  head.upgrade_websocket = connection.upgrade && head.minor_version >= 1 &&
                           head.method == Method::get && !has_content(head) &&
                           seen.has(Name::upgrade) && !seen.repeats(Name::upgrade) &&
                           offers_websocket(head.fields);
  return {};
}

// RFC 9110 §10.1.1: nobody waits where there is no content. From HTTP/1.0 it is ignored: the line
// goes, so that it does not begin to mean something when the request is sent on as HTTP/1.1.
Result<void> settle_expectation(RequestHead& head, const Seen& seen) {
  if (!seen.has(Name::expect)) return {};
  if (head.minor_version == 0) {
    head.fields.remove(Name::expect);
    return {};
  }
  bool asked = false;
  const bool known = each_option(head.fields, Name::expect, [&](std::string_view expectation) {
    return asked = equals_ignoring_case(expectation, "100-continue");
  });
  if (!known) return fail(reasons::kExpectationFailed);
  head.expects_continue = asked && has_content(head);
  return {};
}

Result<void> settle(RequestHead& head, const Seen& seen) {
  if (auto result = settle_authority(head, seen); !result) return result;
  if (auto result = settle_framing(head, seen); !result) return result;
  if (auto result = settle_connection(head, seen); !result) return result;
  if (auto result = settle_expectation(head, seen); !result) return result;
  if (head.method == Method::connect)
    return fail(reasons::kMethodRefused, "CONNECT is not served.");
  if (head.method == Method::trace) return fail(reasons::kMethodRefused, "TRACE is not served.");
  return {};
}

// RFC 9112 §6.3 items 1 and 2; a response to CONNECT never comes here.
bool has_no_body(std::uint16_t status, Method request) {
  return request == Method::head || status < 200 || status == 204 || status == 304;
}

Result<void> settle(ResponseHead& head, Method request, const Seen& seen) {
  const auto malformed = [](std::string_view detail) {
    return fail(reasons::kUpstreamMalformed, detail);
  };
  const auto framed = parse_framing(head.fields, seen, head.minor_version, Side::upstream);
  if (!framed.fault.empty()) return malformed(framed.fault);
  const bool coded = framed.framing == Framing::chunked;
  if (coded && head.status == 101) return malformed("Transfer-Encoding stands in a 101.");
  if (framed.unknown_coding) return fail(reasons::kUpstreamTransferCoding);
  Connection connection;
  if (seen.has(Name::connection) && !parse_connection(head.fields, connection))
    return malformed("Connection is not a list of tokens.");
  if (!has_no_body(head.status, request)) {
    head.framing = framed.framing == Framing::none ? Framing::until_close : framed.framing;
    head.content_length = framed.length;
  }
  // A 204 ends with its head whatever its fields say (RFC 9112 §6.3), but one that may not have a
  // coding and has it (§6.1) may be followed by what its service takes for content.
  const bool doubtful = coded && head.status == 204;
  head.keep_alive =
      head.framing != Framing::until_close && !doubtful && persists(connection, head.minor_version);
  head.upgrade_websocket = head.status == 101 && head.minor_version >= 1 && connection.upgrade &&
                           seen.has(Name::upgrade) && !seen.repeats(Name::upgrade) &&
                           offers_websocket(head.fields);
  return {};
}

// The first line, before which one empty line is skipped.
Step parse_first_line(Lexer& lexer, const Limits& limits, const Blame& blame, RequestHead& out) {
  bool skipped = false;
  if (const auto step = lexer.empty_line(skipped); step != Step::ok) return step;
  lexer.section(limits.request_line, blame.line_too_long);
  return lexer.request_line(out);
}

Step parse_first_line(Lexer& lexer, const Limits& limits, const Blame& blame, ResponseHead& out) {
  lexer.section(limits.request_line, blame.line_too_long);
  return lexer.status_line(out);
}

template <class Head, class Settle>
Result<std::size_t> parse(std::string_view bytes, const Limits& limits, Side sender, Head& out,
                          Settle settled) {
  out.clear();
  const auto& blame = blame_of(sender);
  Lexer lexer(bytes, blame);
  Seen seen;
  auto step = parse_first_line(lexer, limits, blame, out);
  if (step == Step::ok) step = parse_fields(lexer, limits, blame, out.fields, seen);
  if (step == Step::incomplete) return 0;
  if (step == Step::failed) return fail(lexer.error());
  if (const Result<void> result = settled(seen); !result) return fail(result.error());
  return lexer.position();
}

}  // namespace

Result<std::size_t> parse_request(std::string_view bytes, const Limits& limits, RequestHead& out) {
  return parse(bytes, limits, Side::client, out,
               [&out](const Seen& seen) { return settle(out, seen); });
}

Result<std::size_t> parse_response(std::string_view bytes, const Limits& limits, Method request,
                                   ResponseHead& out) {
  return parse(bytes, limits, Side::upstream, out,
               [&out, request](const Seen& seen) { return settle(out, request, seen); });
}

bool HeadScanner::ready(std::string_view bytes, const Limits& limits) {
  if (bytes.size() <= kParseAlways || (lines_ == 0 && bytes.size() >= 2 * looked_)) {
    looked_ = bytes.size();
    return true;
  }
  while (true) {
    if (in_name_ && pass_name(bytes)) return true;
    const auto at = in_name_ ? scanned_ : skip_text(bytes, scanned_);
    scanned_ = at;
    if (at == bytes.size()) return over_limit(at, limits);
    if (bytes[at] != '\r') return true;
    if (at + 1 == bytes.size()) return over_limit(at, limits);
    if (bytes[at + 1] != '\n') return true;
    if (end_line(at, limits)) return true;
  }
}

// Goes to the end of a field's name, or of what there is of it; whether it is wrong.
bool HeadScanner::pass_name(std::string_view bytes) {
  scanned_ = skip_token(bytes, scanned_);
  if (scanned_ == bytes.size()) return false;
  if (scanned_ == line_) return bytes[scanned_] != '\r';
  in_name_ = false;
  return bytes[scanned_] != ':';
}

bool HeadScanner::over_limit(std::size_t size, const Limits& limits) const {
  return lines_ == 0 ? size - line_ > limits.request_line : size - fields_ > limits.header_bytes;
}

// Passes the CRLF at `at`; whether the line that it ends is worth a look.
bool HeadScanner::end_line(std::size_t at, const Limits& limits) {
  const bool empty = at == line_;
  const bool over = over_limit(at, limits);
  if (empty && at > 0) return true;
  scanned_ = line_ = at + 2;
  if (empty) return false;
  in_name_ = true;
  if (++lines_ == 1) fields_ = line_;
  return over || lines_ == 1 || lines_ > limits.headers + 1;
}

Result<std::size_t> RequestReader::read(std::string_view bytes, RequestHead& out) {
  if (!scanner_.ready(bytes, limits_)) return 0;
  auto size = parse_request(bytes, limits_, out);
  if (size && *size > 0) scanner_.reset();
  return size;
}

Result<std::size_t> ResponseReader::read(std::string_view bytes, Method request,
                                         ResponseHead& out) {
  if (!scanner_.ready(bytes, limits_)) return 0;
  auto size = parse_response(bytes, limits_, request, out);
  if (size && *size > 0) scanner_.reset();
  return size;
}

}  // namespace penstock::http::h1
