#include "runtime/uring/receive_blocks.h"

#include <sys/mman.h>

#include <cstring>

namespace penstock {
namespace {

constexpr std::size_t kMemory = std::size_t{4} * 1024 * 1024;
constexpr std::uint32_t kShared = 64 * 1024;  // A block that many messages share.
constexpr std::uint32_t kAlone = 16 * 1024;   // One that each message has to itself.

}  // namespace

ReceiveBlocks::~ReceiveBlocks() {
  if (memory_ != nullptr) munmap(memory_, kMemory);
}

bool ReceiveBlocks::provide(Ring& ring) {
  return provide(ring, Sharing::shared) || provide(ring, Sharing::alone);
}

bool ReceiveBlocks::provide(Ring& ring, Sharing sharing) {
  if (memory_ == nullptr) {
    void* const memory =
        mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) return false;
    memory_ = static_cast<char*>(memory);
  }
  const bool shared = sharing == Sharing::shared;
  const auto size = shared ? kShared : kAlone;
  const auto count = static_cast<std::uint32_t>(kMemory / size);
  if (!ring.provide(memory_, count, size, shared)) return false;
  ring_ = &ring;
  size_ = size;
  sharing_ = sharing;
  blocks_.resize(count);
  with_kernel_ = count;
  pool_.share({memory_, kMemory}, *this);
  return true;
}

Lent ReceiveBlocks::take(std::uint32_t flags, std::size_t size) {
  const auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  auto& block = blocks_[number];
  char* const at = memory_ + std::size_t{number} * size_ + block.filled;
  block.filled += static_cast<std::uint32_t>(size);
  if (sharing_ == Sharing::alone || block.filled == size_) {
    block.full = true;
    --with_kernel_;
  }
  Lent lent;
  if (size > 0 && with_kernel_ > blocks_.size() / 4) {
    ++block.lent;
    return pool_.lend(at, size);
  }
  if (size > 0) {
    lent = pool_.lend();
    std::memcpy(lent.block(), at, size);
    lent.fill(size);
  }
  finish(number);
  return lent;
}

void ReceiveBlocks::take_back(char* at) {
  const auto number = static_cast<std::uint16_t>(static_cast<std::size_t>(at - memory_) / size_);
  --blocks_[number].lent;
  finish(number);
}

void ReceiveBlocks::finish(std::uint16_t number) {
  auto& block = blocks_[number];
  if (!block.full || block.lent > 0) return;
  block = {};
  ++with_kernel_;
  ring_->give(memory_ + std::size_t{number} * size_, size_, number);
}

}  // namespace penstock
