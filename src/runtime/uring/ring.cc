#include "runtime/uring/ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "base/ensure.h"

namespace penstock {
namespace {

constexpr unsigned kSubmissions = 2048;
constexpr unsigned kCompletions = 8192;
constexpr std::uint64_t kWhich = 7;
// Newer than the liburing of Debian 12.
constexpr std::uint16_t kIncremental = 2;  // IOU_PBUF_RING_INC

std::uint64_t number_of(const Submitter& submitter, unsigned which) {
  return reinterpret_cast<std::uintptr_t>(&submitter) | which;
}

bool has_operations(io_uring& ring) {
  constexpr std::array kNeeded{IORING_OP_RECV,     IORING_OP_SEND,        IORING_OP_SENDMSG,
                               IORING_OP_POLL_ADD, IORING_OP_CONNECT,     IORING_OP_CLOSE,
                               IORING_OP_READ,     IORING_OP_ASYNC_CANCEL};
  const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
      io_uring_get_probe_ring(&ring), io_uring_free_probe);
  if (!probe) return false;
  for (const auto operation : kNeeded) {
    if (io_uring_opcode_supported(probe.get(), operation) == 0) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create() {
  std::unique_ptr<Ring> ring(new Ring);
  if (!ring->set_up()) return fail(Error::Kind::system, errno);
  return ring;
}

bool Ring::set_up() {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = kCompletions;
  const int made = io_uring_queue_init_params(kSubmissions, &ring_, &params);
  if (made < 0) {
    errno = -made;
    return false;
  }
  made_ = true;
  constexpr auto kFeatures = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
  if ((params.features & kFeatures) != kFeatures || !has_operations(ring_)) {
    errno = ENOSYS;
    return false;
  }
  // Submissions lie in the order in which they are made.
  for (unsigned i = 0; i < params.sq_entries; ++i) ring_.sq.array[i] = i;
  return true;
}

Ring::~Ring() {
  // The registration is the thread's, and ends with it.
  if (!is_mine()) ring_.int_flags = 0;
  if (made_) io_uring_queue_exit(&ring_);
  if (blocks_ != nullptr) munmap(blocks_, block_count_ * sizeof(io_uring_buf));
}

void Ring::enable() {
  owner_ = std::this_thread::get_id();
  // io_uring_enable_rings(), which liburing 2.3 declares and does not have.
  ensure(syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) ==
         0);
  registered_ = io_uring_register_ring_fd(&ring_) == 1;  // Only to be cheaper.
}

// --- Submitting and waiting

io_uring_sqe& Ring::next() {
  auto* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    submit();
    entry = io_uring_get_sqe(&ring_);
    ensure(entry != nullptr);
  }
  return *entry;
}

void Ring::tell(io_uring_sqe& entry, Submitter& submitter, unsigned which) {
  entry.user_data = number_of(submitter, which);
}

void Ring::submit() {
  // Not for long: what stands in the way is full queues, which completions make room in.
  while (enter(0, nullptr) < 0 && errno == EINTR) continue;
}

void Ring::wait(Duration most) {
  if (most <= Duration::zero()) {
    enter(0, nullptr);
    return;
  }
  if (most == Duration::max()) {
    enter(1, nullptr);
    return;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const __kernel_timespec time{.tv_sec = seconds.count(), .tv_nsec = (most - seconds).count()};
  enter(1, &time);
}

int Ring::enter(unsigned wanted, const __kernel_timespec* most) {
  const auto tail = ring_.sq.sqe_tail;
  std::atomic_ref(*ring_.sq.ktail).store(tail, std::memory_order_release);
  const auto waiting = tail - std::atomic_ref(*ring_.sq.khead).load(std::memory_order_acquire);
  io_uring_getevents_arg argument{};
  argument.sigmask_sz = 8;
  argument.ts = reinterpret_cast<std::uintptr_t>(most);
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  if (registered_) flags |= IORING_ENTER_REGISTERED_RING;
  return static_cast<int>(syscall(__NR_io_uring_enter, ring_.enter_ring_fd, waiting, wanted, flags,
                                  &argument, sizeof argument));
}

void Ring::tell_completions() {
  const std::atomic_ref kernel_head(*ring_.cq.khead);
  const auto tail = std::atomic_ref(*ring_.cq.ktail).load(std::memory_order_acquire);
  auto head = kernel_head.load(std::memory_order_relaxed);
  while (head != tail) {
    const auto completion = ring_.cq.cqes[head & *ring_.cq.kring_mask];
    // At once, since who is told may submit, for which the kernel may need the room.
    kernel_head.store(++head, std::memory_order_release);
    if (completion.user_data == 0) continue;
    auto* const submitter = reinterpret_cast<Submitter*>(completion.user_data & ~kWhich);
    submitter->complete(static_cast<unsigned>(completion.user_data & kWhich), completion.res,
                        completion.flags);
  }
}

void Ring::cancel(Submitter& submitter, unsigned which) {
  cancel(number_of(submitter, which), 0);
}

void Ring::cancel_all() {
  cancel(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
}

void Ring::cancel(std::uint64_t number, unsigned flags) {
  submit();
  io_uring_sync_cancel_reg request{};
  request.addr = number;
  request.fd = -1;
  request.flags = flags;
  request.timeout = {.tv_sec = -1, .tv_nsec = -1};
  int done = -EINTR;
  while (done == -EINTR) done = io_uring_register_sync_cancel(&ring_, &request);
}

// --- Blocks

bool Ring::provide(char* memory, std::uint32_t count, std::uint32_t size, bool incremental) {
  const auto bytes = count * sizeof(io_uring_buf);
  void* const table =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (table == MAP_FAILED) return false;
  blocks_ = static_cast<io_uring_buf_ring*>(table);
  block_count_ = count;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(table);
  registration.ring_entries = count;
  registration.pad = incremental ? kIncremental : 0;  // Since named `flags`.
  if (io_uring_register_buf_ring(&ring_, &registration, 0) != 0) {
    munmap(table, bytes);
    blocks_ = nullptr;
    return false;
  }
  io_uring_buf_ring_init(blocks_);
  for (std::uint32_t i = 0; i < count; ++i)
    give(memory + std::size_t{i} * size, size, static_cast<std::uint16_t>(i));
  return true;
}

void Ring::give(char* block, std::uint32_t size, std::uint16_t number) {
  io_uring_buf_ring_add(blocks_, block, size, number, io_uring_buf_ring_mask(block_count_), 0);
  io_uring_buf_ring_advance(blocks_, 1);
}

}  // namespace penstock
