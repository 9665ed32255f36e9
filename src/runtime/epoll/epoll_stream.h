#pragma once

#include <cstdint>

#include "runtime/epoll/epoll_loop.h"
#include "runtime/stream.h"

namespace penstock {

// What epoll's events are about. The events of one wait() are noted before any task runs, so a
// handle is never told of events after its end.
class EpollHandle {
 public:
  virtual void note(std::uint32_t events) = 0;

 protected:
  ~EpollHandle() = default;
};

class EpollStream final : public Stream, public EpollHandle {
 public:
  // Owns the descriptor, which is non-blocking.
  EpollStream(EpollLoop& loop, int descriptor) : Stream(loop), descriptor_(descriptor) {
    loop.count_socket(1);
  }
  ~EpollStream() override;

  // False, with errno, when it could not be registered.
  bool enroll();
  int descriptor() const { return descriptor_; }

  std::optional<Result<Lent>> try_recv(std::size_t most) override;
  std::size_t try_send(std::string_view bytes) override;
  Peer peer() const override { return peer_; }
  void watch_peer(Operation* watcher) override;
  void watch(Operation& watcher) override;
  void unwatch() override;
  void shutdown_write() override;
  void reset_on_close() override;
  void note(std::uint32_t events) override;

  // While it connects.
  void connecting(Connect* connect) {
    connect_ = connect;
    writable_ = false;
  }
  void connected() { connect_ = nullptr; }

 protected:
  bool start(Recv& recv) override;
  bool start(Send& send) override;
  void forget(Recv&) override { recv_ = nullptr; }
  void forget(Send&) override { send_ = nullptr; }

 private:
  bool peek();

  int descriptor_;
  bool readable_ = false;
  bool writable_ = true;
  bool hung_up_ = false;  // A FIN or a reset has been announced: reads go on until they meet it.
  // The kernel tells a broken connection only once, be it to a recv or to a send, and then answers
  // as if FIN had come; errno is kept so that a reset never looks like an orderly end.
  int broken_ = 0;
  Recv* recv_ = nullptr;
  Send* send_ = nullptr;
  Connect* connect_ = nullptr;
  Operation* watcher_ = nullptr;
  Operation* peer_watcher_ = nullptr;
  Peer peer_ = Peer::present;
};

class EpollAcceptor final : public Acceptor, public EpollHandle {
 public:
  EpollAcceptor(EpollLoop& loop, int descriptor);
  ~EpollAcceptor() override;

  void note(std::uint32_t events) override;

 protected:
  bool start(Accept& accept) override;
  void forget(Accept&) override { accept_ = nullptr; }

 private:
  int descriptor_;
  bool readable_ = true;  // Connections may have been queued before this acceptor was.
  Accept* accept_ = nullptr;
};

}  // namespace penstock
