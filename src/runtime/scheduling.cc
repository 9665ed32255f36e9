#include "runtime/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/duration.h"

namespace penstock {
namespace {

// The shortest turn the kernel gives, in nanoseconds; by default it is some 3 ms.
constexpr std::uint64_t kTurn = 100'000;
// 19 leaves so little that a reload on busy cores takes minutes.
constexpr int kNice = 5;

// As sched_setattr(2) has it; glibc's headers have none yet, and the kernel's cannot be included
// beside them.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = 0;  // SCHED_OTHER
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // Of SCHED_OTHER: the length of a turn.
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

// How long a thread that gives way works before it lets others go first: at least, and at most.
constexpr Duration kStint = std::chrono::microseconds(100);
constexpr Duration kLongStint = std::chrono::milliseconds(4);

// The calling thread's, while it gives way.
constinit thread_local GivingWay* giving_way = nullptr;

Duration monotonic() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Once: were it to repeat, a thread that waits for its turn longer than a stint would be
// interrupted before each first step.
void interrupt_after(Duration stint, timer_t timer) {
  const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = stint.count()}};
  ::timer_settime(timer, 0, &once, nullptr);
}

}  // namespace

void run_promptly() {
  SchedulingAttributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  attributes.runtime = kTurn;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

void stand_back() {
  ::setpriority(PRIO_PROCESS, 0, kNice);
}

GivingWay::GivingWay() {
  static const bool handled = [] {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    return ::sigaction(SIGURG, &action, nullptr) == 0;
  }();
  if (!handled) return;
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGURG;
  event._sigev_un._tid = ::gettid();
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) return;
  giving_way = this;
  interrupt_after(kStint, timer_);
}

GivingWay::~GivingWay() {
  if (giving_way != this) return;
  giving_way = nullptr;
  ::timer_delete(timer_);
}

// Only what is allowed in a handler.
void GivingWay::on_signal(int) {
  auto* const self = giving_way;
  if (self == nullptr) return;
  const int error = errno;
  self->turns_ = self->turns_ + 1;
  const auto left = monotonic();
  ::sched_yield();
  const auto waited = monotonic() - left;
  interrupt_after(std::clamp(waited / 3, kStint, kLongStint), self->timer_);
  errno = error;
}

}  // namespace penstock
