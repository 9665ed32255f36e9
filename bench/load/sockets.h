#pragma once

#include <sys/epoll.h>

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
  virtual void on_readable() = 0;
};

class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  // Level-triggered, readable only: what is sent here is small and fits the socket's buffer.
  void watch(int descriptor, Handler& handler) const;
  // Waits at most 10 ms and calls the handlers.
  void turn() const;

 private:
  int descriptor_;
};

// All of these end the program with a word on what failed: a benchmark has no second try.
[[noreturn]] void give_up(const char* what);
int listen_on(std::uint16_t port);
int accept_from(int listener);  // -1 when nobody waits.
int connect_to(std::uint16_t port);
// What there is, at most `size` bytes; 0 when the peer closed, -1 when there is nothing yet.
long receive(int descriptor, char* to, unsigned long size);
void send_all(int descriptor, std::string_view bytes);

}  // namespace penstock::bench
