#include "runtime/epoll/epoll_stream.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/socket.h"

namespace penstock {
namespace {

constexpr Error kClosed{.kind = Error::Kind::closed};

}  // namespace

// --- EpollStream

EpollStream::~EpollStream() {
  ensure(recv_ == nullptr && send_ == nullptr && watcher_ == nullptr && peer_watcher_ == nullptr);
  close(descriptor_);
  loop_.count_socket(-1);
}

bool EpollStream::enroll() {
  return static_cast<EpollLoop&>(loop_).add(descriptor_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                            *this);
}

void EpollStream::watch(Operation& watcher) {
  watcher_ = &watcher;
  // After a read that filled its room it is not known yet whether there is more.
  if (readable_ && !hung_up_) readable_ = peek();
  if (readable_) loop_.ready(watcher);
}

bool EpollStream::peek() {
  char byte = 0;
  if (::recv(descriptor_, &byte, 1, MSG_PEEK) >= 0) return true;
  if (would_block(errno)) return false;
  broken_ = errno;
  return true;
}

void EpollStream::unwatch() {
  if (watcher_ == nullptr) return;
  static_cast<Link<RunTag>&>(*watcher_).unlink();
  watcher_ = nullptr;
}

void EpollStream::watch_peer(Operation* watcher) {
  if (watcher == nullptr && peer_watcher_ != nullptr)
    static_cast<Link<RunTag>&>(*peer_watcher_).unlink();
  peer_watcher_ = watcher;
  if (watcher != nullptr && peer_ != Peer::present) loop_.ready(*watcher);
}

void EpollStream::shutdown_write() {
  shutdown(descriptor_, SHUT_WR);
}

void EpollStream::reset_on_close() {
  linger_none(descriptor_);
}

void EpollStream::note(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (hung_up_) {
    peer_ = (events & (EPOLLHUP | EPOLLERR)) != 0 ? Peer::gone : std::max(peer_, Peer::half_closed);
    if (peer_watcher_ != nullptr) loop_.ready(*peer_watcher_);
  }
  if ((events & EPOLLIN) != 0 || hung_up_) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if (connect_ != nullptr) {
    if (writable_) loop_.ready(*connect_);
    return;
  }
  if (watcher_ != nullptr && readable_) loop_.ready(*watcher_);
  if (recv_ != nullptr && readable_) loop_.ready(*recv_);
  if (send_ != nullptr && writable_) loop_.ready(*send_);
}

std::optional<Result<Lent>> EpollStream::try_recv(std::size_t most) {
  while (readable_) {
    auto lent = loop_.buffers().lend();
    const auto room = std::min(most, BufferPool::kBlock);
    const auto got = ::recv(descriptor_, lent.block(), room, 0);
    if (got > 0) {
      if (static_cast<std::size_t>(got) < room && !hung_up_) readable_ = false;
      lent.fill(static_cast<std::size_t>(got));
      return Result<Lent>(std::move(lent));
    }
    if (got == 0) return fail(broken_ != 0 ? socket_error(broken_) : kClosed);
    if (errno == EINTR) continue;
    if (!would_block(errno)) return fail(socket_error(broken_ = errno));
    readable_ = false;
  }
  return std::nullopt;
}

bool EpollStream::start(Recv& recv) {
  recv_ = nullptr;
  auto got = try_recv(recv.most());
  if (got) return recv.complete(std::move(*got));
  recv_ = &recv;
  return false;
}

bool EpollStream::start(Send& send) {
  send_ = nullptr;
  while (writable_) {
    std::array<iovec, kParts> parts{};
    std::size_t n = 0;
    for (const auto part : send.parts()) {
      if (part.empty()) continue;
      parts[n++] = {const_cast<char*>(part.data()), part.size()};
    }
    const msghdr message{.msg_name = nullptr,
                         .msg_namelen = 0,
                         .msg_iov = parts.data(),
                         .msg_iovlen = n,
                         .msg_control = nullptr,
                         .msg_controllen = 0,
                         .msg_flags = 0};
    const auto left = send.left();
    const auto put = n == 1 ? ::send(descriptor_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                            : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (put >= 0) {
      if (static_cast<std::size_t>(put) < left) writable_ = false;
      if (send.sent(static_cast<std::size_t>(put))) return true;
      continue;
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) {
      // EPIPE: the break has been told, or came after a FIN, which stays one.
      if (errno != EPIPE) broken_ = errno;
      return send.fail(socket_error(errno));
    }
    writable_ = false;
  }
  send_ = &send;
  return false;
}

std::size_t EpollStream::try_send(std::string_view bytes) {
  if (!writable_) return 0;
  const auto put = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0 && !would_block(errno)) {
    if (errno != EPIPE && errno != EINTR) broken_ = errno;
    return 0;
  }
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(put, 0));
  if (taken < bytes.size()) writable_ = false;
  return taken;
}

// --- Connecting

bool EpollLoop::start(Connect& connect) {
  const auto& address = connect.address();
  const int descriptor =
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return connect.complete(fail(socket_error(errno)));
  auto stream = std::make_unique<EpollStream>(*this, descriptor);
  no_delay(descriptor);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address.storage);
  const bool now = ::connect(descriptor, to, address.length) == 0;
  if (!now && errno != EINPROGRESS) return connect.complete(fail(socket_error(errno)));
  if (!stream->enroll()) return connect.complete(fail(socket_error(errno)));
  if (!now) stream->connecting(&connect);
  connect.stream = std::move(stream);
  return now && connect.complete({});
}

bool EpollLoop::check(Connect& connect) {
  auto& stream = static_cast<EpollStream&>(*connect.stream);
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(stream.descriptor(), SOL_SOCKET, SO_ERROR, &error, &length);
  stream.connected();
  if (error != 0) return connect.complete(fail(socket_error(error)));
  return connect.complete({});
}

void EpollLoop::forget(Connect& connect) {
  connect.stream.reset();
}

// --- EpollAcceptor

EpollAcceptor::EpollAcceptor(EpollLoop& loop, int descriptor)
    : Acceptor(loop), descriptor_(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {
  // A descriptor of its own, so that leaving epoll is a close that leaves the socket listening.
  ensure(descriptor_ >= 0 && loop.add(descriptor_, EPOLLIN | EPOLLET, *this));
}

EpollAcceptor::~EpollAcceptor() {
  ensure(accept_ == nullptr);
  // epoll watches the open file, not the descriptor: while the process keeps the listening socket,
  // a close alone would leave the registration behind.
  static_cast<EpollLoop&>(loop_).remove(descriptor_);
  close(descriptor_);
}

void EpollAcceptor::note(std::uint32_t) {
  readable_ = true;
  if (accept_ != nullptr) loop_.ready(*accept_);
}

bool EpollAcceptor::start(Accept& accept) {
  accept_ = nullptr;
  // An event that has not been noted yet must not hide what is queued.
  if (accept.now_only()) readable_ = true;
  while (readable_) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    const int descriptor = accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer.storage),
                                   &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      auto stream = std::make_unique<EpollStream>(static_cast<EpollLoop&>(loop_), descriptor);
      no_delay(descriptor);
      if (!stream->enroll()) return accept.complete(fail(socket_error(errno)));
      return accept.complete(Accepted{std::move(stream), peer});
    }
    // What a connection brought with it before it was accepted is not this socket's error.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    if (!would_block(errno)) return accept.complete(fail(socket_error(errno)));
    readable_ = false;
  }
  accept_ = &accept;
  return false;
}

}  // namespace penstock
