#include "runtime/sim/sim_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/sim/sim_loop.h"

namespace penstock {

// --- SimConnection

void SimConnection::open(Side side, SimStream& end) {
  ends_[side] = &end;
}

void SimConnection::close(Side side, bool abort) {
  ends_[side] = nullptr;
  auto& incoming = pipes_[other(side)];
  const bool unread = !incoming.arrived.empty();
  incoming.arrived.clear();
  if (broken_[side]) return;
  if (abort || unread) {
    launch(side, Piece::kReset);
  } else {
    finish(side);
  }
}

void SimConnection::finish(Side side) {
  auto& pipe = pipes_[side];
  if (broken_[side] || std::exchange(pipe.finishing, true)) return;
  launch(side, Piece::kFin);
}

std::size_t SimConnection::room(Side side) const {
  const auto& pipe = pipes_[side];
  const auto used = pipe.flying + pipe.arrived.size();
  const auto window = host_.conditions.window;
  return used < window ? std::min(window - used, host_.conditions.segment) : 0;
}

void SimConnection::send(Side side, std::string bytes) {
  pipes_[side].flying += bytes.size();
  launch(side, Piece::kBytes, std::move(bytes));
}

void SimConnection::consume(Side side, std::size_t n) {
  pipes_[other(side)].arrived.erase(0, n);
  allow_later(other(side));
}

void SimConnection::allow_later(Side side) {
  network_.at(network_.arrival(host_), [self = shared_from_this(), side] {
    if (self->ends_[side] != nullptr) self->ends_[side]->writable();
  });
}

void SimConnection::reset() {
  break_end(kClient);
  break_end(kServer);
}

void SimConnection::launch(Side from, Piece::Kind kind, std::string bytes) {
  auto& pipe = pipes_[from];
  // A reset may overtake what is in flight, or not.
  if (kind == Piece::kReset && network_.chance(2)) {
    pipe.flight.clear();
    pipe.flying = 0;
  }
  pipe.last_arrival = std::max(pipe.last_arrival, network_.arrival(host_));
  pipe.flight.push_back({kind, pipe.last_arrival, std::move(bytes)});
  network_.at(pipe.last_arrival, [self = shared_from_this(), from] { self->land(from); });
}

void SimConnection::land(Side from) {
  auto& flight = pipes_[from].flight;
  while (!host_.stalled && !flight.empty() && flight.front().arrives <= network_.now()) {
    auto piece = std::move(flight.front());
    flight.pop_front();
    take(other(from), std::move(piece));
  }
}

void SimConnection::take(Side to, Piece piece) {
  auto& pipe = pipes_[other(to)];
  pipe.flying -= piece.bytes.size();
  if (piece.kind == Piece::kReset) return break_end(to);
  if (broken_[to]) return;
  if (ends_[to] == nullptr) {
    // Nobody is there to read it: the sender is told so.
    if (piece.kind == Piece::kBytes) launch(to, Piece::kReset);
    return;
  }
  pipe.arrived += piece.bytes;
  if (piece.kind == Piece::kFin) pipe.finished = true;
  ends_[to]->readable();
}

void SimConnection::break_end(Side side) {
  if (std::exchange(broken_[side], true)) return;
  // What had arrived before a reset may be lost with it.
  if (network_.chance(2)) pipes_[other(side)].arrived.clear();
  if (ends_[side] == nullptr) return;
  ends_[side]->readable();
  ends_[side]->writable();
}

// --- SimStream

SimStream::SimStream(SimNetwork& network, std::shared_ptr<SimConnection> connection,
                     SimConnection::Side side)
    : Stream(network.loop_), network_(network), connection_(std::move(connection)), side_(side) {
  connection_->open(side_, *this);
  ++network_.open_streams_;
}

SimStream::~SimStream() {
  ensure(recv_ == nullptr && send_ == nullptr && watcher_ == nullptr && peer_watcher_ == nullptr);
  connection_->close(side_, abort_);
  --network_.open_streams_;
}

bool SimStream::something_to_receive() const {
  return !connection_->arrived(side_).empty() || connection_->finished(side_) ||
         connection_->broken(side_);
}

Stream::Peer SimStream::peer() const {
  // As the kernel sees it: with both ways shut nobody is there any more.
  const bool finished = connection_->finished(side_);
  if (connection_->broken(side_) || (finished && connection_->finishing(side_))) return Peer::gone;
  return finished ? Peer::half_closed : Peer::present;
}

void SimStream::watch_peer(Operation* watcher) {
  if (watcher == nullptr && peer_watcher_ != nullptr)
    static_cast<Link<RunTag>&>(*peer_watcher_).unlink();
  peer_watcher_ = watcher;
  peer_told_ = peer();
  if (watcher != nullptr && peer_told_ != Peer::present) loop_.ready(*watcher);
}

void SimStream::tell_peer_watcher() {
  if (peer_watcher_ == nullptr || peer() == peer_told_) return;
  peer_told_ = peer();
  loop_.ready(*peer_watcher_);
}

void SimStream::watch(Operation& watcher) {
  watcher_ = &watcher;
  if (something_to_receive()) loop_.ready(watcher);
}

void SimStream::unwatch() {
  if (watcher_ == nullptr) return;
  static_cast<Link<RunTag>&>(*watcher_).unlink();
  watcher_ = nullptr;
}

void SimStream::readable() {
  tell_peer_watcher();
  if (watcher_ != nullptr) loop_.ready(*watcher_);
  if (recv_ != nullptr) loop_.ready(*recv_);
}

void SimStream::writable() {
  if (send_ != nullptr) loop_.ready(*send_);
}

std::optional<Result<Lent>> SimStream::try_recv(std::size_t most) {
  const auto& arrived = connection_->arrived(side_);
  if (!arrived.empty()) {
    const auto n = network_.part_of(std::min({most, BufferPool::kBlock, arrived.size()}));
    auto lent = loop_.buffers().lend();
    std::memcpy(lent.block(), arrived.data(), n);
    lent.fill(n);
    connection_->consume(side_, n);
    return Result<Lent>(std::move(lent));
  }
  if (connection_->finished(side_)) return fail(Error::Kind::closed);
  if (connection_->broken(side_)) return fail(Error::Kind::reset);
  return std::nullopt;
}

bool SimStream::start(Recv& recv) {
  recv_ = nullptr;
  auto got = try_recv(recv.most());
  if (got) return recv.complete(std::move(*got));
  recv_ = &recv;
  return false;
}

namespace {

std::string first_of(const Stream::Parts& parts, std::size_t n) {
  std::string bytes;
  for (const auto part : parts) bytes += part.substr(0, n - bytes.size());
  return bytes;
}

}  // namespace

bool SimStream::start(Send& send) {
  send_ = nullptr;
  for (;;) {
    if (!connection_->may_send(side_)) return send.fail({.kind = Error::Kind::reset});
    const auto room = connection_->room(side_);
    if (room == 0) break;
    const auto n = network_.part_of(std::min(room, send.left()));
    connection_->send(side_, first_of(send.parts(), n));
    if (send.sent(n)) return true;
    if (!network_.chance(4)) continue;
    connection_->allow_later(side_);
    break;
  }
  send_ = &send;
  return false;
}

std::size_t SimStream::try_send(std::string_view bytes) {
  if (!connection_->may_send(side_)) return 0;
  const auto n = std::min(connection_->room(side_), bytes.size());
  if (n > 0) connection_->send(side_, std::string(bytes.substr(0, n)));
  return n;
}

// --- Listening

void SimListener::arrived(Accepted accepted) {
  queue.push_back(std::move(accepted));
  if (acceptor != nullptr) acceptor->notify();
}

SimAcceptor::SimAcceptor(SimNetwork& network, SimListener& listener)
    : Acceptor(network.loop_), network_(network), listener_(listener) {
  ensure(listener_.acceptor == nullptr);
  listener_.acceptor = this;
}

SimAcceptor::~SimAcceptor() {
  ensure(accept_ == nullptr);
  listener_.acceptor = nullptr;
}

void SimAcceptor::notify() {
  if (accept_ != nullptr) loop_.ready(*accept_);
}

bool SimAcceptor::start(Accept& accept) {
  accept_ = nullptr;
  if (listener_.queue.empty()) {
    accept_ = &accept;
    return false;
  }
  if (network_.exhausted_) return accept.complete(fail(Error::Kind::exhausted));
  auto accepted = std::move(listener_.queue.front());
  listener_.queue.pop_front();
  return accept.complete(std::move(accepted));
}

}  // namespace penstock
