#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock::bench {

// What epoll reports to: one object per socket, on the one thread.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;
  // EPOLLIN, EPOLLOUT, EPOLLRDHUP and their like: said once, until there is something new.
  virtual void on_event(std::uint32_t events) = 0;
};

class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  // Edge-triggered, both ways, so that a socket is registered once.
  void watch(int descriptor, Handler& handler) const;
  // Waits at most that long, 0 for not at all, and calls the handlers.
  void turn(int milliseconds) const;

 private:
  int descriptor_;
};

// What there is, at most `size` bytes; 0 when the peer closed, -1 when there is nothing yet.
long receive(int descriptor, char* to, std::size_t size);
// How many bytes the kernel took, perhaps none; -1 when the connection is gone.
long send_some(int descriptor, std::string_view bytes);

// All of these end the program with a word on what failed: a benchmark has no second try.
[[noreturn]] void give_up(const char* what);
int listen_on(std::uint16_t port);
int accept_from(int listener);       // -1 when nobody waits.
int connect_to(std::uint16_t port);  // It may not be connected yet: wait for EPOLLOUT.

}  // namespace penstock::bench
