#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>

#include "base/duration.h"
#include "base/ensure.h"
#include "base/list.h"
#include "base/result.h"

namespace penstock {

class Loop;
class Operation;

struct TimerTag;
struct RunTag;

// Something that is to happen at an instant; armed and disarmed by a Loop, owned by its user.
class Timer : public Link<TimerTag> {
 public:
  Instant at() const { return at_; }
  virtual void fire() = 0;

 protected:
  Timer() = default;
  ~Timer() = default;

 private:
  friend class TimerWheel;
  Instant at_ = kNever;
};

// How long an operation may take: `idle` without progress, and in no case past `until`.
struct Timeout {
  Duration idle = Duration::max();
  Instant until = kNever;

  Instant deadline(Instant now) const {
    const auto left = until - now;
    return idle < left ? now + idle : until;
  }
};

// One task with all that it awaits: a chain of coroutines of which at most one operation is
// waiting. It is what a Scope cancels. Touched by its loop's thread only.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  bool cancelled() const { return cancelled_; }
  // From now on every operation of the job answers Error::cancelled; the waiting one completes so.
  void cancel();

  // What a job did without sleeping within one turn of the loop: after kTurns completions or kBytes
  // it is to go through the run queue, so that others are served (false).
  static constexpr std::uint32_t kCompletions = 16;
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  bool may_continue(std::uint64_t turn) {
    if (turn != turn_) {
      turn_ = turn;
      completions_ = 0;
      bytes_ = 0;
    }
    return completions_ < kCompletions && bytes_ < kBytes;
  }
  void spend(std::size_t bytes) {
    ++completions_;
    bytes_ += bytes;
  }
  void forget_spending() {
    completions_ = 0;
    bytes_ = 0;
  }

 private:
  friend class Operation;
  Operation* waiting_ = nullptr;
  std::uint64_t turn_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t completions_ = 0;
  bool cancelled_ = false;
};

// Base of every awaitable: it lives in the awaiting frame, the loop completes it and resumes the
// frame. An operation that was cancelled, by its job or by its deadline, completes later, through
// the run queue: the frame is never destroyed while something may still write to it.
class Operation : public Link<RunTag>, protected Timer {
 public:
  void bind(Job& job) { job_ = &job; }
  // Called by the loop when the operation's turn in the run queue has come.
  virtual void run() { finish(); }
  // Asks for an early end with that kind of error; the operation completes later. Asking again, or
  // asking one that has its result, does nothing.
  virtual void cancel(Error::Kind why) = 0;

 protected:
  Operation(Loop& loop, Timeout timeout) : loop_(loop), timeout_(timeout) {}
  ~Operation() = default;

  bool cancelled() const { return job_ != nullptr && job_->cancelled(); }
  // True when the job has had its share of this turn and must let others go first.
  bool must_yield();
  void spend(std::size_t bytes) {
    if (job_ != nullptr) job_->spend(bytes);
  }
  // Suspends: remembers whom to resume and arms the deadline.
  void sleep(std::coroutine_handle<> waiter);
  // Arms the deadline anew, since bytes have moved.
  void progress();
  // Ends the wait: the waiter runs before this returns, and with it *this may be gone.
  void finish();

  Loop& loop_;
  Timeout timeout_;

 private:
  void fire() final;

  Job* job_ = nullptr;
  std::coroutine_handle<> waiter_;
  bool overdue_ = false;
};

}  // namespace penstock
