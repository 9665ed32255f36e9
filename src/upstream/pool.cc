#include "upstream/pool.h"

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace penstock {

// A connection that waits, and the watch on it. It deletes itself when it is retired.
class Pool::Waiting final : public Operation, public Link<> {
 public:
  Waiting(Pool& pool, std::unique_ptr<http::h1::ClientConnection> held, Duration keep_for)
      : Operation(pool.loop_, Timeout{}), pool_(pool), held_(std::move(held)) {
    held_->stream().watch(*this);
    loop_.arm(*this, loop_.now() + keep_for);
  }
  ~Waiting() { end(); }

  // True when something has arrived already that retires it.
  bool doomed() const { return Link<RunTag>::linked(); }
  std::unique_ptr<http::h1::ClientConnection> end() {
    if (held_ != nullptr) held_->stream().unwatch();
    Loop::disarm(*this);
    return std::move(held_);
  }

  void hasten(Instant until) { loop_.arm(*this, std::min(at(), until)); }

  void run() override { pool_.retire(*this); }
  void cancel(Error::Kind) override { pool_.retire(*this); }  // It has waited long enough.

 private:
  Pool& pool_;
  std::unique_ptr<http::h1::ClientConnection> held_;
};

Pool::Pool(Loop& loop, PoolTerms& terms, ServiceSeries& series)
    : loop_(loop), terms_(terms), series_(series) {}

Pool::~Pool() {
  close_idle();
  ensure(in_use_ == 0);
}

std::unique_ptr<http::h1::ClientConnection> Pool::take() {
  while (!idle_.empty()) {
    auto& waiting = idle_.back();
    if (waiting.doomed()) {
      retire(waiting);
      continue;
    }
    auto connection = waiting.end();
    waiting.Link<>::unlink();
    delete &waiting;
    set_idle(-1);
    ++in_use_;
    series_.connections(ConnectionState::active, 1);
    series_.reused();
    return connection;
  }
  return nullptr;
}

void Pool::opened() {
  ++terms_.open;
  ++in_use_;
  series_.connections(ConnectionState::active, 1);
}

void Pool::closed() {
  --terms_.open;
  --in_use_;
  series_.connections(ConnectionState::active, -1);
}

Duration Pool::keep_for(const http::h1::ClientConnection& connection) const {
  const auto announced = connection.announced_idle();
  if (announced == Duration{}) return terms_.idle_timeout;
  return std::min(terms_.idle_timeout, announced - std::chrono::seconds(1));
}

void Pool::give_back(std::unique_ptr<http::h1::ClientConnection> connection) {
  const auto time = keep_for(*connection);
  const bool surplus = terms_.open > terms_.most;  // The limit was lowered.
  if (!connection->reusable() || time <= Duration{} || surplus) return closed();
  --in_use_;
  series_.connections(ConnectionState::active, -1);
  idle_.push_back(*new Waiting(*this, std::move(connection), time));
  set_idle(1);
}

bool Pool::evict() {
  if (idle_.empty()) return false;
  retire(idle_.front());
  return true;
}

void Pool::close_idle() {
  while (evict()) {
  }
}

void Pool::hasten() {
  if (terms_.idle_timeout <= Duration{}) return close_idle();
  const auto until = loop_.now() + terms_.idle_timeout;
  idle_.each([&](auto& waiting) { waiting.hasten(until); });
}

void Pool::retire(Waiting& waiting) {
  waiting.Link<>::unlink();
  delete &waiting;
  --terms_.open;
  set_idle(-1);
}

void Pool::set_idle(int change) {
  idle_count_ += static_cast<std::size_t>(static_cast<std::ptrdiff_t>(change));
  series_.connections(ConnectionState::idle, change);
}

}  // namespace penstock
