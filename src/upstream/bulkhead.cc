#include "upstream/bulkhead.h"

#include "base/reason.h"

namespace penstock {
namespace {

Error refused(const Reason& reason) {
  return {.kind = Error::Kind::rejected, .reason = &reason, .detail = {}};
}

}  // namespace

// It may be let in from another thread as soon as it is in the queue: by a message to this loop,
// which it takes after the wait has begun.
bool Bulkhead::Enter::await_ready() {
  if (cancelled()) {
    error_ = Error{.kind = Error::Kind::cancelled};
    return true;
  }
  const std::lock_guard lock(bulkhead_.mutex_);
  bulkhead_.most_ = config_.max_requests;
  bulkhead_.let_in();  // A new configuration may have made room.
  if (bulkhead_.load_.inside < bulkhead_.most_) {
    ++bulkhead_.load_.inside;
    return inside_ = true;
  }
  if (bulkhead_.load_.pending >= config_.max_pending) {
    error_ = refused(reasons::kBulkheadFull);
    return true;
  }
  bulkhead_.queue_.push_back(*this);
  ++bulkhead_.load_.pending;
  return false;
}

Result<Bulkhead::Place> Bulkhead::Enter::await_resume() {
  if (error_) return std::unexpected(*error_);
  ensure(inside_);
  return Place(&bulkhead_);
}

// One that was let in meanwhile gets the message of it, and its place.
void Bulkhead::Enter::cancel(Error::Kind why) {
  {
    const std::lock_guard lock(bulkhead_.mutex_);
    if (inside_ || error_) return;
    Link<QueueTag>::unlink();
    --bulkhead_.load_.pending;
  }
  error_ = why == Error::Kind::timed_out ? refused(reasons::kPendingTimeout) : Error{.kind = why};
  loop_.ready_cancelled(*this);
}

void Bulkhead::leave() {
  const std::lock_guard lock(mutex_);
  --load_.inside;
  let_in();
}

// With the lock held: those that have waited longest, as far as there is room.
void Bulkhead::let_in() {
  while (load_.inside < most_) {
    auto* const first = queue_.pop_front();
    if (first == nullptr) return;
    --load_.pending;
    ++load_.inside;
    first->inside_ = true;
    first->loop_.post([first] { first->finish(); });
  }
}

Bulkhead::Load Bulkhead::load() const {
  const std::lock_guard lock(mutex_);
  return load_;
}

}  // namespace penstock
