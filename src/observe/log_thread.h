#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/duration.h"
#include "observe/log_ring.h"
#include "observe/log_sink.h"

namespace penstock {

// Moves lines from the rings to the sink in large writes. One thread at a time.
class LogDrain {
 public:
  explicit LogDrain(LogSink sink);

  // Before the first drain; the ring must outlive the drain.
  void add(LogRing& ring) { rings_.push_back(&ring); }

  // Writes what waits; says how many bytes were taken from the rings. What the sink does not take
  // within `patience` is kept for the next call; what it refuses is counted as lost, and a line
  // that was cut by that is ended before the next begins.
  std::size_t drain(Duration patience);
  // The last drain: what is left after `patience` is lost.
  void finish(Duration patience);
  // Says in the operational log whether it worked.
  void reopen();

  // Safe from any thread.
  std::uint64_t lost_lines() const { return lost_lines_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  void gather();
  int end_cut_line(Duration patience);
  bool write_batch(Clock::time_point deadline);
  void lose(std::string_view rest, int error);

  LogSink sink_;
  std::vector<LogRing*> rings_;
  std::size_t next_ring_ = 0;  // Where gather() begins, so that no ring is always the last.
  std::string batch_;          // Taken from the rings;
  std::size_t written_ = 0;    // so much of it is written.
  bool cut_line_ = false;      // The last byte that was written was within a line.
  bool failing_ = false;       // That was said already.
  std::atomic<std::uint64_t> lost_lines_{0};
};

// The one thread that writes the access log, so that workers never call write(2).
class LogThread {
 public:
  // A line is written at most this long after it was pushed, plus the time of the write.
  static constexpr Duration kPause = std::chrono::milliseconds(20);
  // The longest that stop() waits for a sink that takes nothing.
  static constexpr Duration kLastPatience = std::chrono::seconds(1);

  explicit LogThread(LogSink sink);
  ~LogThread();  // Stops.

  // Before start(); the ring must live until stop() has returned.
  void add(LogRing& ring) { drain_.add(ring); }
  void start();
  // Writes what the rings hold, within kLastPatience, and joins. The workers have stopped before.
  void stop();
  // Asks the thread to open its file anew (SIGUSR1); returns at once.
  void reopen();

  // Safe from any thread: lines that were in a ring and could not be written.
  std::uint64_t lost_lines() const { return drain_.lost_lines(); }

 private:
  void run();

  LogDrain drain_;
  std::mutex mutex_;  // Guards the two wishes; the thread sleeps on it, workers never see it.
  std::condition_variable wake_;
  bool stop_wanted_ = false;
  bool reopen_wanted_ = false;
  std::thread thread_;
};

}  // namespace penstock
