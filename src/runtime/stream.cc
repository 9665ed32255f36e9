#include "runtime/stream.h"

#include <utility>

#include "runtime/loop.h"

namespace penstock {

void Stream::interrupt() {
  if (waiting_ != nullptr) waiting_->cancel(Error::Kind::reset);
}

void Stream::watch_peer(Operation*) {}

// --- Recv

bool Stream::Recv::await_ready() {
  if (cancelled()) return complete(penstock::fail(Error::Kind::cancelled));
  yielded_ = must_yield();
  return !yielded_ && stream_.start(*this);
}

void Stream::Recv::await_suspend(std::coroutine_handle<> waiter) {
  stream_.waiting_ = this;
  sleep(waiter);
  if (yielded_) loop_.ready(*this);
}

void Stream::Recv::run() {
  yielded_ = false;
  if (!done_ && !stream_.start(*this)) return;
  stream_.waiting_ = nullptr;
  finish();
}

void Stream::Recv::cancel(Error::Kind why) {
  if (done_) return;
  if (!yielded_) stream_.forget(*this);
  complete(penstock::fail(why));
  loop_.ready_cancelled(*this);
}

bool Stream::Recv::complete(Result<Lent> result) {
  result_ = std::move(result);
  spend(result_ ? result_->bytes().size() : 0);
  return done_ = true;
}

// --- Send

Stream::Send::Send(Stream& stream, const Parts& parts, Timeout timeout)
    : Operation(stream.loop_, timeout), stream_(stream), parts_(parts) {
  for (const auto part : parts_) left_ += part.size();
}

bool Stream::Send::draw_from(std::unique_ptr<Source> source) {
  source_ = std::move(source);
  if (refill()) return true;
  done_ = true;
  return false;
}

bool Stream::Send::refill() {
  left_ = 0;
  parts_ = {};
  const auto more = source_->next(parts_);
  if (!more) result_ = penstock::fail(more.error());
  if (!more || !*more) return false;
  for (const auto part : parts_) left_ += part.size();
  return true;
}

bool Stream::Send::await_ready() {
  if (cancelled()) return fail({.kind = Error::Kind::cancelled});
  if (left_ == 0) return done_ = true;
  yielded_ = must_yield();
  return !yielded_ && stream_.start(*this);
}

void Stream::Send::await_suspend(std::coroutine_handle<> waiter) {
  sleep(waiter);
  asleep_ = true;
  if (yielded_) loop_.ready(*this);
}

void Stream::Send::run() {
  yielded_ = false;
  if (done_ || stream_.start(*this)) finish();
}

void Stream::Send::cancel(Error::Kind why) {
  if (done_) return;
  if (!yielded_) stream_.forget(*this);
  fail({.kind = why});
  loop_.ready_cancelled(*this);
}

bool Stream::Send::sent(std::size_t n) {
  spend(n);
  left_ -= n;
  for (auto& part : parts_) {
    const auto taken = std::min(n, part.size());
    part.remove_prefix(taken);
    n -= taken;
    if (n == 0) break;
  }
  if (left_ == 0 && (source_ == nullptr || !refill())) return done_ = true;
  if (asleep_) progress();
  return false;
}

bool Stream::Send::fail(Error error) {
  result_ = penstock::fail(error);
  return done_ = true;
}

// --- Accept

void Acceptor::interrupt() {
  if (waiting_ != nullptr) waiting_->cancel(Error::Kind::reset);
}

bool Acceptor::Accept::await_ready() {
  if (cancelled()) return complete(fail(Error::Kind::cancelled));
  yielded_ = must_yield();
  if (yielded_) return false;
  if (acceptor_.start(*this)) return true;
  if (!now_only()) return false;
  acceptor_.forget(*this);
  return complete(fail(Error::Kind::timed_out));
}

void Acceptor::Accept::await_suspend(std::coroutine_handle<> waiter) {
  acceptor_.waiting_ = this;
  sleep(waiter);
  if (yielded_) loop_.ready(*this);
}

void Acceptor::Accept::run() {
  yielded_ = false;
  if (!done_ && !acceptor_.start(*this)) return;
  acceptor_.waiting_ = nullptr;
  finish();
}

void Acceptor::Accept::cancel(Error::Kind why) {
  if (done_) return;
  if (!yielded_) acceptor_.forget(*this);
  complete(fail(why));
  loop_.ready_cancelled(*this);
}

bool Acceptor::Accept::complete(Result<Accepted> result) {
  result_ = std::move(result);
  spend(0);
  return done_ = true;
}

// --- Connect

bool Connect::await_ready() {
  if (cancelled()) {
    result_ = fail(Error::Kind::cancelled);
    return done_ = true;
  }
  yielded_ = must_yield();
  return !yielded_ && loop_.start(*this);
}

void Connect::await_suspend(std::coroutine_handle<> waiter) {
  sleep(waiter);
  if (yielded_) loop_.ready(*this);
}

void Connect::run() {
  const bool first = std::exchange(yielded_, false);
  if (done_ || (first ? loop_.start(*this) : loop_.check(*this))) finish();
}

void Connect::cancel(Error::Kind why) {
  if (done_) return;
  if (!yielded_) loop_.forget(*this);
  result_ = fail(why);
  done_ = true;
  loop_.ready_cancelled(*this);
}

bool Connect::complete(Result<void> result) {
  if (result)
    result_ = std::move(stream);
  else
    result_ = fail(result.error());
  stream.reset();
  spend(0);
  return done_ = true;
}

}  // namespace penstock
