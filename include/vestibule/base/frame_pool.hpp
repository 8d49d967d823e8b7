// Coroutine frames from per-thread free lists by size class (64-byte steps up to 4 KiB; larger ones
// go to the heap). A frame must be freed on the thread that made it or the lists merely drift: memory
// is plain heap memory, so freeing elsewhere is correct, only less local.
#pragma once

#include <cstddef>

namespace vestibule::frame_pool {

void* allocate(std::size_t size);
void deallocate(void* p, std::size_t size) noexcept;

}  // namespace vestibule::frame_pool
