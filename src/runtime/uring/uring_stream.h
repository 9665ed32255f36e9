#pragma once

#include "runtime/stream.h"
#include "runtime/uring/uring_socket.h"

namespace penstock {

class UringLoop;

class UringStream final : public Stream {
 public:
  // Owns the descriptor, which is a blocking one.
  UringStream(UringLoop& loop, int descriptor);
  ~UringStream() override;

  std::optional<Result<Lent>> try_recv(std::size_t most) override;
  std::size_t try_send(std::string_view bytes) override;
  Peer peer() const override { return peer_; }
  void watch_peer(Operation* watcher) override;
  void watch(Operation& watcher) override;
  void unwatch() override;
  void shutdown_write() override;
  void reset_on_close() override;

  void connect(Connect& connect);
  // No longer: 0, or why it failed.
  int connected();

  // Of the socket.
  void note_received();
  void note_sent();
  void note_peer(Peer peer);
  void note_connected();

 protected:
  bool start(Recv& recv) override;
  bool start(Send& send) override;
  void forget(Recv&) override { recv_ = nullptr; }
  void forget(Send&) override;

 private:
  bool readable() const {
    return !socket_->arrived.empty() || socket_->finished || socket_->broken != 0;
  }

  UringSocket* const socket_;
  Recv* recv_ = nullptr;
  Send* send_ = nullptr;
  Connect* connect_ = nullptr;
  Operation* watcher_ = nullptr;
  Operation* peer_watcher_ = nullptr;
  Peer peer_ = Peer::present;
};

class UringAcceptor final : public Acceptor {
 public:
  UringAcceptor(UringLoop& loop, int descriptor);
  ~UringAcceptor() override;

 protected:
  bool start(Accept& accept) override;
  void forget(Accept&) override { accept_ = nullptr; }

 private:
  class Poll;

  UringLoop& uring() const;

  Poll* const poll_;  // The kernel may speak of it a little longer.
  Accept* accept_ = nullptr;
};

}  // namespace penstock
