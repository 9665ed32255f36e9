#include "runtime/socket.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace penstock {
namespace {

// Whether a call is repeated, and what its client is told, hangs on the kind.
TEST(SocketError, IsOfTheKindThatItsErrnoMeans) {
  using Kind = Error::Kind;
  const std::vector<std::pair<Kind, std::vector<int>>> kinds{
      {Kind::refused, {ECONNREFUSED}},
      {Kind::reset, {ECONNRESET, ECONNABORTED, EPIPE}},
      {Kind::unreachable, {ENETUNREACH, EHOSTUNREACH, EACCES, EPERM, EADDRNOTAVAIL, ENOENT}},
      {Kind::timed_out, {ETIMEDOUT}},
      {Kind::exhausted, {EMFILE, ENFILE, EAGAIN, ENOBUFS, ENOMEM}},
      {Kind::system, {EINVAL, EIO}},
  };
  for (const auto& [kind, numbers] : kinds) {
    for (const int number : numbers) {
      EXPECT_EQ(socket_error(number).kind, kind) << number;
      EXPECT_EQ(socket_error(number).os, number);
    }
  }
}

}  // namespace
}  // namespace penstock
