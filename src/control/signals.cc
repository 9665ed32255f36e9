#include "control/signals.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace penstock {
namespace {

// Wakes the thread to its end; nobody else uses it.
int stop_signal() {
  return SIGRTMIN;
}

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2})
    sigaddset(&set, number);
  sigaddset(&set, stop_signal());
  return set;
}

}  // namespace

void Signals::block() {
  const auto set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signals::Signals(std::function<void(int)> on_signal)
    : thread_([on_signal = std::move(on_signal)] {
        const auto set = handled();
        for (;;) {
          int number = 0;
          if (sigwait(&set, &number) != 0) continue;
          if (number == stop_signal()) return;
          on_signal(number);
        }
      }) {
  pthread_setname_np(thread_.native_handle(), "signals");
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), stop_signal());
  thread_.join();
}

}  // namespace penstock
