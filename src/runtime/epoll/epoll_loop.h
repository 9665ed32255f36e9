#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "runtime/clocks.h"
#include "runtime/loop.h"

struct epoll_event;

namespace penstock {

class EpollHandle;

// The reference backend: edge-triggered epoll. A socket is registered once; a read that fills less
// than its room means "empty" and the next waits for an event, so that a proxied request costs two
// recv and two send.
class EpollLoop final : public Loop {
 public:
  // Error::exhausted or system when the kernel gives no descriptors.
  static Result<std::unique_ptr<EpollLoop>> create(std::uint64_t seed);
  ~EpollLoop() override;

  std::string_view name() const override { return "epoll"; }
  Instant clock() const override;
  std::unique_ptr<Acceptor> acceptor(int descriptor) override;
  std::unique_ptr<Stream> adopt(int descriptor) override;

  bool start(Connect& connect) override;
  bool check(Connect& connect) override;
  void forget(Connect& connect) override;

  // For the sockets of this loop. False, with errno, when the kernel refuses.
  bool add(int descriptor, std::uint32_t events, EpollHandle& handle);
  void remove(int descriptor);

 protected:
  void wait(Instant until) override;
  void wake() override;
  Duration worked() const override;

 private:
  EpollLoop(int epoll, int event, std::uint64_t seed);
  void read_clocks();

  int epoll_;
  int event_;
  std::vector<epoll_event> events_;
  Clocks clocks_;
};

}  // namespace penstock
