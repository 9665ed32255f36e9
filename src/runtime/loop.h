#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/duration.h"
#include "base/list.h"
#include "base/random.h"
#include "runtime/buffers.h"
#include "runtime/operation.h"
#include "runtime/stream.h"
#include "runtime/timers.h"
#include "runtime/usage.h"

namespace penstock {

// Something to be done on another thread's loop. Sent by Loop::post(), freed after run().
class Message {
 public:
  virtual ~Message() = default;
  virtual void run() = 0;

 private:
  friend class Loop;
  Message* next_ = nullptr;
};

// One thread's event loop, completion-style: it is asked for an operation and resumes who awaits
// it. Backends: io_uring, epoll, and a simulator with virtual time. All members belong to the
// loop's thread, apart from post() and stop().
class Loop {
 public:
  virtual ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  virtual std::string_view name()
      const = 0;  // `io_uring`, `epoll`, `sim`: as `runtime.io` names it.

  // Read once per turn.
  Instant now() const { return now_; }
  WallTime wall() const { return wall_; }
  // Read anew: for what is shorter than a turn.
  virtual Instant clock() const { return now_; }
  std::uint64_t turn() const { return turn_; }

  Random& random() { return random_; }
  BufferPool& buffers() { return buffers_; }
  // How long what becomes ready waits for its turn: the processor time of the last two turns, the
  // shorter, so that a single stall is none. Below 10 ms it is an upper bound.
  Duration lag() const { return Duration(usage_.lag.value()); }
  // Any thread may read it.
  const LoopUsage& usage() const { return usage_; }
  // By sockets, at their begin and end.
  void count_socket(int change) { usage_.sockets.add(change); }

  // Opens a connection: Error::refused, unreachable, timed_out, exhausted, cancelled, system.
  Connect connect(const SocketAddress& address, Timeout timeout) {
    return {*this, address, timeout};
  }
  // Serves a listening descriptor, which stays its owner's.
  virtual std::unique_ptr<Acceptor> acceptor(int descriptor) = 0;
  // Takes over a connected descriptor.
  virtual std::unique_ptr<Stream> adopt(int descriptor) = 0;

  void arm(Timer& timer, Instant at) { timers_.arm(timer, at); }
  static void disarm(Timer& timer) { TimerWheel::disarm(timer); }

  // Puts an operation into the run queue.
  void ready(Operation& operation) {
    if (!static_cast<Link<RunTag>&>(operation).linked()) run_queue_.push_back(operation);
  }
  // The same for one that was cancelled; the simulator lets it wait at random.
  virtual void ready_cancelled(Operation& operation) { ready(operation); }

  // Runs `message` on this loop's thread, soon. From any thread.
  void post(std::unique_ptr<Message> message);
  template <class F>
  void post(F&& function);

  // Turns until stop() is called.
  void run();
  // From any thread, also from a signal handler.
  void stop();
  // After run() has ended: runs what was posted since, while all that it speaks of is still there.
  void run_posted() {
    while (take_messages()) {
    }
  }

  // For Connect.
  virtual bool start(Connect& connect) = 0;
  virtual bool check(Connect& connect) = 0;
  virtual void forget(Connect& connect) = 0;

 protected:
  Loop(Instant now, WallTime wall, std::uint64_t seed, bool poison_buffers = false);

  // Waits for events until `until` at the latest (kNever: for ever; the past: not at all), puts
  // what they concern into the run queue, and reads the clock.
  virtual void wait(Instant until) = 0;
  // Ends a wait() of this loop early. From any thread.
  virtual void wake() = 0;
  // The processor time that this loop's thread has had.
  virtual Duration worked() const { return {}; }
  // run() is about to return.
  virtual void ended() {}

  // One turn: what is ready, what was posted, then a wait.
  void turn_once();
  bool run_queue_empty() const { return run_queue_.empty(); }
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }
  // Runs what was posted; false if nothing was.
  bool take_messages();

  Instant now_;
  WallTime wall_;
  TimerWheel timers_;

 private:
  void run_ready();
  void note_turn(Duration length);

  std::uint64_t turn_ = 1;
  List<Operation, RunTag> run_queue_;
  LoopUsage usage_;
  Duration last_work_{};
  Duration worked_{};  // As worked() said after the last long turn.
  Random random_;
  BufferPool buffers_;
  std::atomic<Message*> messages_{nullptr};
  std::atomic<bool> stopping_{false};
};

template <class F>
void Loop::post(F&& function) {
  struct Call final : Message {
    explicit Call(F&& f) : f_(std::forward<F>(f)) {}
    void run() override { f_(); }
    std::decay_t<F> f_;
  };
  post(std::unique_ptr<Message>(std::make_unique<Call>(std::forward<F>(function))));
}

// Sleeps until an instant, in steps of the timers' tick; see sleep_for() and sleep_until().
class Sleep final : public Operation {
 public:
  Sleep(Loop& loop, Timeout timeout) : Operation(loop, timeout) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  // Error::cancelled is the only error.
  Result<void> await_resume() { return result_; }

  void cancel(Error::Kind why) override;

 private:
  bool due() const { return timeout_.deadline(loop_.now()) <= loop_.now(); }

  Result<void> result_;
  bool done_ = false;
};

inline Sleep sleep_until(Loop& loop, Instant until) {
  return {loop, Timeout{.until = until}};
}
inline Sleep sleep_for(Loop& loop, Duration duration) {
  return {loop, Timeout{.idle = duration}};
}

// Lets everything else that is ready run first.
class Yield final : public Operation {
 public:
  explicit Yield(Loop& loop) : Operation(loop, Timeout{}) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    sleep(waiter);
    loop_.ready(*this);
  }
  void await_resume() {}
  void cancel(Error::Kind) override {}
};

}  // namespace penstock
