#include "runtime/sim/sim_loop.h"

#include <algorithm>

namespace penstock {
namespace {

using namespace std::chrono_literals;

// Where virtual time begins. Not zero, so that an instant in the past can be told.
constexpr Instant kBegin{24h};
constexpr WallTime kWallBegin{Duration(1'800'000'000s)};
// Real time after which we believe that what run_until() waits for never comes.
constexpr auto kForeignWork = 60s;

}  // namespace

SimLoop::SimLoop(std::uint64_t seed)
    : Loop(kBegin, kWallBegin, seed, true), network_(*this, seed ^ 0x6e6574), dice_(~seed) {}

SimLoop::~SimLoop() {
  while (take_messages()) {
  }
}

bool SimLoop::run_until_idle(Duration most) {
  const auto limit = now_ + most;
  run_to(limit);
  return now_ < limit;
}

void SimLoop::run_for(Duration duration) {
  const auto limit = now_ + duration;
  run_to(limit);
  jump_to(limit);
}

bool SimLoop::run_until(const std::function<bool()>& done, Duration most) {
  limit_ = now_ + most;
  done_ = &done;
  while (!done() && !stopping()) {
    quiet_ = false;
    turn_once();
    if (!quiet_ || done()) continue;
    if (now_ >= limit_) break;
    await_wake();
  }
  done_ = nullptr;
  return done();
}

void SimLoop::run_to(Instant limit) {
  limit_ = limit;
  quiet_ = false;
  while (!quiet_ && !stopping()) turn_once();
}

void SimLoop::wait(Instant until) {
  const bool busy = release_cancelled() || !run_queue_empty() || take_wake();
  ensure(turns_at_instant_++ < kSpinning);
  // No time passes once what is waited for has come.
  if (!busy && done_ != nullptr && (*done_)()) return;
  if (!busy) {
    const auto next = std::min(until, network_.next());
    quiet_ = next > limit_ || next == kNever;
    if (next != kNever) jump_to(std::min(next, limit_));
  }
  network_.deliver(now_);
}

void SimLoop::jump_to(Instant instant) {
  if (instant <= now_) return;
  turns_at_instant_ = 0;
  now_ = instant;
  wall_ = kWallBegin + (now_ - kBegin);
}

// --- Cancelled operations

void SimLoop::ready_cancelled(Operation& operation) {
  static_cast<Link<RunTag>&>(operation).unlink();
  late_[dice_.below(late_.size())].push_back(operation);
}

// True if some wait still.
bool SimLoop::release_cancelled() {
  while (Operation* operation = late_[0].pop_front()) ready(*operation);
  bool some = false;
  for (std::size_t i = 1; i < late_.size(); ++i) {
    some = some || !late_[i].empty();
    late_[i].move_to(late_[i - 1]);
  }
  return some;
}

// --- Other threads

void SimLoop::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  woken_changed_.notify_one();
}

bool SimLoop::take_wake() {
  const std::lock_guard lock(mutex_);
  return std::exchange(woken_, false);
}

void SimLoop::await_wake() {
  std::unique_lock lock(mutex_);
  ensure(woken_changed_.wait_for(lock, kForeignWork, [this] { return woken_; }));
}

// --- Sockets

std::unique_ptr<Acceptor> SimLoop::acceptor(int descriptor) {
  return network_.acceptor(descriptor);
}

std::unique_ptr<Stream> SimLoop::adopt(int) {
  ensure(false);
  return nullptr;
}

}  // namespace penstock
