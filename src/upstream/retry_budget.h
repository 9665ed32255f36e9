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
  explicit RetryBudget(double share) { set_share(share); }

  // From here on. What was saved up stays, within the new bounds.
  void set_share(double share) {
    if (share_ <= 0) left_ = kStock;
    share_ = share;
    left_ = std::min(left_, most());
  }
  void deposit() { left_ = std::min(left_ + share_, most()); }
  bool withdraw() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double most() const { return share_ > 0 ? std::max(kStock, 100 * share_) : 0; }

  double share_ = 0;
  double left_ = 0;
};

}  // namespace penstock
