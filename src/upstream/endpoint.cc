#include "upstream/endpoint.h"

#include <algorithm>
#include <numeric>

namespace penstock {
namespace {

// Turns of all endpoints in one round; weights beyond are scaled down to it.
constexpr std::uint64_t kMostTurns = 10'000;

std::vector<std::int64_t> turns_of(const std::vector<Endpoint>& endpoints) {
  std::uint64_t divisor = 0;
  std::uint64_t total = 0;
  for (const auto& endpoint : endpoints) {
    divisor = std::gcd(divisor, std::uint64_t{endpoint.weight});
    total += endpoint.weight;
  }
  std::vector<std::int64_t> turns;
  if (total == 0) return turns;
  total /= divisor;
  const auto shrink = std::max<std::uint64_t>(1, (total + kMostTurns - 1) / kMostTurns);
  for (const auto& endpoint : endpoints) {
    const auto share = (endpoint.weight / divisor + shrink - 1) / shrink;
    turns.push_back(static_cast<std::int64_t>(share));
  }
  return turns;
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

// Always the endpoint that is most behind its share: an endpoint of weight 3 beside one of weight 1
// gets a a b a, not a a a b.
void EndpointSet::plan_rounds() {
  edition = next_edition();
  rounds.clear();
  const auto turns = turns_of(endpoints);
  const auto total = std::accumulate(turns.begin(), turns.end(), std::int64_t{0});
  if (std::all_of(turns.begin(), turns.end(), [](auto n) { return n == 1; })) {
    rounds.resize(turns.size());
    std::iota(rounds.begin(), rounds.end(), 0U);
    return;
  }
  std::vector<std::int64_t> behind(turns.size(), 0);
  for (std::int64_t turn = 0; turn < total; ++turn) {
    for (std::size_t i = 0; i < turns.size(); ++i) behind[i] += turns[i];
    const auto next = std::max_element(behind.begin(), behind.end());
    *next -= total;
    rounds.push_back(static_cast<std::uint32_t>(next - behind.begin()));
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
