#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/duration.h"
#include "base/random.h"
#include "upstream/service_config.h"

namespace penstock {

// Keeps requests away from a service that fails. Closed: all pass, and what becomes of them is
// counted over a rolling window. Open, for a while, once too many failed or were slow: none passes.
// Half-open: a few pass on trial; one that fails opens it again, and when all went well it closes,
// and lets a share of the requests pass that grows with time.
//
// One per service and process, so that what one worker learns the others know. Any thread; closed
// and without a ramp a request costs one load and, at its end, a short lock: 16 ns in all, and some
// 140 where two workers do nothing else (micro_bench, breaker/closed). The configuration comes with
// each call: a new one holds from the next request on.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, half_open, open };
  // What became of a try: `unknown` when that says nothing about the service, since the client went
  // away, or it was never sent.
  enum class Outcome : std::uint8_t { good, failed, slow, unknown };

  // One try that was let pass. It reports its outcome once: as `unknown` at the latest when it is
  // destroyed. The breaker outlives it.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), period_(other.period_) {}
    Pass& operator=(Pass other) noexcept {
      std::swap(breaker_, other.breaker_);
      std::swap(period_, other.period_);
      return *this;
    }
    ~Pass() {
      if (breaker_ != nullptr) breaker_->abandon(period_);
    }
    explicit operator bool() const { return breaker_ != nullptr; }
    void report(const CircuitBreakerConfig& config, Outcome outcome, Instant now);

   private:
    friend class Breaker;
    Pass(Breaker* breaker, std::uint64_t period) : breaker_(breaker), period_(period) {}
    Breaker* breaker_ = nullptr;
    std::uint64_t period_ = 0;
  };

  // `service` is for the operational log.
  explicit Breaker(std::string service) : service_(std::move(service)) {}
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  // An empty Pass when the try is refused.
  Pass admit(const CircuitBreakerConfig& config, Instant now, Random& random);
  // Whether a try would surely be refused now.
  bool refuses(Instant now) const;
  // How long whoever is refused should wait: at least a second.
  Duration retry_after(Instant now) const;

  State state(Instant now) const;
  // How often it came to be in a state.
  std::uint64_t transitions_to(State state) const {
    return transitions_[static_cast<std::size_t>(state)].load(std::memory_order_relaxed);
  }

 private:
  // The window is counted in parts, of which the oldest is forgotten as a whole.
  static constexpr std::int64_t kParts = 10;
  struct Counts {
    std::uint32_t all = 0;
    std::uint32_t failed = 0;
    std::uint32_t slow = 0;
    Counts& operator+=(const Counts& other);
    Counts& operator-=(const Counts& other);
  };
  // Ramping is closed, with a share of the requests refused.
  enum class Phase : std::uint8_t { closed, ramping, half_open, open };

  // In one word, so that a closed breaker is passed without the lock. A period ends with each
  // change of phase; what was let pass in an earlier one is not counted any more.
  static std::uint64_t word(Phase phase, std::uint64_t period) {
    return period << 2 | static_cast<std::uint64_t>(phase);
  }
  static Phase phase_of(std::uint64_t word) { return static_cast<Phase>(word & 3); }
  static std::uint64_t period_of(std::uint64_t word) { return word >> 2; }
  Phase phase() const { return phase_of(word_.load(std::memory_order_relaxed)); }
  std::uint64_t period() const { return period_of(word_.load(std::memory_order_relaxed)); }

  void report(const CircuitBreakerConfig& config, std::uint64_t period, Outcome outcome,
              Instant now);
  void abandon(std::uint64_t period);

  // What there is to say of a change, once the lock is free.
  struct Change {
    State to;
    std::string_view why;
    Counts counts;
    std::uint32_t in_a_row;
    Duration lasts;
  };
  void tell(const std::optional<Change>& change) const;

  // With the lock held.
  Pass admit_one(const CircuitBreakerConfig& config, Instant now, Random& random,
                 std::optional<Change>& change);
  std::optional<Change> learn(const CircuitBreakerConfig& config, Outcome outcome, Instant now);
  std::optional<Change> count(const CircuitBreakerConfig& config, Outcome outcome, Instant now);
  void end_parts(const CircuitBreakerConfig& config, Instant now);
  std::string_view fault(const CircuitBreakerConfig& config) const;
  Change open(const CircuitBreakerConfig& config, std::string_view why, Instant now);
  Change close(const CircuitBreakerConfig& config, Instant now);
  void enter(Phase phase, State state);

  const std::string service_;
  std::array<std::atomic<std::uint64_t>, 3> transitions_{};
  std::atomic<std::int64_t> open_until_{0};
  // Read by every request; what each of them writes lies apart.
  alignas(64) std::atomic<std::uint64_t> word_{0};

  alignas(64) std::mutex mutex_;
  std::array<Counts, kParts> parts_{};
  Counts sum_;
  std::int64_t part_ = 0;  // The number of the newest, since the clock's beginning.
  Duration part_length_{};
  std::uint32_t failed_in_a_row_ = 0;
  std::uint32_t trials_out_ = 0;
  std::uint32_t trials_passed_ = 0;
  Instant ramp_began_{};
};

// `closed`, `half_open`, `open`.
std::string_view text_of(Breaker::State state);

}  // namespace penstock
