#include "runtime/uring/uring_socket.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/uring/uring_loop.h"
#include "runtime/uring/uring_stream.h"

namespace penstock {

UringSocket::UringSocket(UringLoop& loop, int descriptor, UringStream& stream)
    : loop_(loop), descriptor_(descriptor), stream_(&stream) {
  loop.count_socket(1);
}

void UringSocket::begin(io_uring_sqe& entry, Operation operation) {
  Ring::tell(entry, *this, operation);
  ++under_way_;
}

void UringSocket::let_go() {
  stream_ = nullptr;
  loop_.count_socket(-1);
  arrived.reset();
  Link<StarvedTag>::unlink();
  auto& ring = loop_.ring();
  if (!ring.is_mine()) {
    close(descriptor_);
  } else {
    // What waits holds the socket open: the peer would not see the close.
    if (under_way_ > 0) {
      auto& cancel = ring.next();
      io_uring_prep_cancel_fd(&cancel, descriptor_, IORING_ASYNC_CANCEL_ALL);
      cancel.user_data = 0;
    }
    auto& closing = ring.next();
    io_uring_prep_close(&closing, descriptor_);
    closing.user_data = 0;
  }
  if (under_way_ > 0) return loop_.keep(*this);
  delete this;
}

void UringSocket::complete(unsigned which, std::int32_t result, std::uint32_t flags) {
  --under_way_;
  switch (which) {
    case kReceive:
      received(result, flags);
      break;
    case kSend:
      sent_ = result;
      // The kernel tells a broken connection only once, and then answers as if FIN had come. EPIPE:
      // that has been told, or came after a FIN, which stays one.
      if (result < 0 && result != -EPIPE && result != -EAGAIN && result != -EINTR &&
          result != -ECANCELED && broken == 0)
        broken = -result;
      sending_ = sending_ == Sending::in_kernel ? Sending::done : Sending::no;
      if (stream_ != nullptr) stream_->note_sent();
      break;
    case kPoll:
      polled(result);
      break;
    default:
      connect_error = -result;
      address_.reset();
      if (stream_ != nullptr) stream_->note_connected();
  }
  if (stream_ == nullptr && under_way_ == 0) delete this;
}

// --- Receiving

void UringSocket::receive() {
  if (receiving_ || !arrived.empty() || finished || broken != 0) return;
  if (Link<StarvedTag>::linked()) return;
  auto& entry = loop_.ring().next();
  io_uring_prep_recv(&entry, descriptor_, nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = 0;
  if (likely_empty_) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
  begin(entry, kReceive);
  receiving_ = true;
}

void UringSocket::received(std::int32_t result, std::uint32_t flags) {
  receiving_ = false;
  Lent lent;
  if ((flags & IORING_CQE_F_BUFFER) != 0)
    lent = loop_.blocks().take(flags, result > 0 ? static_cast<std::size_t>(result) : 0);
  if (stream_ == nullptr) return;
  likely_empty_ = (flags & IORING_CQE_F_SOCK_NONEMPTY) == 0;
  if (result > 0) {
    arrived = std::move(lent);
  } else if (result == 0) {
    finished = true;
  } else if (result == -ENOBUFS) {
    return loop_.starve(*this);
  } else if (result == -EINTR || result == -EAGAIN) {
    return receive();
  } else {
    broken = -result;
  }
  stream_->note_received();
}

// --- The peer

void UringSocket::watch_peer() {
  // What is received next tells of the peer as well, unless there is something already.
  if (arrived.empty() && !finished) return receive();
  if (polling_ || broken != 0) return;
  auto& entry = loop_.ring().next();
  io_uring_prep_poll_add(&entry, descriptor_, finished ? 0 : POLLRDHUP);
  begin(entry, kPoll);
  polling_ = true;
}

void UringSocket::polled(std::int32_t events) {
  polling_ = false;
  if (stream_ != nullptr && events > 0)
    stream_->note_peer((events & (POLLHUP | POLLERR)) != 0 ? Stream::Peer::gone
                                                           : Stream::Peer::half_closed);
}

// --- Sending

void UringSocket::send(const Stream::Parts& parts) {
  std::array<iovec, Stream::kParts> pieces{};
  std::size_t n = 0;
  for (const auto part : parts) {
    if (!part.empty()) pieces[n++] = {const_cast<char*>(part.data()), part.size()};
  }
  auto& entry = loop_.ring().next();
  if (n == 1) {
    io_uring_prep_send(&entry, descriptor_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  } else {
    if (!message_) message_ = std::make_unique<Message>();
    message_->parts = pieces;
    message_->head = {};
    message_->head.msg_iov = message_->parts.data();
    message_->head.msg_iovlen = n;
    io_uring_prep_sendmsg(&entry, descriptor_, &message_->head, MSG_NOSIGNAL);
  }
  begin(entry, kSend);
  sending_ = Sending::in_kernel;
}

std::int32_t UringSocket::sent() {
  sending_ = Sending::no;
  return sent_;
}

void UringSocket::abandon_send() {
  if (sending_ == Sending::in_kernel) {
    loop_.ring().cancel(*this, kSend);
    sending_ = Sending::abandoned;
  } else if (sending_ == Sending::done) {
    sending_ = Sending::no;
  }
}

void UringSocket::connect(const SocketAddress& address) {
  address_ = std::make_unique<SocketAddress>(address);
  auto& entry = loop_.ring().next();
  io_uring_prep_connect(&entry, descriptor_, reinterpret_cast<const sockaddr*>(&address_->storage),
                        address_->length);
  begin(entry, kConnect);
}

}  // namespace penstock
