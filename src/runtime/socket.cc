#include "runtime/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace penstock {

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

Error socket_error(int error) {
  using Kind = Error::Kind;
  switch (error) {
    case ECONNREFUSED:
      return {.kind = Kind::refused, .os = error};
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return {.kind = Kind::reset, .os = error};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
    case EPERM:
    case EADDRNOTAVAIL:
    case ENOENT:
      return {.kind = Kind::unreachable, .os = error};
    case ETIMEDOUT:
      return {.kind = Kind::timed_out, .os = error};
    case EMFILE:
    case ENFILE:
    case EAGAIN:  // Only connect says so: no room in a unix socket's queue, or no port left.
    case ENOBUFS:
    case ENOMEM:
      return {.kind = Kind::exhausted, .os = error};
    default:
      return {.kind = Kind::system, .os = error};
  }
}

void no_delay(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void linger_none(int descriptor) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace penstock
