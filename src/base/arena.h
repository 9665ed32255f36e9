#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace penstock {

// Text that lives as long as one exchange. Blocks are kept when it is cleared, up to `kKeep` bytes,
// so that a busy worker allocates nothing. Not for more than one thread.
class Arena {
 public:
  static constexpr std::size_t kBlock = 4096;
  static constexpr std::size_t kKeep = std::size_t{64} * 1024;

  // Uninitialised room for `size` bytes, never moved until clear().
  char* take(std::size_t size) {
    while (current_ < blocks_.size()) {
      auto& block = blocks_[current_];
      if (block.size - block.used >= size) {
        char* at = block.bytes.get() + block.used;
        block.used += size;
        return at;
      }
      ++current_;
    }
    const auto room = size > kBlock ? size : kBlock;
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(room), room, size});
    return blocks_.back().bytes.get();
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = take(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  template <class... Parts>
  std::string_view join(const Parts&... parts) {
    const std::string_view views[] = {std::string_view(parts)...};
    std::size_t size = 0;
    for (auto view : views) size += view.size();
    char* const start = take(size);
    char* at = start;
    for (auto view : views) {
      if (view.empty()) continue;
      std::memcpy(at, view.data(), view.size());
      at += view.size();
    }
    return {start, size};
  }

  void clear() {
    std::size_t kept = 0;
    std::size_t count = 0;
    for (auto& block : blocks_) {
      if (kept + block.size > kKeep) break;
      kept += block.size;
      block.used = 0;
      ++count;
    }
    blocks_.resize(count);
    current_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
  };
  std::vector<Block> blocks_;
  std::size_t current_ = 0;
};

}  // namespace penstock
