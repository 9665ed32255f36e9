#include "runtime/uring/uring_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/socket.h"
#include "runtime/uring/uring_loop.h"

namespace penstock {

// --- UringStream

UringStream::UringStream(UringLoop& loop, int descriptor)
    : Stream(loop), socket_(new UringSocket(loop, descriptor, *this)) {}

UringStream::~UringStream() {
  ensure(recv_ == nullptr && send_ == nullptr && watcher_ == nullptr && peer_watcher_ == nullptr);
  socket_->let_go();
}

void UringStream::watch(Operation& watcher) {
  watcher_ = &watcher;
  if (readable()) return loop_.ready(watcher);
  socket_->receive();
}

void UringStream::unwatch() {
  if (watcher_ == nullptr) return;
  static_cast<Link<RunTag>&>(*watcher_).unlink();
  watcher_ = nullptr;
}

void UringStream::watch_peer(Operation* watcher) {
  if (watcher == nullptr && peer_watcher_ != nullptr)
    static_cast<Link<RunTag>&>(*peer_watcher_).unlink();
  peer_watcher_ = watcher;
  if (watcher == nullptr) return;
  if (peer_ != Peer::present) loop_.ready(*watcher);
  socket_->watch_peer();
}

void UringStream::shutdown_write() {
  shutdown(socket_->descriptor(), SHUT_WR);
}

void UringStream::reset_on_close() {
  linger_none(socket_->descriptor());
}

void UringStream::note_received() {
  if (socket_->broken != 0)
    note_peer(Peer::gone);
  else if (socket_->finished)
    note_peer(Peer::half_closed);
  else if (peer_watcher_ != nullptr)
    socket_->watch_peer();
  if (watcher_ != nullptr) loop_.ready(*watcher_);
  if (recv_ != nullptr) loop_.ready(*recv_);
}

void UringStream::note_peer(Peer peer) {
  if (peer <= peer_) return;
  peer_ = peer;
  if (peer_watcher_ == nullptr) return;
  loop_.ready(*peer_watcher_);
  if (peer != Peer::gone) socket_->watch_peer();
}

void UringStream::note_sent() {
  if (send_ != nullptr) loop_.ready(*send_);
}

std::optional<Result<Lent>> UringStream::try_recv(std::size_t most) {
  auto& arrived = socket_->arrived;
  if (!arrived.empty()) {
    if (arrived.bytes().size() <= most) return Result<Lent>(std::move(arrived));
    auto part = loop_.buffers().lend();
    std::memcpy(part.block(), arrived.bytes().data(), most);
    part.fill(most);
    arrived.consume(most);
    return Result<Lent>(std::move(part));
  }
  if (socket_->broken != 0) return fail(socket_error(socket_->broken));
  if (socket_->finished) return fail(Error::Kind::closed);
  if (watcher_ != nullptr) socket_->receive();
  return std::nullopt;
}

bool UringStream::start(Recv& recv) {
  recv_ = nullptr;
  auto got = try_recv(std::min(recv.most(), BufferPool::kBlock));
  if (got) return recv.complete(std::move(*got));
  recv_ = &recv;
  socket_->receive();
  return false;
}

bool UringStream::start(Send& send) {
  using Sending = UringSocket::Sending;
  const bool mine = std::exchange(send_, nullptr) != nullptr;
  // After a send that was given up nobody knows how much of it was sent.
  if (socket_->sending() == Sending::abandoned) return send.fail({.kind = Error::Kind::reset});
  if (mine && socket_->sending() == Sending::done) {
    const auto sent = socket_->sent();
    if (sent >= 0 && send.sent(static_cast<std::size_t>(sent))) return true;
    if (sent < 0 && sent != -EINTR && sent != -EAGAIN) return send.fail(socket_error(-sent));
  }
  socket_->send(send.parts());
  send_ = &send;
  return false;
}

std::size_t UringStream::try_send(std::string_view bytes) {
  if (socket_->sending() != UringSocket::Sending::no) return 0;
  const auto put =
      ::send(socket_->descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return static_cast<std::size_t>(std::max<ssize_t>(put, 0));
}

void UringStream::forget(Send&) {
  send_ = nullptr;
  socket_->abandon_send();
}

// --- Connecting

void UringStream::connect(Connect& connect) {
  connect_ = &connect;
  socket_->connect(connect.address());
}

void UringStream::note_connected() {
  if (connect_ != nullptr) loop_.ready(*connect_);
}

int UringStream::connected() {
  connect_ = nullptr;
  return socket_->connect_error;
}

// --- UringAcceptor

// Waits for the listening socket to have a connection.
class UringAcceptor::Poll final : public Submitter {
 public:
  Poll(UringAcceptor& acceptor, int descriptor) : acceptor_(&acceptor), descriptor_(descriptor) {}

  int descriptor() const { return descriptor_; }

  void ask(Ring& ring) {
    if (std::exchange(asked_, true)) return;
    auto& entry = ring.next();
    io_uring_prep_poll_add(&entry, descriptor_, POLLIN);
    Ring::tell(entry, *this, 0);
  }
  void let_go(UringLoop& loop) {
    acceptor_ = nullptr;
    // Now: the kernel's wait holds the socket, which would go on taking connections.
    if (asked_ && loop.ring().is_mine()) loop.ring().cancel(*this, 0);
    close(descriptor_);
    if (asked_) return loop.keep(*this);
    delete this;
  }

 private:
  void complete(unsigned, std::int32_t, std::uint32_t) override {
    asked_ = false;
    if (acceptor_ == nullptr) {
      delete this;
    } else if (acceptor_->accept_ != nullptr) {
      acceptor_->loop_.ready(*acceptor_->accept_);
    }
  }

  UringAcceptor* acceptor_;
  const int descriptor_;
  bool asked_ = false;
};

UringAcceptor::UringAcceptor(UringLoop& loop, int descriptor)
    : Acceptor(loop), poll_(new Poll(*this, fcntl(descriptor, F_DUPFD_CLOEXEC, 0))) {
  ensure(poll_->descriptor() >= 0);
}

UringAcceptor::~UringAcceptor() {
  ensure(accept_ == nullptr);
  poll_->let_go(uring());
}

UringLoop& UringAcceptor::uring() const {
  return static_cast<UringLoop&>(loop_);
}

bool UringAcceptor::start(Accept& accept) {
  accept_ = nullptr;
  for (;;) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    const int descriptor = accept4(poll_->descriptor(), reinterpret_cast<sockaddr*>(&peer.storage),
                                   &peer.length, SOCK_CLOEXEC);
    if (descriptor >= 0) {
      no_delay(descriptor);
      return accept.complete(Accepted{std::make_unique<UringStream>(uring(), descriptor), peer});
    }
    // What a connection brought with it before it was accepted is not this socket's error.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    if (!would_block(errno)) return accept.complete(fail(socket_error(errno)));
    accept_ = &accept;
    poll_->ask(uring().ring());
    return false;
  }
}

}  // namespace penstock
