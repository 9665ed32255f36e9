#pragma once

#include <memory>

#include "base/list.h"
#include "base/result.h"
#include "runtime/clocks.h"
#include "runtime/loop.h"
#include "runtime/uring/receive_blocks.h"
#include "runtime/uring/ring.h"
#include "runtime/uring/uring_socket.h"

namespace penstock {

// The backend of fewest system calls: all that a turn asks of the kernel goes to it in one, which
// waits as well. Needs Linux 6.1, and leave to use io_uring, which containers often lack.
class UringLoop final : public Loop, private Submitter {
 public:
  // Error::system or exhausted, with the errno, where io_uring is not to be had.
  static Result<std::unique_ptr<UringLoop>> create(std::uint64_t seed);
  ~UringLoop() override;

  std::string_view name() const override { return "io_uring"; }
  Instant clock() const override;
  std::unique_ptr<Acceptor> acceptor(int descriptor) override;
  std::unique_ptr<Stream> adopt(int descriptor) override;

  bool start(Connect& connect) override;
  bool check(Connect& connect) override;
  void forget(Connect& connect) override;

  // For the sockets of this loop.
  Ring& ring() { return *ring_; }
  ReceiveBlocks& blocks() { return blocks_; }
  // It found no block to receive into: it is to try again as soon as there is one.
  void starve(UringSocket& socket) { starving_.push_back(socket); }
  // Its owner is gone, the kernel still speaks of it.
  void keep(Submitter& submitter) { orphans_.push_back(submitter); }

 protected:
  void wait(Instant until) override;
  void wake() override;
  Duration worked() const override;
  void ended() override;

 private:
  UringLoop(std::unique_ptr<Ring> ring, int event, std::uint64_t seed);
  void complete(unsigned which, std::int32_t result, std::uint32_t flags) override;
  void watch_event();
  void feed_the_starving();

  std::unique_ptr<Ring> ring_;
  ReceiveBlocks blocks_;
  int event_;
  std::uint64_t event_count_ = 0;
  Clocks clocks_;
  List<UringSocket, StarvedTag> starving_;
  List<Submitter, SubmitterTag> orphans_;
};

}  // namespace penstock
