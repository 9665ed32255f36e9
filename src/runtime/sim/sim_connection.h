#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sim/sim_network.h"
#include "runtime/stream.h"

namespace penstock {

class SimStream;

// What is known of one address.
struct SimNetwork::Host {
  SimConditions conditions;
  bool stalled = false;
  SimListener* listener = nullptr;
  std::vector<std::weak_ptr<SimConnection>> connections;
};

// Two ends and what is on its way between them. It lives as long as an end or an event needs it.
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum Side : std::uint8_t { kClient, kServer };

  SimConnection(SimNetwork& network, SimNetwork::Host& host) : network_(network), host_(host) {}

  void open(Side side, SimStream& end);
  // `abort`: with a reset even if nothing was left unread.
  void close(Side side, bool abort);
  void finish(Side side);

  // What the side's stream may know.
  bool broken(Side side) const { return broken_[side]; }
  bool finished(Side side) const { return pipes_[other(side)].finished; }
  bool finishing(Side side) const { return pipes_[side].finishing; }
  bool may_send(Side side) const { return !broken_[side] && !pipes_[side].finishing; }
  const std::string& arrived(Side side) const { return pipes_[other(side)].arrived; }
  std::size_t room(Side side) const;

  void send(Side side, std::string bytes);
  void consume(Side side, std::size_t n);
  // Tells the side after a while that it may go on sending.
  void allow_later(Side side);

  // Breaks both ends at once.
  void reset();
  // Lets everything arrive that is due.
  void land(Side from);

 private:
  struct Piece {
    enum Kind : std::uint8_t { kBytes, kFin, kReset };
    Kind kind;
    Instant arrives;
    std::string bytes;
  };
  // From the side of that index to the other.
  struct Pipe {
    std::deque<Piece> flight;
    std::size_t flying = 0;  // Bytes in flight.
    Instant last_arrival{};
    std::string arrived;
    bool finishing = false;  // FIN was sent.
    bool finished = false;   // FIN has arrived.
  };

  static Side other(Side side) { return side == kClient ? kServer : kClient; }
  void launch(Side from, Piece::Kind kind, std::string bytes = {});
  void take(Side to, Piece piece);
  void break_end(Side side);

  SimNetwork& network_;
  SimNetwork::Host& host_;
  std::array<Pipe, 2> pipes_;
  std::array<SimStream*, 2> ends_{};
  std::array<bool, 2> broken_{};
};

class SimStream final : public Stream {
 public:
  SimStream(SimNetwork& network, std::shared_ptr<SimConnection> connection,
            SimConnection::Side side);
  ~SimStream() override;

  std::optional<Result<Lent>> try_recv(std::size_t most) override;
  std::size_t try_send(std::string_view bytes) override;
  Peer peer() const override;
  void watch_peer(Operation* watcher) override;
  void watch(Operation& watcher) override;
  void unwatch() override;
  void shutdown_write() override { connection_->finish(side_); }
  void reset_on_close() override { abort_ = true; }

  // For the connection: something changed for who waits.
  void readable();
  void writable();

 protected:
  bool start(Recv& recv) override;
  bool start(Send& send) override;
  void forget(Recv&) override { recv_ = nullptr; }
  void forget(Send&) override { send_ = nullptr; }

 private:
  bool something_to_receive() const;
  void tell_peer_watcher();

  SimNetwork& network_;
  std::shared_ptr<SimConnection> connection_;
  SimConnection::Side side_;
  bool abort_ = false;
  Recv* recv_ = nullptr;
  Send* send_ = nullptr;
  Operation* watcher_ = nullptr;
  Operation* peer_watcher_ = nullptr;
  Peer peer_told_ = Peer::present;
};

// A listening socket: connections queue here whether or not somebody accepts.
struct SimListener {
  void arrived(Accepted accepted);

  std::deque<Accepted> queue;
  class SimAcceptor* acceptor = nullptr;
};

class SimAcceptor final : public Acceptor {
 public:
  SimAcceptor(SimNetwork& network, SimListener& listener);
  ~SimAcceptor() override;
  void notify();

 protected:
  bool start(Accept& accept) override;
  void forget(Accept&) override { accept_ = nullptr; }

 private:
  SimNetwork& network_;
  SimListener& listener_;
  Accept* accept_ = nullptr;
};

}  // namespace penstock
