#pragma once

#include <cstdint>
#include <vector>

#include "runtime/buffers.h"
#include "runtime/uring/ring.h"

namespace penstock {

// The memory that a ring receives into: 4 MiB for all its sockets. Where the kernel fills blocks
// bit by bit, many small messages share one. A block goes back to the kernel once it is full and
// all that was lent of it has been given back.
class ReceiveBlocks final : public BlockOwner {
 public:
  explicit ReceiveBlocks(BufferPool& pool) : pool_(pool) {}
  ~ReceiveBlocks();
  ReceiveBlocks(const ReceiveBlocks&) = delete;
  ReceiveBlocks& operator=(const ReceiveBlocks&) = delete;

  // Whether a block is filled bit by bit, by many messages, or once.
  enum class Sharing : std::uint8_t { shared, alone };

  // Shared where the kernel can. False where it has no such blocks at all: older than Linux 5.19.
  bool provide(Ring& ring);
  bool provide(Ring& ring, Sharing sharing);

  std::uint32_t size() const { return size_; }  // Of one block.

  // What a completion with these flags brought. When few blocks are left it is a copy, so that who
  // holds it for long keeps no block from the others.
  Lent take(std::uint32_t flags, std::size_t size);
  // The kernel has a block to fill.
  bool has_room() const { return with_kernel_ > 0; }

  void take_back(char* at) override;

 private:
  struct Block {
    std::uint32_t filled = 0;
    std::uint32_t lent = 0;
    bool full = false;
  };

  void finish(std::uint16_t number);

  BufferPool& pool_;
  Ring* ring_ = nullptr;
  char* memory_ = nullptr;
  std::uint32_t size_ = 0;
  Sharing sharing_ = Sharing::shared;
  std::vector<Block> blocks_;
  std::uint32_t with_kernel_ = 0;
};

}  // namespace penstock
