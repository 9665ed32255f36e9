#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "runtime/buffers.h"
#include "runtime/operation.h"

namespace penstock {

class Loop;

// A socket address as the kernel knows it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// A connected stream socket on one loop. At most one recv and one send at a time, which may overlap
// (the tunnel does so). Destroying it closes the socket; no operation may be waiting then.
class Stream {
 public:
  virtual ~Stream() = default;

  // The next bytes, at most `most` of them, in a block lent by the loop. Error::closed after the
  // peer's FIN, again and again.
  class Recv;
  Recv recv(std::size_t most, Timeout timeout);
  // What recv() would give without waiting; nothing where it would wait. For who stands between the
  // socket and its reader, beside watch(); not beside a recv.
  virtual std::optional<Result<Lent>> try_recv(std::size_t most) = 0;
  // Sends all of the parts, in order, in as few system calls as the socket allows. The bytes must
  // stay where they are until it completes.
  class Send;
  static constexpr std::size_t kParts = 4;
  using Parts = std::array<std::string_view, kParts>;
  Send send(const Parts& parts, Timeout timeout);
  Send send(std::string_view bytes, Timeout timeout);
  // Sends what the socket takes without waiting, and says how much that was. For last words, when
  // nobody will wait any more; not beside a send.
  virtual std::size_t try_send(std::string_view) { return 0; }

  // The recv that waits, if one does, completes with Error::reset: for who knows that it is in
  // vain.
  void interrupt();

  // Puts `watcher` into the run queue, once, when there is something to receive: bytes, a FIN or a
  // reset. Nothing is consumed. For a connection that nobody is reading, so not beside a recv.
  virtual void watch(Operation& watcher) = 0;
  // Forgets the watcher, also one that is in the run queue already: after this it does not run.
  virtual void unwatch() = 0;

  // What is known of the other side without reading: it may have half-closed (FIN) behind bytes
  // that are still unread, or be gone (reset).
  enum class Peer : std::uint8_t { present, half_closed, gone };
  virtual Peer peer() const { return Peer::present; }
  // Puts `watcher` into the run queue whenever peer() gets worse, and now if it is bad already;
  // nullptr ends that, also for one in the run queue. For who writes to a peer that has nothing to
  // say.
  virtual void watch_peer(Operation* watcher);

  // Sends FIN after what was sent; receiving goes on.
  virtual void shutdown_write() = 0;
  // The close that follows will be a reset: the peer sees that what it got is not whole.
  virtual void reset_on_close() = 0;

 protected:
  explicit Stream(Loop& loop) : loop_(loop) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Does the operation now if it can (true), else keeps it and puts it into the run queue when the
  // socket is ready.
  virtual bool start(Recv& recv) = 0;
  virtual bool start(Send& send) = 0;
  // Forgets an operation that is kept.
  virtual void forget(Recv& recv) = 0;
  virtual void forget(Send& send) = 0;

  // For a stream that stands over another: hands its send down.
  static bool start(Stream& below, Send& send) { return below.start(send); }
  static void forget(Stream& below, Send& send) { below.forget(send); }

  Loop& loop_;

 private:
  Recv* waiting_ = nullptr;
};

class Stream::Recv final : public Operation {
 public:
  Recv(Stream& stream, std::size_t most, Timeout timeout)
      : Operation(stream.loop_, timeout), stream_(stream), most_(most) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  Result<Lent> await_resume() { return std::move(result_); }

  void run() override;
  void cancel(Error::Kind why) override;

  // For the loop.
  std::size_t most() const { return most_; }
  bool complete(Result<Lent> result);

 private:
  Stream& stream_;
  std::size_t most_;
  Result<Lent> result_;
  bool done_ = false;
  bool yielded_ = false;
};

class Stream::Send final : public Operation {
 public:
  Send(Stream& stream, const Parts& parts, Timeout timeout);

  // What a stream over another one sends in place of what it was given. It belongs to the send, so
  // that its bytes stay for as long as the kernel may read them.
  class Source {
   public:
    virtual ~Source() = default;
    // The next parts, once those before have been sent; false when there are no more.
    virtual Result<bool> next(Parts& parts) = 0;
  };

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  Result<void> await_resume() { return result_; }

  void run() override;
  void cancel(Error::Kind why) override;

  // For the loop: what is left to send, and that n bytes of it were; true when that was all.
  const Parts& parts() const { return parts_; }
  std::size_t left() const { return left_; }
  bool sent(std::size_t n);
  bool fail(Error error);
  // For a stream over another one: from here on the parts are the source's. False when that has
  // none, which completes the send.
  bool has_source() const { return source_ != nullptr; }
  bool draw_from(std::unique_ptr<Source> source);

 private:
  bool refill();

  Stream& stream_;
  Parts parts_;
  std::unique_ptr<Source> source_;
  std::size_t left_ = 0;
  Result<void> result_;
  bool done_ = false;
  bool yielded_ = false;
  bool asleep_ = false;
};

inline Stream::Recv Stream::recv(std::size_t most, Timeout timeout) {
  return {*this, most, timeout};
}
inline Stream::Send Stream::send(const Parts& parts, Timeout timeout) {
  return {*this, parts, timeout};
}
inline Stream::Send Stream::send(std::string_view bytes, Timeout timeout) {
  return {*this, Parts{bytes}, timeout};
}

// A connection that arrived.
struct Accepted {
  std::unique_ptr<Stream> stream;
  SocketAddress peer;
};

// A listening socket on one loop. It does not own the descriptor, which belongs to the process.
class Acceptor {
 public:
  virtual ~Acceptor() = default;

  // The next connection. Error::exhausted when descriptors or memory ran out: the connection stays
  // in the kernel's queue, so wait a little and ask again. Error::timed_out when none came in time;
  // with a timeout of zero it looks only at what is queued already.
  class Accept;
  Accept accept(Timeout timeout);
  // The accept that waits, if one does, completes with Error::reset.
  void interrupt();

 protected:
  explicit Acceptor(Loop& loop) : loop_(loop) {}
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  virtual bool start(Accept& accept) = 0;
  virtual void forget(Accept& accept) = 0;

  Loop& loop_;

 private:
  Accept* waiting_ = nullptr;
};

class Acceptor::Accept final : public Operation {
 public:
  Accept(Acceptor& acceptor, Timeout timeout)
      : Operation(acceptor.loop_, timeout), acceptor_(acceptor) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  Result<Accepted> await_resume() { return std::move(result_); }

  void run() override;
  void cancel(Error::Kind why) override;

  bool complete(Result<Accepted> result);
  // Only what is queued now counts.
  bool now_only() const { return timeout_.idle <= Duration::zero(); }

 private:
  Acceptor& acceptor_;
  Result<Accepted> result_;
  bool done_ = false;
  bool yielded_ = false;
};

inline Acceptor::Accept Acceptor::accept(Timeout timeout) {
  return {*this, timeout};
}

// Opens a connection; see Loop::connect().
class Connect final : public Operation {
 public:
  Connect(Loop& loop, const SocketAddress& address, Timeout timeout)
      : Operation(loop, timeout), address_(address) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  Result<std::unique_ptr<Stream>> await_resume() { return std::move(result_); }

  void run() override;
  void cancel(Error::Kind why) override;

  // For the loop: the stream is kept here while it connects.
  const SocketAddress& address() const { return address_; }
  std::unique_ptr<Stream> stream;
  bool complete(Result<void> result);

 private:
  SocketAddress address_;
  Result<std::unique_ptr<Stream>> result_;
  bool done_ = false;
  bool yielded_ = false;
};

}  // namespace penstock
