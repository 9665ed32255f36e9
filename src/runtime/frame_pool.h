#pragma once

#include <cstddef>

namespace penstock::frame_pool {

// Memory of coroutine frames, from a free list of the calling thread by size class. A frame may be
// freed on another thread than the one that took it. Under sanitizers it is plain malloc, which
// they can watch.
void* take(std::size_t size);
void give_back(void* memory, std::size_t size) noexcept;

}  // namespace penstock::frame_pool
