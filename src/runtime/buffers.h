#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/usage.h"

namespace penstock {

class Lent;

// Who owns memory that a pool lends for it: io_uring, whose blocks the kernel fills.
class BlockOwner {
 public:
  virtual void take_back(char* at) = 0;

 protected:
  ~BlockOwner() = default;
};

// The blocks a loop reads into. The one returned last is lent first, so that a busy loop works in
// one hot block; a block is held only while somebody works on what it holds, so idle connections
// hold none. Not for more than one thread. It outlives every Lent.
class BufferPool {
 public:
  static constexpr std::size_t kBlock = std::size_t{64} * 1024;
  // What is allocated for one: by its size the allocator can tell blocks, which are to be the
  // system's again as soon as they are freed, from the path's other memory, which is not.
  static constexpr std::size_t kAllocated = kBlock + 4096;
  static constexpr std::size_t kKeep = 64;  // Free blocks kept; more go back to the system.

  // With `poison` a returned block is overwritten, so that late readers are found (simulator).
  // `bytes` counts what is lent of its own memory, shared memory apart.
  explicit BufferPool(bool poison = false, OwnCount* bytes = nullptr)
      : poison_(poison), bytes_(bytes) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  Lent lend();
  std::size_t lent() const { return lent_; }

  // What lies within `memory` belongs to `owner`, who is given back what was lent of it.
  void share(std::string_view memory, BlockOwner& owner) {
    shared_ = memory;
    owner_ = &owner;
  }
  Lent lend(char* at, std::size_t size);

 private:
  friend class Lent;
  void take_back(char* block);
  void count(std::int64_t bytes) {
    if (bytes_ != nullptr) bytes_->add(bytes);
  }

  bool is_shared(const char* at) const {
    return reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(shared_.data()) <
           shared_.size();
  }

  std::vector<std::unique_ptr<char[]>> free_;
  std::string_view shared_;
  BlockOwner* owner_ = nullptr;
  std::size_t lent_ = 0;
  bool poison_;
  OwnCount* bytes_;
};

// A block on loan, and the bytes in it that are yet to be used. It is returned when this dies.
class Lent {
 public:
  Lent() = default;
  Lent(Lent&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        block_(std::exchange(other.block_, nullptr)),
        bytes_(std::exchange(other.bytes_, {})) {}
  Lent& operator=(Lent&& other) noexcept {
    if (this == &other) return *this;
    reset();
    pool_ = std::exchange(other.pool_, nullptr);
    block_ = std::exchange(other.block_, nullptr);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }
  ~Lent() { reset(); }

  std::string_view bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  // Drops the first n bytes; the block goes back at once when none are left.
  void consume(std::size_t n) {
    bytes_.remove_prefix(n);
    if (bytes_.empty()) reset();
  }
  void reset() {
    if (block_ != nullptr) pool_->take_back(block_);
    block_ = nullptr;
    bytes_ = {};
  }

  // For the loop: where to write, and how much was written.
  char* block() { return block_; }
  void fill(std::size_t n) { bytes_ = {block_, n}; }

 private:
  friend class BufferPool;
  Lent(BufferPool& pool, char* block) : pool_(&pool), block_(block) {}

  BufferPool* pool_ = nullptr;
  char* block_ = nullptr;
  std::string_view bytes_;
};

}  // namespace penstock
