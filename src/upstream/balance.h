#pragma once

#include <cstdint>

#include "base/duration.h"
#include "base/random.h"
#include "upstream/endpoint.h"
#include "upstream/service_config.h"

namespace penstock {

// Chooses the endpoint of a try, for one service on one worker.
//
// Whatever the strategy, weights are shares, and weight 0 gets nothing. An endpoint that is ejected
// or unwell is passed over, unless all are, or so many that the rest would not bear it: then the
// service is worth a try all the same. The endpoint of the try before is taken only if there is no
// other that is as well.
//
// roundRobin: by turns; O(1). leastConnections: the one with the fewest requests in flight, in the
// whole process and for its weight; among equals whose turn it is. It looks at every endpoint up to
// kMostCompared, at so many neighbours in a circle beyond. random: of two drawn by weight, the one
// with fewer in flight; O(1).
class Balance {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kMostCompared = 64;

  // Workers begin at different places.
  Balance(BalanceStrategy strategy, Random& random)
      : strategy_(strategy), random_(random), turn_(random.next()) {}

  // Where a smaller share of the endpoints than `panic` is usable, all are taken as if they were.
  void use(BalanceStrategy strategy, double panic = 0) {
    strategy_ = strategy;
    panic_ = panic;
  }

  // An index into the set; kNone when no endpoint has any weight. `avoid`: of the try before.
  std::uint32_t choose(const EndpointSet& set, const EndpointState* avoid, Instant now);

 private:
  struct Question;

  static std::uint32_t in_turn(const Question& question, std::uint64_t& turn);
  std::uint32_t least_loaded(const Question& question);
  std::uint32_t better_of_two(const Question& question);
  std::uint32_t draw(const Question& question);

  BalanceStrategy strategy_;
  double panic_ = 0;
  Random& random_;
  std::uint64_t turn_;
};

}  // namespace penstock
