#pragma once

#include <algorithm>

namespace penstock {

// How many retries the live traffic pays for: each request adds its share, each retry takes one. A
// small stock lets a quiet service retry at all, and a long quiet time saves up no storm. One per
// worker and service.
class RetryBudget {
 public:
  static constexpr double kStock = 10;

  // That share of the requests may be retries; 0: none, not even from the stock.
  explicit RetryBudget(double share) : share_(share), left_(share > 0 ? kStock : 0) {}

  void deposit() { left_ = std::min(left_ + share_, std::max(kStock, 100 * share_)); }
  bool withdraw() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double share_;
  double left_;
};

}  // namespace penstock
