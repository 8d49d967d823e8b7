// Memory for read buffers: a few blocks are kept by each thread, the rest goes back to the operating
// system. A heap would keep the pages of thousands of buffers between its small allocations.
#pragma once

#include <cstddef>

namespace vestibule::server::buffer_pool {

/// Sizes that are pooled; others are mapped and unmapped each time.
constexpr std::size_t small_block = 32 * 1024;  // a 16 KiB answer with its head in one read
constexpr std::size_t large_block = 64 * 1024;

/// `size` bytes, a multiple of the page size. Throws std::bad_alloc.
char* take(std::size_t size);
/// `idle`: nobody will need it soon.
void give(char* block, std::size_t size, bool idle = false) noexcept;

}  // namespace vestibule::server::buffer_pool
