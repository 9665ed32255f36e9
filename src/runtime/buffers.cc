#include "runtime/buffers.h"

#include <cstring>

#include "base/ensure.h"

namespace penstock {

BufferPool::~BufferPool() {
  ensure(lent_ == 0);
}

Lent BufferPool::lend() {
  ++lent_;
  if (free_.empty()) return {*this, std::make_unique_for_overwrite<char[]>(kBlock).release()};
  auto* block = free_.back().release();
  free_.pop_back();
  return {*this, block};
}

void BufferPool::take_back(char* block) {
  --lent_;
  if (poison_) std::memset(block, 0xdb, kBlock);
  std::unique_ptr<char[]> owned(block);
  if (free_.size() < kKeep) free_.push_back(std::move(owned));
}

}  // namespace penstock
