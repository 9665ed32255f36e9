#include "runtime/sim/sim_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/sim/sim_connection.h"
#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

std::string key_of(const SocketAddress& address) {
  return {reinterpret_cast<const char*>(&address.storage), address.length};
}

SocketAddress ip4(std::uint32_t ip, std::uint16_t port) {
  SocketAddress address;
  address.length = sizeof(sockaddr_in);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(ip);
  std::memcpy(&address.storage, &in, sizeof in);
  return address;
}

// Clients come from 10.1.0.0/16, each connection from an address of its own.
SocketAddress client_address(std::uint64_t id) {
  return ip4(0x0a010000 | static_cast<std::uint16_t>(id),
             static_cast<std::uint16_t>(1024 + id % 60'000));
}

}  // namespace

// A connect on its way: first to the host, then the answer back.
struct SimNetwork::Connecting {
  std::uint64_t id;
  Host& host;
  Result<void> outcome;
  std::unique_ptr<SimStream> stream;
};

SimNetwork::SimNetwork(SimLoop& loop, std::uint64_t seed) : loop_(loop), random_(seed) {}

SimNetwork::~SimNetwork() {
  ensure(connecting_.empty());
  listeners_.clear();
  events_.clear();
}

SocketAddress SimNetwork::address(std::uint8_t host, std::uint16_t port) {
  return ip4(0x0a000000U | host, port);
}

SimNetwork::Host& SimNetwork::host(const SocketAddress& address) {
  auto& slot = hosts_[key_of(address)];
  if (!slot) slot = std::make_unique<Host>();
  return *slot;
}

// --- Listeners

int SimNetwork::listen(const SocketAddress& address) {
  auto& there = host(address);
  if (there.listener == nullptr) {
    listeners_.push_back(std::make_unique<SimListener>());
    there.listener = listeners_.back().get();
  }
  const auto at = std::find_if(listeners_.begin(), listeners_.end(),
                               [&](const auto& each) { return each.get() == there.listener; });
  return static_cast<int>(at - listeners_.begin());
}

void SimNetwork::stop_listening(const SocketAddress& address) {
  auto* const listener = std::exchange(host(address).listener, nullptr);
  if (listener == nullptr) return;
  ensure(listener->acceptor == nullptr);
  for (auto& accepted : listener->queue) accepted.stream->reset_on_close();
  listener->queue.clear();
}

std::unique_ptr<Acceptor> SimNetwork::acceptor(int number) {
  return std::make_unique<SimAcceptor>(*this, *listeners_.at(static_cast<std::size_t>(number)));
}

// --- Faults

SimConditions& SimNetwork::conditions(const SocketAddress& address) {
  return host(address).conditions;
}

void SimNetwork::stall(const SocketAddress& address) {
  host(address).stalled = true;
}

void SimNetwork::resume(const SocketAddress& address) {
  auto& there = host(address);
  there.stalled = false;
  for (const auto& each : there.connections) {
    const auto connection = each.lock();
    if (connection == nullptr) continue;
    connection->land(SimConnection::kClient);
    connection->land(SimConnection::kServer);
  }
}

void SimNetwork::reset(const SocketAddress& address) {
  for (const auto& each : host(address).connections) {
    if (const auto connection = each.lock()) connection->reset();
  }
}

// --- Connecting

bool SimNetwork::start(Connect& connect) {
  if (exhausted_) return connect.complete(fail(Error::Kind::exhausted));
  const auto id = ++last_id_;
  auto& to = host(connect.address());
  connecting_[&connect] = std::make_unique<Connecting>(Connecting{id, to, {}, nullptr});
  at(arrival(to), [this, &connect, id] { arrive(&connect, id); });
  return false;
}

SimNetwork::Connecting* SimNetwork::find(Connect* connect, std::uint64_t id) {
  const auto at = connecting_.find(connect);
  return at != connecting_.end() && at->second->id == id ? at->second.get() : nullptr;
}

void SimNetwork::arrive(Connect* connect, std::uint64_t id) {
  using Answer = SimConditions::Answer;
  auto* const connecting = find(connect, id);
  if (connecting == nullptr) return;
  auto& there = connecting->host;
  if (there.conditions.answer == Answer::ignore || there.stalled) return;
  const bool accepts = there.conditions.answer == Answer::accept && there.listener != nullptr;
  if (accepts && there.listener->queue.size() >= there.conditions.backlog) return;
  if (there.conditions.answer == Answer::unreachable)
    connecting->outcome = fail(Error::Kind::unreachable);
  else if (accepts)
    connecting->stream = open(there);
  else
    connecting->outcome = fail(Error::Kind::refused);
  at(arrival(there), [this, connect, id] { answer(connect, id); });
}

std::unique_ptr<SimStream> SimNetwork::open(Host& there) {
  const auto connection = std::make_shared<SimConnection>(*this, there);
  std::erase_if(there.connections, [](const auto& each) { return each.expired(); });
  there.connections.push_back(connection);
  auto server = std::make_unique<SimStream>(*this, connection, SimConnection::kServer);
  auto client = std::make_unique<SimStream>(*this, connection, SimConnection::kClient);
  there.listener->arrived({std::move(server), client_address(last_id_)});
  return client;
}

void SimNetwork::answer(Connect* connect, std::uint64_t id) {
  if (find(connect, id) != nullptr) loop_.ready(*connect);
}

bool SimNetwork::check(Connect& connect) {
  const auto connecting = std::move(connecting_.at(&connect));
  connecting_.erase(&connect);
  connect.stream = std::move(connecting->stream);
  return connect.complete(connecting->outcome);
}

void SimNetwork::forget(Connect& connect) {
  connecting_.erase(&connect);
}

// --- Events

Instant SimNetwork::now() const {
  return loop_.now();
}

Instant SimNetwork::arrival(const Host& there) {
  const auto& [answer, least, most, window, segment, backlog] = there.conditions;
  const auto spread = static_cast<std::uint64_t>(std::max(most - least, Duration::zero()).count());
  return now() + least + Duration(static_cast<std::int64_t>(random_.below(spread + 1)));
}

void SimNetwork::at(Instant instant, Event event) {
  events_.emplace(std::pair(instant, random_.next()), std::move(event));
}

Instant SimNetwork::next() const {
  return events_.empty() ? kNever : events_.begin()->first.first;
}

void SimNetwork::deliver(Instant now) {
  while (!events_.empty() && events_.begin()->first.first <= now) {
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }
}

std::size_t SimNetwork::part_of(std::size_t most) {
  if (chance(16)) return 1;
  return chance(4) ? 1 + random_.below(most) : most;
}

}  // namespace penstock
