#include "overload/shedder.h"

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

constexpr std::array<std::string_view, 4> kShedTexts{"connection", "request", "idle_connection",
                                                     "request_in_flight"};

// Callers are told apart by it. All that have no address are one.
IpAddress kept_apart(const IpAddress& address) {
  return address.is_v4() ? address : IpAddress::of_halves(address.high(), 0);
}

}  // namespace

// --- Visit

Visit::Visit(Shedder* shedder, const Address& peer)
    : shedder_(shedder), peer_(shedder != nullptr ? &shedder->caller_of(peer) : nullptr) {
  if (peer_ == nullptr) return;
  peer_->connections.push_back(*this);
  ++peer_->connected;
}

Visit::~Visit() {
  end_request();
  if (peer_ == nullptr) return;
  Link<ConnectionTag>::unlink();
  --peer_->connected;
  shedder_->forget(*peer_);
}

std::optional<Resource> Visit::begin_request(const std::optional<IpAddress>& client) {
  if (shedder_ == nullptr) return std::nullopt;
  const auto apart = kept_apart(client.value_or(IpAddress{}));
  auto& caller = apart == peer_->address ? *peer_ : shedder_->caller_of(apart);
  const auto wanting = shedder_->admit_request(caller);
  if (wanting) {
    shedder_->forget(caller);
    return wanting;
  }
  client_ = &caller;
  client_->requests.push_back(*this);
  ++client_->asking;
  return std::nullopt;
}

void Visit::end_request() {
  if (client_ == nullptr) return;
  Link<RequestTag>::unlink();
  --client_->asking;
  shedder_->forget(*std::exchange(client_, nullptr));
}

void Visit::give_up(Resource wanting) {
  if (given_up_) return;
  given_up_ = wanting;
  if (asks()) return cut();
  leave();
}

// --- Shedder

Shedder::Shedder(Loop& loop, const LoopUsage& usage, const Budgets& budgets, MetricStore& store)
    : loop_(loop), usage_(usage), budgets_(budgets), store_(store) {}

Shedder::~Shedder() {
  ensure(callers_.empty());
}

Caller& Shedder::caller_of(const IpAddress& address) {
  auto& place = callers_[address];
  if (place == nullptr) {
    place = std::make_unique<Caller>();
    place->address = address;
  }
  return *place;
}

Caller& Shedder::caller_of(const Address& peer) {
  return caller_of(kept_apart(peer.ip().value_or(IpAddress{})));
}

std::uint32_t Shedder::connections_of(const Address& peer) const {
  const auto known = callers_.find(kept_apart(peer.ip().value_or(IpAddress{})));
  return known == callers_.end() ? 0 : known->second->connected;
}

void Shedder::forget(Caller& caller) {
  if (caller.connected == 0 && caller.asking == 0) callers_.erase(caller.address);
}

std::optional<Resource> Shedder::admit_connection(const Address& peer) {
  look();
  if (greatest_ < kConnections) return std::nullopt;
  const auto [wanting, pressure] = worst(false);
  if (pressure < kConnections) return std::nullopt;
  const auto has = connections_of(peer);
  if (pressure < kInFlight && has < connections_each_) return std::nullopt;
  shed(Shed::connection, wanting);
  return wanting;
}

std::optional<Resource> Shedder::admit_request(const Caller& caller) {
  look();
  if (greatest_ < kRequests) return std::nullopt;
  const auto [wanting, pressure] = worst(true);
  const bool none_left = pressure >= kInFlight && wanting != Resource::lag;
  if (!none_left && caller.asking < requests_each_) return std::nullopt;
  shed(Shed::request, wanting);
  return wanting;
}

// What is used changes with each request; while there is plenty it is looked at now and then.
void Shedder::look() {
  const auto now = loop_.now();
  if (greatest_ < kWatched && now < next_look_) return;
  next_look_ = now + kLook;
  pressures_ = {budgets_.memory(), budgets_.descriptors(),
                budgets_.lag(Duration(usage_.lag.value()))};
  greatest_ = std::ranges::max(pressures_);
  if (greatest_ < kConnections || now < next_share_) return;
  next_share_ = now + kShare;
  share_out();
}

// The one that is shortest.
std::pair<Resource, double> Shedder::worst(bool with_lag) const {
  const auto end = pressures_.end() - (with_lag ? 0 : 1);
  const auto at = std::max_element(pressures_.begin(), end);
  return {static_cast<Resource>(at - pressures_.begin()), *at};
}

// What each may have, if all is to fit where it begins to be short: usage grows with the number of
// connections, and of requests in flight.
void Shedder::share_out() {
  connections_each_ = part_of_connections(kConnections / worst(false).second);
  const auto [wanting, pressure] = worst(true);
  auto room = kRequests / pressure;
  if (wanting == Resource::lag) {
    std::uint64_t all = 0;
    for (const auto& [address, caller] : callers_) all += caller->asking;
    if (all > 0)
      room = std::max(room, static_cast<double>(kAlwaysInFlight) / static_cast<double>(all));
  }
  requests_each_ = part_of_requests(room);
}

std::uint32_t Shedder::part_of_connections(double room) {
  wants_.clear();
  for (const auto& [address, caller] : callers_) wants_.push_back(caller->connected);
  return fair_part(room);
}

std::uint32_t Shedder::part_of_requests(double room) {
  wants_.clear();
  for (const auto& [address, caller] : callers_) wants_.push_back(caller->asking);
  return fair_part(room);
}

// The greatest part that nobody needs to exceed if only `room`, a share, of all wants_ can be met.
// At least 1: who has nothing may have something.
std::uint32_t Shedder::fair_part(double room) {
  if (room >= 1) return UINT32_MAX;
  std::ranges::sort(wants_);
  std::uint64_t all = 0;
  for (const auto want : wants_) all += want;
  auto left = static_cast<std::uint64_t>(static_cast<double>(all) * room);
  for (std::size_t i = 0; i < wants_.size(); ++i) {
    const auto each = left / (wants_.size() - i);
    if (wants_[i] > each) return static_cast<std::uint32_t>(std::max<std::uint64_t>(each, 1));
    left -= wants_[i];
  }
  return UINT32_MAX;
}

bool Shedder::make_room(const Address& peer) {
  if (loop_.now() < next_room_) return false;
  next_room_ = loop_.now() + kMakeRoom;
  Visit* idle = nullptr;
  auto most = connections_of(peer) + 1;
  for (const auto& [address, caller] : callers_) {
    if (caller->connected <= most) continue;
    auto* const found = caller->connections.find(
        [](const Visit& visit) { return !visit.asks() && !visit.given_up(); }, kIdleSought);
    if (found == nullptr) continue;
    idle = found;
    most = caller->connected;
  }
  if (idle == nullptr) return false;
  shed(Shed::idle_connection, Resource::connections);
  idle->give_up(Resource::connections);
  return true;
}

void Shedder::relieve() {
  next_look_ = next_share_ = {};
  look();
  const auto [wanting, pressure] = worst(false);
  if (pressure < kConnections) return;
  const bool none_left = pressure >= kInFlight;
  give_up_idle(wanting, none_left ? 0 : connections_each_);
  // Not the part that holds for new ones: that may be for lag.
  if (none_left) give_up_requests(wanting, part_of_requests(kRequests / pressure));
}

void Shedder::give_up_idle(Resource wanting, std::uint32_t each) {
  for (const auto& [address, caller] : callers_) {
    auto has = caller->connected;
    caller->connections.each([&](Visit& visit) {
      if (has <= each || visit.asks() || visit.given_up()) return;
      --has;
      shed(Shed::idle_connection, wanting);
      visit.give_up(wanting);
    });
  }
}

void Shedder::give_up_requests(Resource wanting, std::uint32_t each) {
  for (const auto& [address, caller] : callers_) {
    auto has = caller->asking;
    caller->requests.each([&](Visit& visit) {
      if (has <= each || visit.given_up()) return;
      --has;
      shed(Shed::in_flight, wanting);
      visit.give_up(wanting);
    });
  }
}

// Rare beside what it saves, so looked up by name.
void Shedder::shed(Shed what, Resource wanting) {
  store_.add(store_.counter(Family::overload_shed,
                            {text_of(wanting), kShedTexts[static_cast<std::size_t>(what)]}));
}

}  // namespace penstock
