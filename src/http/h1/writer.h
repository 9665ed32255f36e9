#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

// Heads into bytes, RFC 9112 §3, §4 and §5. Appends, and allocates only when the capacity is used
// up.
//
// A head is written from its meaning, not from what was received: the version is always HTTP/1.1;
// Content-Length, Transfer-Encoding and Connection come from `framing`, `keep_alive`,
// `upgrade_websocket` and a `TE` field (which must be listed, RFC 9110 §10.1.4), and the lines of
// those names in `fields` are skipped. Names and values came from the parser or from the gateway
// and cannot split a message; builds with assertions check that.
namespace penstock::http::h1 {

void append_request(std::string& out, const RequestHead& head);

// A Content-Length line is kept where it describes what HEAD or 304 leave out, and never written
// with 1xx and 204 (RFC 9110 §8.6). `client_minor_version` is that of the request: to HTTP/1.0 a
// connection that stays open must be announced, and `chunked` cannot be sent. A close is not
// announced with 1xx, since the final answer is still to come.
void append_response(std::string& out, const ResponseHead& head,
                     std::uint8_t client_minor_version = 1);

// One line, with CRLF.
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace penstock::http::h1
