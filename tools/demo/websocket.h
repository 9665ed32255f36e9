#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stream.h"

namespace penstock::demo {

// What a server answers to `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
std::string accept_key(std::string_view key);

// After the handshake: sends every message back until the peer closes.
void echo_messages(Stream& stream);

// The client's side: the handshake, one message there, and what came back.
std::optional<std::string> ask_echo(Stream& stream, std::string_view host, std::string_view path,
                                    std::string_view message);

}  // namespace penstock::demo
