#pragma once

#include <csignal>
#include <ctime>

namespace penstock {

// How the kernel shares a core between the calling thread and the others. Best effort: where it is
// refused (seccomp) or not known (an older kernel), the kernel's own way is kept.

// For a thread that answers: when it has something to do it takes the core from one that has been
// given a longer turn, rather than wait for the end of that turn (Linux 6.12 and newer).
void run_promptly();

// For a thread that works for long: nice 5. It gets what the others leave, and on a core that is
// busy all the time about a quarter of it.
void stand_back();

// While it lives, the calling thread, which computes for long, lets others on its core go first
// every 0.1 ms, and where they keep the core for long, works a third as long as it had to wait.
// Without it, a thread that answers and has just had its share waits for the kernel's next tick,
// some milliseconds. By a timer whose signal is SIGURG, which nobody minds: interrupted calls go
// on. One at a time per thread; not around what waits, such as name resolution.
class GivingWay {
 public:
  GivingWay();
  GivingWay(const GivingWay&) = delete;
  GivingWay& operator=(const GivingWay&) = delete;
  ~GivingWay();

  // How often it has let others go first.
  int turns() const { return turns_; }

 private:
  // In a signal's handler.
  static void on_signal(int number);

  volatile std::sig_atomic_t turns_ = 0;
  timer_t timer_{};
};

}  // namespace penstock
