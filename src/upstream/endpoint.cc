#include "upstream/endpoint.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <tuple>

namespace penstock {
namespace {

// Turns of all endpoints in one round; weights beyond are scaled down to it.
constexpr std::uint64_t kMostTurns = 10'000;

std::vector<std::uint64_t> turns_of(const std::vector<Endpoint>& endpoints) {
  std::uint64_t divisor = 0;
  std::uint64_t total = 0;
  for (const auto& endpoint : endpoints) {
    divisor = std::gcd(divisor, std::uint64_t{endpoint.weight});
    total += endpoint.weight;
  }
  std::vector<std::uint64_t> turns;
  if (total == 0) return turns;
  total /= divisor;
  const auto shrink = std::max<std::uint64_t>(1, (total + kMostTurns - 1) / kMostTurns);
  for (const auto& endpoint : endpoints) {
    turns.push_back((endpoint.weight / divisor + shrink - 1) / shrink);
  }
  return turns;
}

// An endpoint's turn: it falls between two places of the round, so that the endpoint is never as
// much as a turn ahead of its share or behind it.
struct Turn {
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t number;
  std::uint32_t endpoint;
};
constexpr auto kBeginsLater = [](const Turn& a, const Turn& b) { return a.begin > b.begin; };
constexpr auto kEndsLater = [](const Turn& a, const Turn& b) {
  return std::tie(a.end, a.begin, a.endpoint) > std::tie(b.end, b.begin, b.endpoint);
};
template <class Order>
using Turns = std::priority_queue<Turn, std::vector<Turn>, Order>;

Turn turn_of(std::uint32_t endpoint, std::uint64_t number, std::uint64_t turns,
             std::uint64_t total) {
  return {number * total / turns, ((number + 1) * total + turns - 1) / turns, number, endpoint};
}

}  // namespace

std::uint64_t next_edition() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool EndpointState::connect_failed(Instant now) {
  const bool was_ejected = ejected(now);
  const auto failures = failures_.fetch_add(1, std::memory_order_relaxed);
  const auto pause = std::min(kFirstEjection * (1 << std::min(failures, 5U)), kLongestEjection);
  ejected_until_.store((now + pause).time_since_epoch().count(), std::memory_order_relaxed);
  return !was_ejected;
}

bool EndpointState::try_failed(const OutlierEjectionConfig& config) {
  return failed_tries_.fetch_add(1, std::memory_order_relaxed) + 1 >= config.consecutive_failures;
}

void EndpointState::eject(const OutlierEjectionConfig& config, Instant now) {
  constexpr std::uint32_t kDoublings = 3;
  const auto before = std::min(ejections_.fetch_add(1, std::memory_order_relaxed), kDoublings);
  const auto until = now + config.eject_for * (1 << before);
  ejected_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  failed_tries_.store(0, std::memory_order_relaxed);
}

bool EndpointSet::may_eject(const OutlierEjectionConfig& config, Instant now) const {
  const auto out = std::count_if(endpoints.begin(), endpoints.end(),
                                 [&](const auto& endpoint) { return !endpoint.healthy(now); });
  return static_cast<double>(out + 1) <=
         config.max_ejected.share() * static_cast<double>(endpoints.size());
}

// Of the turns that have begun the one that ends first: a weight of 3 beside one of 1 gets a a b a,
// not a a a b.
void EndpointSet::plan_rounds() {
  edition = next_edition();
  rounds.clear();
  const auto turns = turns_of(endpoints);
  const auto total = std::accumulate(turns.begin(), turns.end(), std::uint64_t{0});
  Turns<decltype(kBeginsLater)> later;
  Turns<decltype(kEndsLater)> begun;
  for (std::uint32_t i = 0; i < turns.size(); ++i)
    if (turns[i] > 0) later.push(turn_of(i, 0, turns[i], total));
  while (rounds.size() < total) {
    for (; !later.empty() && later.top().begin <= rounds.size(); later.pop())
      begun.push(later.top());
    const auto turn = begun.top();
    begun.pop();
    rounds.push_back(turn.endpoint);
    if (turn.number + 1 < turns[turn.endpoint])
      later.push(turn_of(turn.endpoint, turn.number + 1, turns[turn.endpoint], total));
  }
}

std::uint32_t EndpointSet::next_of_instance(std::uint32_t endpoint) const {
  const auto instance = endpoints[endpoint].instance;
  const auto next = endpoint + 1;
  if (next < endpoints.size() && endpoints[next].instance == instance) return next;
  while (endpoint > 0 && endpoints[endpoint - 1].instance == instance) --endpoint;
  return endpoint;
}

}  // namespace penstock
