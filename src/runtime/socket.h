#pragma once

#include "base/result.h"

// What the real loops know of sockets.
namespace penstock {

bool would_block(int error);
// What an errno of a socket's system call means.
Error socket_error(int error);
// Small messages leave at once. Fails harmlessly on a unix socket.
void no_delay(int descriptor);
// The close that follows will be a reset.
void linger_none(int descriptor);

}  // namespace penstock
