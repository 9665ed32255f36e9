#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/message.h"

namespace penstock::http {

// What RFC 9110 §7.6 asks of an intermediary. The order for a request: look at Via and
// Max-Forwards, find out who the client is (exchange/forwarded.h), clean, then add the gateway's
// own fields: so no client can remove, by naming it in `Connection`, what the gateway adds.

// More connection options than this in one message are refused.
inline constexpr std::size_t kMaxConnectionOptions = 64;

// Removes what ends at this hop: `Connection` and the fields it lists, Keep-Alive,
// Proxy-Connection, Proxy-Authenticate, Proxy-Authentication-Info, Proxy-Authorization, TE,
// Transfer-Encoding, Upgrade, HTTP2-Settings. `TE: trailers` and, where `upgrade_websocket` is set,
// `Upgrade: websocket` are put back in their plainest form; the writer adds the matching
// `Connection` options, and framing from `framing`. `Connection` may not list Host, Content-Length,
// Via or Max-Forwards: RFC 9110 §7.6.1 forbids senders to list what is meant for all recipients,
// and without these the message would be another one or the loop detection blind. Such an option is
// ignored, not obeyed. What is no token names no field and is ignored.
//
// From a request it also removes the fields by which the gateway tells a service who is calling
// (X-User-Id and the like, Client-Cert), and any field that reads like one of those, or like
// another the gateway writes, once its separators are taken for one (`X_User_Id`,
// `Content_Length`): CGI and its heirs make no difference between them.
//
// Refuses (400; 502 for a response) only too many connection options.
Result<void> clean(RequestHead& head);
Result<void> clean(ResponseHead& head);

// Fields that only the gateway itself writes or removes: framing, addressing, the request's id and
// trace, and what reads like one of them to a recipient that takes separators for one another.
bool is_gateways_own(std::string_view name);

// Removes from trailers what clean() would remove from a request, and all else that the gateway
// writes or decides by: a recipient may merge trailers into the head (RFC 9110 §6.5.2). What RFC
// 9110 §6.5.1 forbids in trailers the decoder has dropped already.
void clean_trailers(Fields& trailers);

// Writes this gateway into `Via` and finds itself there. One per node, alive for as long as the
// messages it wrote to.
class Via {
 public:
  // Requests that have passed a node of this name that often are refused. Not 1, as long as all
  // nodes share one name: gateways may stand behind each other.
  static constexpr std::size_t kMaxPasses = 4;

  // `pseudonym` is a token (RFC 9110 §7.6.3). One that no other node has allows max_passes = 1.
  explicit Via(std::string_view pseudonym = "penstock", std::size_t max_passes = kMaxPasses);

  bool loops(const Fields& fields) const { return passes(fields) >= max_passes_; }
  // How often the pseudonym stands in `Via`. Comments are not skipped, so that an open bracket sent
  // by a client cannot hide what follows it.
  std::size_t passes(const Fields& fields) const;
  // Adds `1.1 penstock` as the last line, with the version the message was received in.
  void append(Fields& fields, std::uint8_t minor_version) const;

 private:
  std::string http10_;  // "1.0 penstock"
  std::string http11_;
  std::size_t max_passes_;
};

// RFC 9110 §7.6.2, for OPTIONS and TRACE; other methods are always forwarded untouched.
enum class Hops : std::uint8_t { forward, answer_here };
// Counts Max-Forwards down (in `arena`). answer_here: it was 0, so the gateway is the last
// recipient. A value that is no number, or several lines, is refused with 400.
Result<Hops> count_down_max_forwards(RequestHead& head, Arena& arena);

}  // namespace penstock::http
