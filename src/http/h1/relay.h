#pragma once

#include <string>

#include "http/body.h"
#include "http/responder.h"
#include "runtime/stream.h"

namespace penstock::http::h1 {

// Sends `out` (a head, or nothing) and then a body, in the given framing, as fast as `to` takes it
// and no faster: at most one piece is under way. The head leaves together with the first bytes if
// those are there, and does not wait for them. `out` is used up.
//
// When the body fails nothing more is sent: no last chunk, so that the receiver sees it is cut.
// Sent::client_gone stands for the receiver, whichever side that is. `timeout` holds for each
// piece.
Task<Sent> relay(Stream& to, Body& body, Framing framing, std::string& out, Timeout timeout);

}  // namespace penstock::http::h1
