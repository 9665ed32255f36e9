#include "runtime/uring/uring_loop.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "runtime/socket.h"
#include "runtime/uring/uring_stream.h"

namespace penstock {

Result<std::unique_ptr<UringLoop>> UringLoop::create(std::uint64_t seed) {
  auto ring = Ring::create();
  if (!ring) return fail(ring.error());
  // Blocking, since the kernel is to wait for it.
  const int event = eventfd(0, EFD_CLOEXEC);
  if (event < 0) return fail(Error::Kind::exhausted, errno);
  std::unique_ptr<UringLoop> loop(new UringLoop(std::move(*ring), event, seed));
  if (!loop->blocks_.provide(*loop->ring_)) return fail(Error::Kind::system, ENOSYS);
  return loop;
}

UringLoop::UringLoop(std::unique_ptr<Ring> ring, int event, std::uint64_t seed)
    : Loop(Instant(read_clock(CLOCK_MONOTONIC)), WallTime(read_clock(CLOCK_REALTIME)), seed),
      ring_(std::move(ring)),
      blocks_(buffers()),
      event_(event) {
  watch_event();
}

UringLoop::~UringLoop() {
  // A message may post another, which needs a loop that is whole.
  while (take_messages()) {
  }
  // With the ring ends all that the kernel does for it.
  ring_.reset();
  while (auto* const orphan = orphans_.pop_front()) delete orphan;
  close(event_);
}

Instant UringLoop::clock() const {
  return Instant(read_clock(CLOCK_MONOTONIC));
}

Duration UringLoop::worked() const {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

// --- Waiting

void UringLoop::wait(Instant until) {
  if (!ring_->enabled()) ring_->enable();
  feed_the_starving();
  ring_->wait(until == kNever ? Duration::max() : until - now_);
  clocks_.read();
  now_ = clocks_.now();
  wall_ = clocks_.wall();
  ring_->tell_completions();
}

void UringLoop::feed_the_starving() {
  List<UringSocket, StarvedTag> batch;
  if (blocks_.has_room()) starving_.move_to(batch);
  while (auto* const socket = batch.pop_front()) socket->receive();
}

// What the last turn asked for, closes above all, is done; then nothing holds a socket any more.
void UringLoop::ended() {
  if (ring_->is_mine()) ring_->cancel_all();
}

void UringLoop::wake() {
  const int kept = errno;  // A signal handler may be calling.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = write(event_, &one, sizeof one);
  errno = kept;
}

void UringLoop::watch_event() {
  auto& entry = ring_->next();
  io_uring_prep_read(&entry, event_, &event_count_, sizeof event_count_, 0);
  Ring::tell(entry, *this, 0);
}

void UringLoop::complete(unsigned, std::int32_t, std::uint32_t) {
  watch_event();
}

// --- Opening

std::unique_ptr<Acceptor> UringLoop::acceptor(int descriptor) {
  return std::make_unique<UringAcceptor>(*this, descriptor);
}

std::unique_ptr<Stream> UringLoop::adopt(int descriptor) {
  // The kernel waits for who does not forbid it to block.
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    close(descriptor);
    return nullptr;
  }
  return std::make_unique<UringStream>(*this, descriptor);
}

bool UringLoop::start(Connect& connect) {
  const int descriptor = socket(connect.address().storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return connect.complete(fail(socket_error(errno)));
  no_delay(descriptor);
  auto stream = std::make_unique<UringStream>(*this, descriptor);
  stream->connect(connect);
  connect.stream = std::move(stream);
  return false;
}

bool UringLoop::check(Connect& connect) {
  const int error = static_cast<UringStream&>(*connect.stream).connected();
  if (error != 0) return connect.complete(fail(socket_error(error)));
  return connect.complete({});
}

void UringLoop::forget(Connect& connect) {
  static_cast<UringStream&>(*connect.stream).connected();
  connect.stream.reset();
}

}  // namespace penstock
