#include "upstream/balance.h"

#include <algorithm>
#include <optional>

namespace penstock {
namespace {

// Draws that may meet an endpoint against which something speaks, before all are looked at in turn.
constexpr int kDraws = 6;

// What speaks against an endpoint; 0 is nothing.
using Fault = int;
constexpr Fault kAvoided = 1;
constexpr Fault kUnusable = 2;

// Whether less than that share of the endpoints is usable; of many, of some that are spread evenly.
bool is_panic(const EndpointSet& set, double share, Instant now) {
  const auto all = set.endpoints.size();
  const auto looked_at = std::min(all, Balance::kMostCompared);
  std::size_t usable = 0;
  for (std::size_t i = 0; i < looked_at; ++i)
    usable += set.endpoints[i * all / looked_at].healthy(now) ? 1 : 0;
  return static_cast<double>(usable) < share * static_cast<double>(looked_at);
}

// Whether `a` has fewer in flight than `b`, for their weights.
bool is_less_loaded(const Endpoint& a, const Endpoint& b) {
  return std::uint64_t{a.state->in_flight()} * b.weight <
         std::uint64_t{b.state->in_flight()} * a.weight;
}

}  // namespace

struct Balance::Question {
  const EndpointSet& set;
  const EndpointState* avoid;
  Instant now;
  double panic;
  mutable std::optional<bool> panics{};  // Once it matters.

  const Endpoint& at(std::uint32_t index) const { return set.endpoints[index]; }
  Fault fault(std::uint32_t index) const {
    const auto* const state = at(index).state.get();
    const Fault avoided = state == avoid ? kAvoided : 0;
    return avoided + (state->usable(now) || in_panic() ? 0 : kUnusable);
  }
  bool in_panic() const {
    if (panic <= 0) return false;
    if (!panics) panics = is_panic(set, panic, now);
    return *panics;
  }
};

std::uint32_t Balance::choose(const EndpointSet& set, const EndpointState* avoid, Instant now) {
  if (set.rounds.empty()) return kNone;
  const Question question{set, avoid, now, panic_};
  switch (strategy_) {
    case BalanceStrategy::least_connections:
      return least_loaded(question);
    case BalanceStrategy::random:
      return better_of_two(question);
    case BalanceStrategy::round_robin:
      break;
  }
  return in_turn(question, turn_);
}

// The next in the round against which the least speaks. The turn goes on behind it.
std::uint32_t Balance::in_turn(const Question& question, std::uint64_t& turn) {
  const auto& rounds = question.set.rounds;
  auto best = kNone;
  Fault least = kAvoided + kUnusable + 1;
  const auto first = turn;
  for (std::size_t i = 0; i < rounds.size() && least > 0; ++i) {
    const auto candidate = rounds[(first + i) % rounds.size()];
    const auto fault = question.fault(candidate);
    if (fault >= least) continue;
    best = candidate;
    least = fault;
    turn = first + i + 1;
  }
  return best;
}

std::uint32_t Balance::least_loaded(const Question& question) {
  // Whose turn it is, if others have no fewer: an idle service gets its requests by weight.
  auto best = in_turn(question, turn_);
  const auto fault = question.fault(best);
  const auto count = static_cast<std::uint32_t>(question.set.endpoints.size());
  auto left = std::min<std::size_t>(count, kMostCompared);
  for (auto candidate = best; left > 0; --left) {
    if (++candidate == count) candidate = 0;
    const auto& endpoint = question.at(candidate);
    if (endpoint.weight == 0 || question.fault(candidate) > fault) continue;
    if (is_less_loaded(endpoint, question.at(best))) best = candidate;
  }
  return best;
}

std::uint32_t Balance::better_of_two(const Question& question) {
  const auto first = draw(question);
  const auto* const drawn = question.at(first).state.get();
  const auto second = draw({question.set, drawn, question.now, question.panic});
  if (question.fault(second) > question.fault(first)) return first;
  return is_less_loaded(question.at(second), question.at(first)) ? second : first;
}

// At random by weight, of those against which nothing speaks, if that can be had.
std::uint32_t Balance::draw(const Question& question) {
  const auto& rounds = question.set.rounds;
  for (int i = 0; i < kDraws; ++i) {
    const auto drawn = rounds[random_.below(rounds.size())];
    if (question.fault(drawn) == 0) return drawn;
  }
  auto turn = random_.next();
  return in_turn(question, turn);
}

}  // namespace penstock
