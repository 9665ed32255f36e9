#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace penstock::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set(int descriptor, int level, int option) {
  const int on = 1;
  if (::setsockopt(descriptor, level, option, &on, sizeof on) != 0) give_up("setsockopt");
}

int new_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) give_up("socket");
  return descriptor;
}

}  // namespace

Poller::Poller() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (descriptor_ < 0) give_up("epoll_create1");
}

Poller::~Poller() {
  ::close(descriptor_);
}

void Poller::watch(int descriptor, Handler& handler) const {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &handler;
  if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0) give_up("epoll_ctl");
}

void Poller::turn(int milliseconds) const {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(descriptor_, events.data(), events.size(), milliseconds);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<Handler*>(event.data.ptr)->on_event(event.events);
  }
}

long receive(int descriptor, char* to, std::size_t size) {
  const auto got = ::recv(descriptor, to, size, 0);
  if (got < 0 && errno != EAGAIN) return 0;
  return got;
}

long send_some(int descriptor, std::string_view bytes) {
  const auto sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return 0;
  return sent;
}

void give_up(const char* what) {
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

int listen_on(std::uint16_t port) {
  const int descriptor = new_socket();
  set(descriptor, SOL_SOCKET, SO_REUSEADDR);
  const auto address = loopback(port);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(descriptor, generic, sizeof address) != 0) give_up("bind");
  if (::listen(descriptor, 4096) != 0) give_up("listen");
  return descriptor;
}

int accept_from(int listener) {
  const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) set(descriptor, IPPROTO_TCP, TCP_NODELAY);
  return descriptor;
}

int connect_to(std::uint16_t port) {
  const int descriptor = new_socket();
  set(descriptor, IPPROTO_TCP, TCP_NODELAY);
  const auto address = loopback(port);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(descriptor, generic, sizeof address) != 0 && errno != EINPROGRESS) {
    give_up("connect to the gateway");
  }
  return descriptor;
}

}  // namespace penstock::bench
