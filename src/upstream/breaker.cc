#include "upstream/breaker.h"

#include <algorithm>

#include "observe/operational_log.h"

namespace penstock {
namespace {

// A ramp begins with this share of the requests.
constexpr double kFirstShare = 0.1;

bool reaches(std::uint32_t count, double share, std::uint32_t all) {
  return count > 0 && count >= share * all;
}

}  // namespace

Breaker::Counts& Breaker::Counts::operator+=(const Counts& other) {
  all += other.all;
  failed += other.failed;
  slow += other.slow;
  return *this;
}

Breaker::Counts& Breaker::Counts::operator-=(const Counts& other) {
  all -= other.all;
  failed -= other.failed;
  slow -= other.slow;
  return *this;
}

void Breaker::Pass::report(const CircuitBreakerConfig& config, Outcome outcome, Instant now) {
  auto* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  if (outcome == Outcome::unknown) return breaker->abandon(period_);
  breaker->report(config, period_, outcome, now);
}

// --- Letting pass

Breaker::Pass Breaker::admit(const CircuitBreakerConfig& config, Instant now, Random& random) {
  const auto seen = word_.load(std::memory_order_relaxed);
  if (phase_of(seen) == Phase::closed) return {this, period_of(seen)};
  if (refuses(now)) return {};
  std::optional<Change> change;
  auto pass = [&] {
    const std::lock_guard lock(mutex_);
    return admit_one(config, now, random, change);
  }();
  tell(change);
  return pass;
}

Breaker::Pass Breaker::admit_one(const CircuitBreakerConfig& config, Instant now, Random& random,
                                 std::optional<Change>& change) {
  if (phase() == Phase::open && !refuses(now)) {
    trials_out_ = trials_passed_ = 0;
    enter(Phase::half_open, State::half_open);
    change = Change{.to = State::half_open, .why = {}, .counts = {}, .in_a_row = 0, .lasts = {}};
  }
  switch (phase()) {
    case Phase::closed:
      break;
    case Phase::open:
      return {};
    case Phase::half_open:
      // A new configuration may ask for fewer than have succeeded already.
      if (trials_passed_ >= config.trials) {
        change = close(config, now);
        break;
      }
      if (trials_out_ + trials_passed_ >= config.trials) return {};
      ++trials_out_;
      break;
    case Phase::ramping: {
      const auto gone = now - ramp_began_;
      if (gone >= config.ramp) {
        word_.store(word(Phase::closed, period()), std::memory_order_relaxed);
        break;
      }
      const auto share = std::chrono::duration<double>(gone) / config.ramp;
      constexpr std::uint64_t kFine = 1'000'000;
      if (random.below(kFine) >= std::max(share, kFirstShare) * kFine) return {};
    }
  }
  return {this, period()};
}

bool Breaker::refuses(Instant now) const {
  return phase() == Phase::open &&
         now.time_since_epoch().count() < open_until_.load(std::memory_order_relaxed);
}

Duration Breaker::retry_after(Instant now) const {
  const Duration left(open_until_.load(std::memory_order_relaxed) - now.time_since_epoch().count());
  return std::max<Duration>(left, std::chrono::seconds(1));
}

Breaker::State Breaker::state(Instant now) const {
  switch (phase()) {
    case Phase::open:
      return refuses(now) ? State::open : State::half_open;
    case Phase::half_open:
      return State::half_open;
    case Phase::closed:
    case Phase::ramping:
      break;
  }
  return State::closed;
}

// --- Learning

void Breaker::report(const CircuitBreakerConfig& config, std::uint64_t period, Outcome outcome,
                     Instant now) {
  std::optional<Change> change;
  {
    const std::lock_guard lock(mutex_);
    if (period == this->period()) change = learn(config, outcome, now);
  }
  tell(change);
}

std::optional<Breaker::Change> Breaker::learn(const CircuitBreakerConfig& config, Outcome outcome,
                                              Instant now) {
  if (phase() != Phase::half_open) return count(config, outcome, now);
  --trials_out_;
  if (outcome != Outcome::good)
    return open(config, outcome == Outcome::failed ? "trial failed" : "trial was slow", now);
  if (++trials_passed_ < config.trials) return std::nullopt;
  return close(config, now);
}

void Breaker::abandon(std::uint64_t period) {
  if (period != this->period() || phase() != Phase::half_open) return;
  const std::lock_guard lock(mutex_);
  if (period == this->period() && phase() == Phase::half_open) --trials_out_;
}

std::optional<Breaker::Change> Breaker::count(const CircuitBreakerConfig& config, Outcome outcome,
                                              Instant now) {
  end_parts(config, now);
  const Counts one{.all = 1,
                   .failed = outcome == Outcome::failed ? 1U : 0U,
                   .slow = outcome == Outcome::slow ? 1U : 0U};
  parts_[static_cast<std::size_t>(part_ % kParts)] += one;
  sum_ += one;
  failed_in_a_row_ = outcome == Outcome::failed ? failed_in_a_row_ + 1 : 0;
  const auto why = fault(config);
  if (why.empty()) return std::nullopt;
  return open(config, why, now);
}

// Forgets the parts that the window has left behind.
void Breaker::end_parts(const CircuitBreakerConfig& config, Instant now) {
  const auto length = config.window / kParts;
  const auto part = now.time_since_epoch() / length;
  if (length != part_length_ || part - part_ >= kParts) {
    parts_ = {};
    sum_ = {};
    part_length_ = length;
    part_ = part;
  }
  while (part_ < part) {
    auto& oldest = parts_[static_cast<std::size_t>(++part_ % kParts)];
    sum_ -= oldest;
    oldest = {};
  }
}

// Why it should be open; empty if nothing speaks for that.
std::string_view Breaker::fault(const CircuitBreakerConfig& config) const {
  if (config.consecutive_failures > 0 && failed_in_a_row_ >= config.consecutive_failures)
    return "consecutive failures";
  if (sum_.all < config.minimum_requests) return {};
  if (reaches(sum_.failed, config.failure_rate.share(), sum_.all)) return "failure rate";
  if (config.slower_than && reaches(sum_.slow, config.slow_rate.share(), sum_.all))
    return "slow rate";
  return {};
}

// --- Changing

Breaker::Change Breaker::open(const CircuitBreakerConfig& config, std::string_view why,
                              Instant now) {
  open_until_.store((now + config.open_for).time_since_epoch().count(), std::memory_order_relaxed);
  const Change change{.to = State::open,
                      .why = why,
                      .counts = sum_,
                      .in_a_row = failed_in_a_row_,
                      .lasts = config.open_for};
  enter(Phase::open, State::open);
  return change;
}

Breaker::Change Breaker::close(const CircuitBreakerConfig& config, Instant now) {
  ramp_began_ = now;
  enter(config.ramp > Duration{} ? Phase::ramping : Phase::closed, State::closed);
  return {.to = State::closed, .why = {}, .counts = {}, .in_a_row = 0, .lasts = config.ramp};
}

void Breaker::tell(const std::optional<Change>& change) const {
  if (!change) return;
  switch (change->to) {
    case State::half_open:
      return log_info("circuit half open", {{"service", service_}});
    case State::closed:
      return log_info("circuit closed", {{"service", service_}, {"ramp", change->lasts}});
    case State::open:
      break;
  }
  log_warn("circuit open", {{"service", service_},
                            {"reason", change->why},
                            {"failed", change->counts.failed},
                            {"slow", change->counts.slow},
                            {"of", change->counts.all},
                            {"in_a_row", change->in_a_row},
                            {"for", change->lasts}});
}

// What was counted in one period says nothing about the next.
void Breaker::enter(Phase phase, State state) {
  parts_ = {};
  sum_ = {};
  failed_in_a_row_ = 0;
  transitions_[static_cast<std::size_t>(state)].fetch_add(1, std::memory_order_relaxed);
  word_.store(word(phase, period() + 1), std::memory_order_relaxed);
}

std::string_view text_of(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::half_open:
      return "half_open";
    case Breaker::State::open:
      break;
  }
  return "open";
}

}  // namespace penstock
