#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <thread>

#include "base/duration.h"
#include "base/list.h"
#include "base/result.h"

namespace penstock {

struct SubmitterTag;

// What the kernel tells of its submissions. It lives until the last of them has completed. Its
// address leaves room for a small number that says which of its submissions it was.
class alignas(8) Submitter : public Link<SubmitterTag> {
 public:
  virtual ~Submitter() = default;
  virtual void complete(unsigned which, std::int32_t result, std::uint32_t flags) = 0;
};

// One io_uring. Made by any thread, used by the one that enables it.
class Ring {
 public:
  // Error::system with the errno when the kernel forbids it or lacks what is needed: Linux 6.1.
  static Result<std::unique_ptr<Ring>> create();
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // From here on the ring is this thread's.
  void enable();
  bool enabled() const { return owner_ != std::thread::id{}; }
  bool is_mine() const { return owner_ == std::this_thread::get_id(); }

  // A submission to be filled in; it goes to the kernel with the next wait() or submit().
  io_uring_sqe& next();
  // Whom its completion is told: nobody, unless this is said after it was filled in.
  static void tell(io_uring_sqe& entry, Submitter& submitter, unsigned which);

  void submit();
  // Submits, and waits for a completion for `most` at the longest; Duration::max(): for ever, zero:
  // not at all.
  void wait(Duration most);
  // Calls complete() for all that has completed.
  void tell_completions();

  // Ends a submission now: what it speaks of is not touched after this. Its completion comes later.
  void cancel(Submitter& submitter, unsigned which);

  // The same for all submissions. What waits holds its socket open beyond a close, and without this
  // even beyond the end of the process, for a while.
  void cancel_all();

  // The blocks that are received into: `count`, a power of two, of `size` bytes each, one after the
  // other from `memory` on. With `incremental` a block is filled bit by bit (Linux 6.12).
  bool provide(char* memory, std::uint32_t count, std::uint32_t size, bool incremental);
  // Gives the kernel that block (again).
  void give(char* block, std::uint32_t size, std::uint16_t number);

 private:
  Ring() = default;
  bool set_up();
  void cancel(std::uint64_t number, unsigned flags);
  int enter(unsigned wanted, const __kernel_timespec* most);

  io_uring ring_{};
  bool made_ = false;
  bool registered_ = false;  // Its descriptor, with the kernel's note of this thread.
  std::thread::id owner_;
  io_uring_buf_ring* blocks_ = nullptr;
  std::uint32_t block_count_ = 0;
};

}  // namespace penstock
