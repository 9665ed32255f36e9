#include "load.h"

#include <utility>

namespace penstock::bench {
namespace {

constexpr std::size_t kOpenedAtOnce = 64;

}  // namespace

Load::Load(const Poller& poller, std::uint16_t port, std::vector<std::string> requests,
           std::size_t connections, SSL_CTX* tls)
    : requests_(std::move(requests)) {
  for (std::size_t i = 0; i < connections; ++i) clients_.emplace_back(*this, poller, port, tls);
}

void Load::start() {
  for (auto& client : clients_) client.connect();
}

Histogram Load::take_latencies() {
  return std::exchange(latencies_, {});
}

const std::string& Load::next_request() {
  if (next_ == requests_.size()) next_ = 0;
  return requests_[next_++];
}

void Load::on_answer(Client& client) {
  const auto took = std::chrono::nanoseconds(Clock::now() - client.due());
  latencies_.add(static_cast<std::uint64_t>(took.count()));
  ++answers_;
  if (running_) on_free(client);
}

// Nothing is sent on it again: a benchmark with failures counts for nothing.
void Load::on_failure(Client&) {
  ++failures_;
}

void NewConnections::start() {
  begun_.assign(clients().size(), Clock::now());
  Load::start();
}

void NewConnections::on_free(Client& client) {
  begun_[index_of(client)] = Clock::now();
  client.connect();
}

std::size_t NewConnections::index_of(const Client& client) {
  std::size_t index = 0;
  while (&clients()[index] != &client) ++index;
  return index;
}

FixedRate::FixedRate(const Poller& poller, std::uint16_t port, std::vector<std::string> requests,
                     std::size_t connections, SSL_CTX* tls, double rate)
    : Load(poller, port, std::move(requests), connections, tls),
      interval_(std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / rate))) {}

void FixedRate::on_free(Client& client) {
  if (free_.empty() && next_due_ == Clock::time_point{}) next_due_ = Clock::now();
  free_.push_back(&client);
}

void FixedRate::tick() {
  const auto now = Clock::now();
  while (running() && !free_.empty() && next_due_ <= now) {
    auto& client = *free_.front();
    free_.pop_front();
    if (!client.is_open()) continue;
    client.send(next_request(), next_due_);
    next_due_ += interval_;
  }
}

void IdleConnections::start() {
  while (opened_ < kOpenedAtOnce && opened_ < clients().size()) open_next();
}

void IdleConnections::on_free(Client&) {
  if (opened_ < clients().size()) open_next();
}

void IdleConnections::open_next() {
  clients()[opened_++].connect();
}

}  // namespace penstock::bench
