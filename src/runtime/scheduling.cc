#include "runtime/scheduling.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

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

}  // namespace penstock
