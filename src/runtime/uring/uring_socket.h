#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/list.h"
#include "runtime/buffers.h"
#include "runtime/stream.h"
#include "runtime/uring/ring.h"

namespace penstock {

class UringLoop;
class UringStream;
struct StarvedTag;

// A socket with all that the kernel does on it, which it outlives: its stream may go before.
class UringSocket final : public Submitter, public Link<StarvedTag> {
 public:
  // Owns the descriptor, which is a blocking one.
  UringSocket(UringLoop& loop, int descriptor, UringStream& stream);

  int descriptor() const { return descriptor_; }
  // The end of the stream: closes the descriptor, and *this may be gone.
  void let_go();

  // Asks for what arrives next, once: it is in `arrived`, or the end is known. Nothing if either is
  // so already.
  void receive();
  // Asks to be told when the peer has half-closed or is gone.
  void watch_peer();
  void connect(const SocketAddress& address);

  // One send at a time. `parts` are the kernel's until sent() or abandon_send().
  void send(const Stream::Parts& parts);
  enum class Sending : std::uint8_t { no, in_kernel, done, abandoned };
  Sending sending() const { return sending_; }
  // The bytes that were sent, or minus an errno.
  std::int32_t sent();
  void abandon_send();

  Lent arrived;
  bool finished = false;  // FIN came.
  int broken = 0;         // An errno.
  int connect_error = 0;

 private:
  enum Operation : unsigned { kReceive, kSend, kPoll, kConnect };
  struct Message {
    msghdr head;
    std::array<iovec, Stream::kParts> parts;
  };

  void complete(unsigned which, std::int32_t result, std::uint32_t flags) override;
  void received(std::int32_t result, std::uint32_t flags);
  void polled(std::int32_t events);
  void begin(io_uring_sqe& entry, Operation operation);

  UringLoop& loop_;
  const int descriptor_;
  UringStream* stream_;
  std::unique_ptr<Message> message_;        // Of a send with more parts than one.
  std::unique_ptr<SocketAddress> address_;  // While it connects.
  std::int32_t sent_ = 0;
  std::uint8_t under_way_ = 0;  // Operations that have not completed.
  Sending sending_ = Sending::no;
  bool receiving_ = false;
  bool polling_ = false;
  bool likely_empty_ = false;  // The last receive took all there was.
};

}  // namespace penstock
