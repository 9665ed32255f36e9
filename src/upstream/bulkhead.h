#pragma once

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/list.h"
#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/operation.h"
#include "upstream/service_config.h"

namespace penstock {

// How many requests a service is given at the same time: those beyond wait in a queue, those beyond
// that are refused, so that a slow service does not fill the gateway. One per service and process,
// exact over all workers, first come, first served. Any thread; a request costs two short locks.
// The configuration comes with each request: a new one holds from then on.
class Bulkhead {
 public:
  // A request's place inside. Given back when it is destroyed; the bulkhead outlives it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : bulkhead_(std::exchange(other.bulkhead_, nullptr)) {}
    Place& operator=(Place other) noexcept {
      std::swap(bulkhead_, other.bulkhead_);
      return *this;
    }
    ~Place() {
      if (bulkhead_ != nullptr) bulkhead_->leave();
    }
    explicit operator bool() const { return bulkhead_ != nullptr; }

   private:
    friend class Bulkhead;
    explicit Place(Bulkhead* bulkhead) : bulkhead_(bulkhead) {}
    Bulkhead* bulkhead_ = nullptr;
  };
  class Enter;

  Bulkhead() = default;
  Bulkhead(const Bulkhead&) = delete;
  Bulkhead& operator=(const Bulkhead&) = delete;

  // `co_await bulkhead.enter(…)`: a Result<Place>. Waits no longer than the configuration and
  // `until` say. Error::rejected with reasons::kBulkheadFull or kPendingTimeout; Error::cancelled.
  Enter enter(Loop& loop, const BulkheadConfig& config, Instant until = kNever);

  struct Load {
    std::uint32_t inside = 0;
    std::uint32_t pending = 0;
  };
  Load load() const;

 private:
  struct QueueTag;

  void leave();
  void let_in();

  mutable std::mutex mutex_;
  Load load_;
  std::uint32_t most_ = 0;
  List<Enter, QueueTag> queue_;
};

class Bulkhead::Enter final : public Operation, public Link<QueueTag> {
 public:
  Enter(Bulkhead& bulkhead, Loop& loop, const BulkheadConfig& config, Instant until)
      : Operation(loop, Timeout{.idle = config.pending_timeout, .until = until}),
        bulkhead_(bulkhead),
        config_(config) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter) { sleep(waiter); }
  Result<Place> await_resume();
  void cancel(Error::Kind why) override;

 private:
  friend class Bulkhead;

  Bulkhead& bulkhead_;
  const BulkheadConfig& config_;
  bool inside_ = false;
  std::optional<Error> error_;
};

inline Bulkhead::Enter Bulkhead::enter(Loop& loop, const BulkheadConfig& config, Instant until) {
  return {*this, loop, config, until};
}

}  // namespace penstock
