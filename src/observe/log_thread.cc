#include "observe/log_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "observe/operational_log.h"

namespace penstock {
namespace {

// Enough for one write(2) to be cheap per line.
constexpr std::size_t kBatch = std::size_t{256} * 1024;
// More than this in one turn: look again soon, or the rings may fill up meanwhile.
constexpr std::size_t kBusy = std::size_t{128} * 1024;
constexpr Duration kBusyPause = std::chrono::milliseconds(5);

std::string text_of_errno(int error) {
  return std::generic_category().message(error);
}

}  // namespace

LogDrain::LogDrain(LogSink sink) : sink_(std::move(sink)) {}

std::size_t LogDrain::drain(Duration patience) {
  const auto deadline = Clock::now() + patience;
  std::size_t taken = 0;
  while (write_batch(deadline)) {
    if (taken > 0 && Clock::now() >= deadline) break;
    gather();
    if (batch_.empty()) break;
    taken += batch_.size();
  }
  return taken;
}

void LogDrain::gather() {
  for (std::size_t i = 0; i < rings_.size() && batch_.size() < kBatch; ++i) {
    auto& ring = *rings_[(next_ring_ + i) % rings_.size()];
    const auto waiting = ring.waiting();
    batch_.append(waiting.first).append(waiting.second);
    ring.pop(waiting.size());
  }
  if (!rings_.empty()) next_ring_ = (next_ring_ + 1) % rings_.size();
}

// Says the errno that prevented it, if one did.
int LogDrain::end_cut_line(Duration patience) {
  if (!cut_line_) return 0;
  const auto [bytes, error] = sink_.write("\n", patience);
  cut_line_ = bytes == 0;
  return error;
}

// Whether the batch is done with: written, or lost.
bool LogDrain::write_batch(Clock::time_point deadline) {
  if (batch_.empty()) return true;
  const auto patience = [&] {
    return std::max<Duration>(deadline - Clock::now(), Duration::zero());
  };
  const auto rest = std::string_view(batch_).substr(written_);
  int error = end_cut_line(patience());
  std::size_t bytes = 0;
  if (!cut_line_) {
    const auto written = sink_.write(rest, patience());
    bytes = written.bytes;
    error = written.error;
  }
  written_ += bytes;
  if (error == 0 && bytes < rest.size()) return false;

  if (error != 0) lose(rest.substr(bytes), error);
  if (error == 0 && std::exchange(failing_, false))
    log_info("access log is written again", {{"path", sink_.path()}});
  batch_.clear();
  written_ = 0;
  return true;
}

void LogDrain::lose(std::string_view rest, int error) {
  if (written_ > 0) cut_line_ = batch_[written_ - 1] != '\n';
  lost_lines_.fetch_add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')),
                        std::memory_order_relaxed);
  if (!std::exchange(failing_, true))
    log_error("access log cannot be written; its lines are being lost",
              {{"path", sink_.path()}, {"error", text_of_errno(error)}});
}

void LogDrain::reopen() {
  if (const auto reopened = sink_.reopen(); !reopened) {
    log_error("access log not reopened; the old file stays in use",
              {{"path", sink_.path()}, {"error", text_of_errno(reopened.error().os)}});
    return;
  }
  cut_line_ = false;
  log_info("access log reopened", {{"path", sink_.path()}});
}

void LogDrain::finish(Duration patience) {
  drain(patience);
  const auto before = lost_lines();
  for (gather(); !batch_.empty(); gather()) {
    lose(std::string_view(batch_).substr(written_), ETIMEDOUT);
    batch_.clear();
    written_ = 0;
  }
  if (const auto lost = lost_lines() - before; lost > 0)
    log_warn("access log lines lost at the end", {{"path", sink_.path()}, {"lines", lost}});
}

LogThread::LogThread(LogSink sink) : drain_(std::move(sink)) {}

LogThread::~LogThread() {
  stop();
}

void LogThread::start() {
  // The process's signals are for others; SIGPIPE would otherwise come to us and end the process.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LogThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_wanted_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogThread::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_wanted_ = true;
  }
  wake_.notify_one();
}

void LogThread::run() {
  auto pause = kPause;
  std::unique_lock lock(mutex_);
  while (!stop_wanted_ || reopen_wanted_) {
    wake_.wait_for(lock, pause, [this] { return stop_wanted_ || reopen_wanted_; });
    const bool reopen_now = std::exchange(reopen_wanted_, false);
    lock.unlock();
    pause = drain_.drain(kPause) > kBusy ? kBusyPause : kPause;
    if (reopen_now) drain_.reopen();
    lock.lock();
  }
  lock.unlock();
  drain_.finish(kLastPatience);
}

}  // namespace penstock
