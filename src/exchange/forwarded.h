#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "net/address.h"

namespace penstock {

// Elements of X-Forwarded-For or Forwarded that are looked at and sent on, counted from the right.
inline constexpr std::size_t kMaxForwardedElements = 64;
inline constexpr std::size_t kMaxRequestId = 128;

// How a request reached this gateway: what its connection says, which nobody can forge.
struct Arrival {
  const Address& peer;
  std::string_view scheme;  // http | https: whether the listener speaks TLS.
  std::string_view host;    // The authority asked for, as in Host; may hold a port.
  std::uint16_t port = 0;   // The listener's own.
};

// Who the client is and what it asked for, as far as its peer can be believed. Texts live in the
// arena, the fields' buffer, or the Arrival's.
struct Forwarded {
  std::optional<IpAddress> client;    // None for a peer on a unix socket.
  std::string_view client_text = {};  // `203.0.113.7`, `2001:db8::1`, or `unix`.
  bool peer_trusted = false;
  std::string_view scheme = {};  // What the client used: http | https.
  std::string_view host = {};
  std::string_view port = {};  // Digits; empty when nobody knows (a unix socket).
  std::string_view chain =
      {};  // X-Forwarded-For for the service; empty for a peer on a unix socket.
};

// Finds the client. A peer outside `trusted` is the client, and whatever the request says of others
// is ignored. Else X-Forwarded-For (all lines, as one list) is walked from the right through
// trusted addresses: the first that is not trusted is the client, or the leftmost when all are. The
// walk stops before an element that is no address (malformed, `unknown`, obfuscated) and after
// kMaxForwardedElements: the last good address is then the client.
//
// `Forwarded` (RFC 7239) is walked the same way, but only when there is no X-Forwarded-For: a proxy
// that keeps the one usually hands on the other as the client sent it, and X-Forwarded-For is what
// most keep. Proxies that keep only `Forwarded` must therefore remove X-Forwarded-For.
//
// Scheme, host and port come from a trusted peer's X-Forwarded-Proto, -Host and -Port (the last
// element of each: the peer's own), or, where `Forwarded` is walked, from its element that names
// the client. What is missing or malformed is taken from the Arrival. A peer on a unix socket has
// no address, so it is never trusted.
Forwarded find_client(const Arrival& arrival, const CidrSet& trusted, const http::Fields& fields,
                      Arena& arena);

// Makes the request say towards the service what was found, in one form: sets X-Forwarded-For (the
// received list, if the peer is trusted, and the peer), -Proto, -Host and -Port; drops `Forwarded`
// and X-Real-IP, which would tell the same a second time, and from peers not trusted all other
// X-Forwarded-… too.
void write_forwarded(const Forwarded& forwarded, http::Fields& fields);

// The received X-Request-Id if the peer is trusted and it is one line of 1 to 128 letters, digits,
// `.`, `_` or `-`; else `fresh`.
std::string_view choose_request_id(const http::Fields& fields, bool peer_trusted,
                                   std::string_view fresh);

}  // namespace penstock
