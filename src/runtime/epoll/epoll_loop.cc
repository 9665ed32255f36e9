#include "runtime/epoll/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "runtime/epoll/epoll_stream.h"

namespace penstock {
namespace {

constexpr std::size_t kEvents = 256;

// Whole milliseconds, rounded up, for epoll_wait.
int milliseconds_until(Instant until, Instant now) {
  if (until == kNever) return -1;
  if (until <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, 60'000));
}

}  // namespace

Result<std::unique_ptr<EpollLoop>> EpollLoop::create(std::uint64_t seed) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return fail(Error::Kind::exhausted, errno);
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) {
    const int error = errno;
    close(epoll);
    return fail(Error::Kind::exhausted, error);
  }
  epoll_event interest{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  ensure(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest) == 0);
  return std::unique_ptr<EpollLoop>(new EpollLoop(epoll, event, seed));
}

EpollLoop::EpollLoop(int epoll, int event, std::uint64_t seed)
    : Loop(Instant(read_clock(CLOCK_MONOTONIC)), WallTime(read_clock(CLOCK_REALTIME)), seed),
      epoll_(epoll),
      event_(event),
      events_(kEvents) {
  read_clocks();
}

EpollLoop::~EpollLoop() {
  // A message may post another, which needs a loop that is whole.
  while (take_messages()) {
  }
  close(event_);
  close(epoll_);
}

void EpollLoop::read_clocks() {
  clocks_.read();
  now_ = clocks_.now();
  wall_ = clocks_.wall();
}

Instant EpollLoop::clock() const {
  return Instant(read_clock(CLOCK_MONOTONIC));
}

Duration EpollLoop::worked() const {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void EpollLoop::wait(Instant until) {
  const int n = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                           milliseconds_until(until, now_));
  read_clocks();
  for (int i = 0; i < n; ++i) {
    auto* const handle = static_cast<EpollHandle*>(events_[static_cast<std::size_t>(i)].data.ptr);
    if (handle != nullptr) {
      handle->note(events_[static_cast<std::size_t>(i)].events);
      continue;
    }
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(event_, &count, sizeof count);
  }
}

void EpollLoop::wake() {
  const int kept = errno;  // A signal handler may be calling.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = write(event_, &one, sizeof one);
  errno = kept;
}

bool EpollLoop::add(int descriptor, std::uint32_t events, EpollHandle& handle) {
  epoll_event interest{.events = events, .data = {.ptr = &handle}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &interest) == 0;
}

void EpollLoop::remove(int descriptor) {
  epoll_event none{};
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &none);
}

std::unique_ptr<Acceptor> EpollLoop::acceptor(int descriptor) {
  return std::make_unique<EpollAcceptor>(*this, descriptor);
}

std::unique_ptr<Stream> EpollLoop::adopt(int descriptor) {
  auto stream = std::make_unique<EpollStream>(*this, descriptor);
  if (!stream->enroll()) return nullptr;
  return stream;
}

}  // namespace penstock
