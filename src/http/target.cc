#include "http/target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/hex.h"

namespace penstock::http {
namespace {

constexpr std::uint8_t kUnreserved = 1;  // RFC 3986 §2.3.
constexpr std::uint8_t kHost = 2;        // Those, and sub-delims without the comma.
constexpr std::uint8_t kPath = 4;        // pchar without percent, RFC 3986 §3.3.
constexpr std::uint8_t kQuery = 8;       // What TargetRules' query takes, without percent.

consteval std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto mark = [&](std::string_view characters, int bits) {
    for (const char c : characters) {
      auto& entry = classes[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
       kUnreserved | kHost | kPath | kQuery);
  mark("!$&'()*+;=", kHost | kPath | kQuery);
  mark(",:@", kPath | kQuery);
  mark("/?[]{}|\\^`", kQuery);
  return classes;
}
constexpr auto kClasses = make_classes();

constexpr bool is(std::uint8_t character_class, char c) {
  return (kClasses[static_cast<unsigned char>(c)] & character_class) != 0;
}

// What the escape at `at` stands for, or -1 if it is none.
constexpr int unescape(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

char* write_escape(char* out, int value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  *out++ = '%';
  *out++ = digits[static_cast<std::size_t>(value >> 4)];
  *out++ = digits[static_cast<std::size_t>(value & 15)];
  return out;
}

constexpr bool is_control(int value) {
  return value < 0x20 || value == 0x7f;
}

// --- Authority ---

constexpr std::size_t kMaxHost = 255;
using HostBuffer = std::array<char, kMaxHost + 1>;

struct AuthorityParts {
  std::string_view fault;  // Empty when all is well; else nothing else counts.
  std::string_view host;   // In canonical form, in the buffer.
  std::optional<std::uint16_t> port;
};

// As received, undecoded.
struct Split {
  std::string_view host;
  std::string_view port;
  bool has_port = false;
};

Split split_port(std::string_view text) {
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const auto from = bracket == std::string_view::npos ? 0 : bracket + 1;
  const auto colon = text.find(':', from);
  if (colon == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

// False if these are not the digits of a port; leading zeros mean nothing.
bool read_port(std::string_view digits, std::optional<std::uint16_t>& out) {
  if (digits.empty()) return true;
  std::uint32_t port = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port > 0xffff) return false;
  }
  out = static_cast<std::uint16_t>(port);
  return true;
}

// The standard library's reader takes exactly the grammar of RFC 3986 §3.2.2 between the brackets,
// and its writer gives the one form of RFC 5952.
std::string_view read_ip_literal(std::string_view host, HostBuffer& buffer, AuthorityParts& out) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in6_addr address{};
  if (host.size() < 4 || !host.ends_with(']') || host.size() - 2 >= text.size())
    return "The host's address in brackets is malformed.";
  const auto between = host.substr(1, host.size() - 2);
  if (!std::all_of(between.begin(), between.end(),
                   [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; }))
    return "The host's address in brackets is not IPv6.";
  std::copy(between.begin(), between.end(), text.begin());
  if (inet_pton(AF_INET6, text.data(), &address) != 1)
    return "The host's address in brackets is not IPv6.";
  ensure(inet_ntop(AF_INET6, &address, text.data(), text.size()) != nullptr);
  const auto size = std::strlen(text.data());
  buffer[0] = '[';
  std::copy_n(text.data(), size, buffer.data() + 1);
  buffer[size + 1] = ']';
  out.host = {buffer.data(), size + 2};
  return {};
}

std::string_view fault_of_host_byte(char c) {
  if (c == '@') return "The authority has user information.";
  if (c == ',') return "The authority names more than one host.";
  return "The host has a character that does not belong there.";
}

std::string_view read_name(std::string_view host, HostBuffer& buffer, AuthorityParts& out) {
  char* at = buffer.data();
  char before = '.';
  for (std::size_t i = 0; i < host.size(); ++i) {
    char c = host[i];
    if (c == '%') {
      const int value = unescape(host, i);
      if (value < 0) return "The host has a malformed percent-encoding.";
      if (is_control(value)) return "The host has an encoded control character.";
      i += 2;
      c = static_cast<char>(value);
      if (!is(kUnreserved, c)) {
        before = '%';
        at = write_escape(at, value);
        continue;
      }
    } else if (!is(kHost, c)) {
      return fault_of_host_byte(c);
    }
    if (c == '.' && before == '.') return "The host has an empty label.";
    before = c;
    *at++ = to_lower(c);
  }
  if (before == '.' && at != buffer.data()) --at;
  if (at == buffer.data()) return "The host is empty.";
  out.host = {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
  return {};
}

AuthorityParts read_authority(std::string_view text, HostBuffer& buffer) {
  AuthorityParts out;
  const auto split = split_port(text);
  if (split.host.empty()) {
    out.fault = "The host is empty.";
  } else if (split.host.size() > kMaxHost) {
    out.fault = "The host is too long.";
  } else if (split.host.front() == '[') {
    out.fault = read_ip_literal(split.host, buffer, out);
  } else {
    out.fault = read_name(split.host, buffer, out);
  }
  if (!out.fault.empty() || !split.has_port || read_port(split.port, out.port)) return out;
  out.fault = split.port.find('@') == std::string_view::npos
                  ? "The port is not a number up to 65535."
                  : "The authority has user information.";
  return out;
}

std::string_view write_port(std::uint16_t port, std::array<char, 6>& out) {
  auto at = out.size();
  unsigned rest = port;
  do {
    out[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  out[--at] = ':';
  return {out.data() + at, out.size() - at};
}

// --- Forms of a target ---

// Of an absolute-form target; the scheme is empty if it is not http or https.
struct Absolute {
  std::string_view scheme;
  std::string_view authority;
  std::string_view rest;  // Path and query, either or both of which may be missing.
};

Absolute split_absolute(std::string_view target) {
  Absolute out;
  const auto colon = target.find("://");
  const auto scheme = target.substr(0, colon);
  if (colon == std::string_view::npos ||
      !(equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https")))
    return out;
  out.scheme = scheme;
  const auto begin = colon + 3;
  const auto end = std::min(target.find_first_of("/?", begin), target.size());
  out.authority = target.substr(begin, end - begin);
  out.rest = target.substr(end);
  return out;
}

// --- Path ---

// Whether nothing in the path, which begins with `/`, needs a second look.
bool is_plain(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is(kPath, path[i])) continue;
    if (path[i] != '/') return false;
    if (i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) return false;
  }
  return true;
}

// Writes the canonical path, never longer than what was received, segment by segment.
class PathWriter {
 public:
  PathWriter(char* out, TargetRules rules) : out_(out), end_(out), rules_(rules) {}

  std::string_view text() const { return {out_, static_cast<std::size_t>(end_ - out_)}; }

  bool encoded_slash() const { return encoded_slash_; }

  // What is wrong with it; empty if nothing is.
  std::string_view write(std::string_view path) {
    begin_segment();
    for (std::size_t i = 1; i < path.size(); ++i) {
      if (path[i] == '/') {
        if (!end_segment()) return kAboveRoot;
        if (end_ != segment_) begin_segment();
      } else if (const auto fault = character(path, i); !fault.empty()) {
        return fault;
      }
    }
    return end_segment() ? std::string_view{} : kAboveRoot;
  }

 private:
  static constexpr std::string_view kAboveRoot = "The path climbs above its root.";

  void begin_segment() {
    *end_++ = '/';
    segment_ = end_;
  }

  // Takes back the segment just written if it is a dot segment, so that an empty one is open in its
  // place. False if it is a `..` with nothing to remove.
  bool end_segment() {
    const std::string_view segment(segment_, static_cast<std::size_t>(end_ - segment_));
    if (segment != "." && segment != "..") return true;
    end_ = segment_;
    if (segment == ".") return true;
    if (end_ - out_ == 1) return false;
    do {
      --end_;
    } while (end_[-1] != '/');
    segment_ = end_;
    return true;
  }

  // Copies the character or escape at `i`, and moves `i` to its last byte.
  std::string_view character(std::string_view path, std::size_t& i) {
    const char c = path[i];
    if (is(kPath, c)) {
      *end_++ = c;
      return {};
    }
    if (c == '\\') return "The path has a backslash.";
    if (c != '%') return "The path has a character that must be percent-encoded.";
    const int value = unescape(path, i);
    i += 2;
    if (value < 0) return "The path has a malformed percent-encoding.";
    if (value == 0) return "The path has an encoded NUL.";
    if (value == '\\') return "The path has an encoded backslash.";
    if (value == '/' && !rules_.encoded_slash) return "The path has an encoded slash.";
    encoded_slash_ = encoded_slash_ || value == '/';
    if (is(kUnreserved, static_cast<char>(value))) {
      *end_++ = static_cast<char>(value);
    } else {
      end_ = write_escape(end_, value);
    }
    return {};
  }

  char* out_;
  char* end_;
  char* segment_ = nullptr;
  TargetRules rules_;
  bool encoded_slash_ = false;
};

// Whether `.` or `..` stands between slashes of which one is encoded. `path` is canonical.
bool hides_dot_segment(std::string_view path) {
  while (!path.empty()) {
    const auto end = std::min({path.find('/'), path.find("%2F"), path.size()});
    const auto piece = path.substr(0, end);
    if (piece == "." || piece == "..") return true;
    path.remove_prefix(end);
    path.remove_prefix(path.empty() ? 0 : path.front() == '/' ? 1 : 3);
  }
  return false;
}

Result<std::string_view> canonical_path(std::string_view path, Arena& arena, TargetRules rules,
                                        bool& encoded_slash) {
  if (is_plain(path)) return path;
  PathWriter writer(arena.take(path.size()), rules);
  if (const auto fault = writer.write(path); !fault.empty())
    return fail(reasons::kMalformedRequest, fault);
  const auto text = writer.text();
  encoded_slash = writer.encoded_slash();
  if (encoded_slash && hides_dot_segment(text))
    return fail(reasons::kMalformedRequest, "The path hides a dot segment in encoded slashes.");
  return text == path ? path : text;
}

std::string_view fault_of_query(std::string_view query) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (is(kQuery, query[i])) continue;
    if (query[i] != '%') return "The query has a character that must be percent-encoded.";
    if (unescape(query, i) < 0) return "The query has a malformed percent-encoding.";
    i += 2;
  }
  return {};
}

}  // namespace

std::string_view fault_of_authority(std::string_view text) {
  HostBuffer buffer;
  return read_authority(text, buffer).fault;
}

Result<Authority> parse_authority(std::string_view text, Arena& arena) {
  HostBuffer buffer;
  const auto parts = read_authority(text, buffer);
  if (!parts.fault.empty()) return fail(reasons::kMalformedRequest, parts.fault);
  std::array<char, 6> digits{};
  const auto port = parts.port ? write_port(*parts.port, digits) : std::string_view{};
  Authority out{.host = {}, .port = parts.port, .text = text};
  const auto n = parts.host.size();
  if (text.substr(0, n) != parts.host || text.substr(n) != port)
    out.text = arena.join(parts.host, port);
  out.host = out.text.substr(0, n);
  return out;
}

Result<std::string_view> target_authority(Method method, std::string_view target) {
  const auto refuse = [](std::string_view detail) {
    return fail(reasons::kMalformedRequest, detail);
  };
  if (method == Method::connect) {  // RFC 9112 §3.2.3: nothing but host and port.
    if (const auto fault = fault_of_authority(target); !fault.empty()) return refuse(fault);
    const auto split = split_port(target);
    if (split.port.empty()) return refuse("CONNECT needs a port.");
    return target;
  }
  if (target.starts_with('/')) return std::string_view{};
  if (target == "*") {
    if (method == Method::options) return std::string_view{};
    return refuse("The target `*` is for OPTIONS only.");
  }
  const auto absolute = split_absolute(target);
  if (absolute.scheme.empty()) return refuse("The request target is in no known form.");
  if (const auto fault = fault_of_authority(absolute.authority); !fault.empty())
    return refuse(fault);
  return absolute.authority;
}

Result<Target> canonical_target(const RequestHead& head, Arena& arena, TargetRules rules) {
  Target out;
  if (!head.authority.empty()) {
    auto authority = parse_authority(head.authority, arena);
    if (!authority) return fail(authority.error());
    out.authority = *authority;
  }
  auto rest = head.target;
  if (!rest.starts_with('/') && rest != "*") {
    const auto absolute = split_absolute(rest);
    out.https = equals_ignoring_case(absolute.scheme, "https");
    rest = absolute.rest;
  }
  const bool whole_server = head.method == Method::options && (rest.empty() || rest == "*");
  const auto mark = std::min(rest.find('?'), rest.size());
  out.has_query = mark < rest.size();
  if (out.has_query) out.query = rest.substr(mark + 1);
  if (const auto fault = fault_of_query(out.query); !fault.empty())
    return fail(reasons::kMalformedRequest, fault);
  if (whole_server) {
    out.path = "*";
  } else if (mark == 0) {
    out.path = "/";
  } else {
    auto path = canonical_path(rest.substr(0, mark), arena, rules, out.encoded_slash);
    if (!path) return fail(path.error());
    out.path = *path;
  }
  if (out.path.data() == rest.data() && out.path.size() == mark) {
    out.text = rest;  // Canonical as it came.
  } else {
    out.text = out.has_query ? arena.join(out.path, "?", out.query) : out.path;
  }
  return out;
}

}  // namespace penstock::http
