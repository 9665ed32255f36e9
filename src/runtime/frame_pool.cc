#include "runtime/frame_pool.h"

#include <array>
#include <cstdlib>
#include <new>

namespace penstock::frame_pool {
namespace {

#if !defined(PENSTOCK_SANITIZED)

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;  // Frames up to 4 KiB; larger ones go to malloc.

struct Free {
  Free* next;
};

struct Lists {
  std::array<Free*, kClasses> heads{};
  ~Lists() {
    for (auto*& head : heads) {
      while (head != nullptr) {
        auto* next = head->next;
        std::free(head);
        head = next;
      }
    }
  }
};

thread_local Lists lists;

#endif

void* allocate(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();  // Nothing could be said or served any more.
  return memory;
}

}  // namespace

#if defined(PENSTOCK_SANITIZED)

void* take(std::size_t size) {
  return allocate(size);
}
void give_back(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#else

void* take(std::size_t size) {
  const auto index = (size + kStep - 1) / kStep;
  if (index >= kClasses) return allocate(size);
  auto*& head = lists.heads[index];
  if (head == nullptr) return allocate(index * kStep);
  auto* memory = head;
  head = head->next;
  return memory;
}

void give_back(void* memory, std::size_t size) noexcept {
  const auto index = (size + kStep - 1) / kStep;
  if (index >= kClasses) return std::free(memory);
  lists.heads[index] = new (memory) Free{lists.heads[index]};
}

#endif

}  // namespace penstock::frame_pool
