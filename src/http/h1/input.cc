#include "http/h1/input.h"

#include <utility>

namespace penstock::http::h1 {

void Input::consume(std::size_t n) {
  if (kept_.empty()) return lent_.consume(n);
  used_ += n;
  if (used_ < kept_.size()) return;
  kept_ = {};
  used_ = 0;
}

void Input::put(Lent lent) {
  if (empty()) {
    lent_ = std::move(lent);
    return;
  }
  park();
  keep(lent.bytes());
}

void Input::park() {
  if (lent_.empty()) return;
  keep(lent_.bytes());
  lent_.reset();
}

void Input::keep(std::string_view bytes) {
  if (used_ > 0) {
    kept_.erase(0, used_);
    used_ = 0;
  }
  kept_.append(bytes);
}

}  // namespace penstock::http::h1
