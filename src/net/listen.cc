#include "net/listen.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace penstock {
namespace {

constexpr int kBacklog = 4096;  // The kernel lowers it to net.core.somaxconn.

std::string sentence(const Address& address, int error) {
  if (error == EADDRINUSE)
    return "cannot listen on " + address.to_text() + ": another process does";
  if (error == EACCES)
    return "cannot listen on " + address.to_text() +
           ": not permitted; ports below 1024 need CAP_NET_BIND_SERVICE";
  if (error == EADDRNOTAVAIL)
    return "cannot listen on " + address.to_text() + ": this machine has no such address";
  return "cannot listen on " + address.to_text() + ": " + std::strerror(error);
}

void set(int descriptor, int level, int option) {
  const int on = 1;
  setsockopt(descriptor, level, option, &on, sizeof on);
}

// A bound socket, or -1 with errno.
int bound_socket(const Address& address, bool shared) {
  const int descriptor = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  set(descriptor, SOL_SOCKET, SO_REUSEADDR);
  if (shared) set(descriptor, SOL_SOCKET, SO_REUSEPORT);
  if (bind(descriptor, address.raw(), address.raw_size()) == 0) return descriptor;
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

// Whether anybody listens there: a socket that does not share the port cannot be bound beside one
// that does.
int occupied(const Address& address) {
  const int probe = bound_socket(address, false);
  if (probe < 0) return errno;
  const int error = listen(probe, 1) == 0 ? 0 : errno;
  close(probe);
  return error;
}

Address address_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const raw = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(descriptor, raw, &size) != 0) return {};
  return Address::from(raw, size);
}

}  // namespace

std::expected<ListeningSockets, std::string> ListeningSockets::open(const Address& address,
                                                                    std::size_t count) {
  const int error = occupied(address);
  if (error != 0) return std::unexpected(sentence(address, error));
  ListeningSockets sockets;
  sockets.address_ = address;
  for (std::size_t i = 0; i < count; ++i) {
    const int descriptor = bound_socket(sockets.address_, true);
    if (descriptor < 0) return std::unexpected(sentence(address, errno));
    sockets.descriptors_.push_back(descriptor);
    if (listen(descriptor, kBacklog) != 0) return std::unexpected(sentence(address, errno));
    if (i == 0) sockets.address_ = address_of(descriptor);
  }
  return sockets;
}

std::expected<ListeningSockets, std::string> ListeningSockets::adopt(std::vector<int> descriptors) {
  ListeningSockets sockets;
  sockets.descriptors_ = std::move(descriptors);
  for (const int descriptor : sockets.descriptors_) {
    const auto address = listening_on(descriptor);
    if (!address) return std::unexpected("a descriptor that was handed over does not listen");
    if (sockets.address_.empty()) sockets.address_ = *address;
    if (sockets.address_ != *address)
      return std::unexpected("sockets that were handed over listen on " +
                             sockets.address_.to_text() + " and " + address->to_text());
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  }
  return sockets;
}

ListeningSockets::ListeningSockets(ListeningSockets&& other) noexcept
    : address_(other.address_), descriptors_(std::exchange(other.descriptors_, {})) {}

ListeningSockets::~ListeningSockets() {
  close();
}

void ListeningSockets::close() {
  for (const int descriptor : descriptors_) ::close(descriptor);
  descriptors_.clear();
}

std::optional<Address> listening_on(int descriptor) {
  int listens = 0;
  int type = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return std::nullopt;
  size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return std::nullopt;
  auto address = address_of(descriptor);
  const bool internet = address.family() == AF_INET || address.family() == AF_INET6;
  if (listens == 0 || type != SOCK_STREAM || !internet) return std::nullopt;
  return address;
}

}  // namespace penstock
