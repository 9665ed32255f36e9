#pragma once

#include <coroutine>

#include "base/list.h"
#include "runtime/loop.h"

namespace penstock {

// Wakes tasks of the same loop that wait for something to change. It remembers nothing: look at the
// condition, then wait. No task may be waiting when it is destroyed.
class Signal {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { ensure(waiters_.empty()); }

  // Error::timed_out or Error::cancelled when nothing was notified.
  class Wait;
  Wait wait(Timeout timeout = {});

  // Wakes the one that has waited longest; false if nobody waits.
  bool notify_one();
  void notify_all() {
    while (notify_one()) {
    }
  }

 private:
  struct WaitTag;
  Loop& loop_;
  List<Wait, WaitTag> waiters_;
};

class Signal::Wait final : public Operation, public Link<WaitTag> {
 public:
  Wait(Signal& signal, Timeout timeout) : Operation(signal.loop_, timeout), signal_(signal) {}

  bool await_ready() {
    if (!cancelled()) return false;
    result_ = fail(Error::Kind::cancelled);
    return done_ = true;
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    signal_.waiters_.push_back(*this);
    sleep(waiter);
  }
  Result<void> await_resume() { return result_; }

  void cancel(Error::Kind why) override {
    if (done_) return;
    Link<WaitTag>::unlink();
    result_ = fail(why);
    done_ = true;
    loop_.ready_cancelled(*this);
  }

 private:
  friend class Signal;
  Signal& signal_;
  Result<void> result_;
  bool done_ = false;
};

inline Signal::Wait Signal::wait(Timeout timeout) {
  return {*this, timeout};
}

inline bool Signal::notify_one() {
  auto* const wait = waiters_.pop_front();
  if (wait == nullptr) return false;
  wait->done_ = true;
  loop_.ready(*wait);
  return true;
}

}  // namespace penstock
