#include "runtime/buffers.h"

#include <cstring>

#include "base/ensure.h"

namespace penstock {

BufferPool::~BufferPool() {
  ensure(lent_ == 0);
}

Lent BufferPool::lend() {
  ++lent_;
  count(kBlock);
  if (free_.empty()) return {*this, std::make_unique_for_overwrite<char[]>(kAllocated).release()};
  auto* block = free_.back().release();
  free_.pop_back();
  return {*this, block};
}

Lent BufferPool::lend(char* at, std::size_t size) {
  ++lent_;
  Lent lent(*this, at);
  lent.fill(size);
  return lent;
}

void BufferPool::take_back(char* block) {
  --lent_;
  if (is_shared(block)) return owner_->take_back(block);
  count(-std::int64_t{kBlock});
  if (poison_) std::memset(block, 0xdb, kBlock);
  std::unique_ptr<char[]> owned(block);
  if (free_.size() < kKeep) free_.push_back(std::move(owned));
}

}  // namespace penstock
