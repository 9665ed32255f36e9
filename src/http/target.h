#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/message.h"

// The one canonical form of what a request asks for: matched, logged and sent upstream alike, so
// that no two of them can disagree on what it means. What two of them might read differently, and
// no honest client sends, is refused.
namespace penstock::http {

// Host and port, RFC 9110 §4.2 and RFC 3986 §3.2.
//
// The host is in lower case and without the root's dot; percent-encoded only where it must be; an
// IPv6 address in brackets, in its shortest form. Refused beyond the grammar: an empty host or
// label, a comma (two hosts in one field), an encoded control character, IPv6 zones, IPvFuture,
// more than 255 bytes. A port is at most 65535; an empty one is none.
struct Authority {
  std::string_view host;
  std::optional<std::uint16_t> port;
  std::string_view text;  // Both together, as for a Host field.
};
// The views are of `text` where that was canonical, else of `arena`.
Result<Authority> parse_authority(std::string_view text, Arena& arena);
// What is wrong with it, in public words; empty if nothing is.
std::string_view fault_of_authority(std::string_view text);

// The authority of an absolute-form target; empty for origin-form and asterisk-form. Fails for a
// target in no form that fits the method (RFC 9112 §3.2), and for an authority that is not valid.
Result<std::string_view> target_authority(Method method, std::string_view target);

struct TargetRules {
  // Leaves %2F as it is, part of a segment, instead of refusing it. A path with `.` or `..` between
  // such slashes is refused all the same: it would climb where a recipient decodes it.
  bool encoded_slash = false;
};

// Path: begins with `/`, without dot segments and empty inner segments; percent-encoded, with
// upper-case digits, only where it must be. It is `*` for `OPTIONS *` and for OPTIONS of an
// absolute-form without a path (RFC 9112 §3.2.4). Empty segments are merged before dot segments are
// removed, and a path that climbs above its root is refused, since peers differ on both. Only the
// characters of RFC 3986 §3.3 are taken.
//
// Query: kept byte by byte. Beside the characters of RFC 3986 §3.4 those are taken that browsers
// leave as they are: [ ] { } | \ ^ `.
struct Target {
  Authority authority;  // Empty for an HTTP/1.0 request that names none.
  std::string_view path;
  std::string_view query;      // Without its `?`.
  bool has_query = false;      // `/a?` is not `/a`.
  bool https = false;          // An absolute-form says so.
  bool encoded_slash = false;  // The path has %2F.
  std::string_view text;       // Path and query: the target to send.
};
// Of a head that parse_request accepted. The views are of the head's bytes or of `arena`.
Result<Target> canonical_target(const RequestHead& head, Arena& arena, TargetRules rules = {});

}  // namespace penstock::http
