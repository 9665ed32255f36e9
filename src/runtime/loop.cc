#include "runtime/loop.h"

#include <algorithm>
#include <utility>

namespace penstock {

// --- Job and Operation, which need to know the loop

void Job::cancel() {
  cancelled_ = true;
  if (waiting_ != nullptr) waiting_->cancel(Error::Kind::cancelled);
}

bool Operation::must_yield() {
  if (job_ == nullptr || job_->may_continue(loop_.turn())) return false;
  job_->forget_spending();
  return true;
}

void Operation::sleep(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (job_ != nullptr) job_->waiting_ = this;
  loop_.arm(*this, timeout_.deadline(loop_.now()));
}

void Operation::progress() {
  loop_.arm(*this, timeout_.deadline(loop_.now()));
}

void Operation::fire() {
  // What came in the same turn as the deadline counts: after a pause of the whole process answers
  // are read, not timed out. Only once, so that a trickle of bytes cannot put the end off for ever.
  if (Link<RunTag>::linked() && !std::exchange(overdue_, true))
    return loop_.arm(*this, loop_.now());
  cancel(Error::Kind::timed_out);
}

void Operation::finish() {
  Loop::disarm(*this);
  if (job_ != nullptr) job_->waiting_ = nullptr;
  waiter_.resume();
}

// --- Loop

Loop::Loop(Instant now, WallTime wall, std::uint64_t seed, bool poison_buffers)
    : now_(now),
      wall_(wall),
      timers_(now),
      random_(seed),
      buffers_(poison_buffers, &usage_.buffers) {}

Loop::~Loop() {
  take_messages();
}

void Loop::post(std::unique_ptr<Message> message) {
  auto* const raw = message.release();
  auto* head = messages_.load(std::memory_order_relaxed);
  do {
    raw->next_ = head;
  } while (!messages_.compare_exchange_weak(head, raw, std::memory_order_acq_rel,
                                            std::memory_order_relaxed));
  // Who finds the list empty wakes the loop; the others' messages are taken with that one.
  if (head == nullptr) wake();
}

bool Loop::take_messages() {
  if (messages_.load(std::memory_order_relaxed) == nullptr) return false;
  auto* newest = messages_.exchange(nullptr, std::memory_order_acq_rel);
  Message* oldest = nullptr;
  while (newest != nullptr) {
    auto* const next = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    const std::unique_ptr<Message> message(oldest);
    oldest = oldest->next_;
    message->run();
  }
  return true;
}

void Loop::run_ready() {
  // Only what is ready now: what it makes ready waits for the next turn, after a look at events.
  List<Operation, RunTag> batch;
  run_queue_.move_to(batch);
  while (Operation* operation = batch.pop_front()) operation->run();
}

// A short turn's length is near enough to its work; the clock of a longer one, which may have been
// spent in waiting, costs a system call. It may count work of short turns before it: lag() is the
// shorter of two for that, too.
void Loop::note_turn(Duration length) {
  constexpr Duration kLong = std::chrono::milliseconds(10);
  auto work = length;
  if (length >= kLong) {
    const auto before = std::exchange(worked_, worked());
    work = std::min(length, worked_ - before);
  }
  usage_.lag.set(std::min(work, last_work_).count());
  last_work_ = work;
}

void Loop::turn_once() {
  ++turn_;
  take_messages();
  run_ready();
  if (stopping()) return;
  const auto began = now_;
  wait(run_queue_.empty() ? timers_.next() : now_);
  note_turn(now_ - began);
  timers_.advance(now_);
}

void Loop::run() {
  while (!stopping()) turn_once();
  ended();
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

// --- Sleep

bool Sleep::await_ready() {
  if (cancelled()) {
    result_ = fail(Error::Kind::cancelled);
    return done_ = true;
  }
  if (!due() || must_yield()) return false;
  spend(0);
  return done_ = true;
}

void Sleep::await_suspend(std::coroutine_handle<> waiter) {
  sleep(waiter);
  if (due()) loop_.ready(*this);
}

void Sleep::cancel(Error::Kind why) {
  if (done_) return;
  done_ = true;
  if (why == Error::Kind::timed_out) return finish();  // That is what was asked for.
  result_ = fail(why);
  loop_.ready_cancelled(*this);
}

}  // namespace penstock
