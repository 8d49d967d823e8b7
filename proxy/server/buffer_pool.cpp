#include "server/buffer_pool.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <new>

namespace vestibule::server::buffer_pool {
namespace {

// Under AddressSanitizer every buffer is mapped anew, so that use after giving back is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t max_kept = 0, max_kept_idle = 0;
#else
// Small blocks of each thread; of what they hold only touched pages are memory. A busy worker with hundreds
// of exchanges under way would otherwise map and unmap for each; those of idle connections go earlier.
constexpr std::size_t max_kept = 1024, max_kept_idle = 128;
#endif

struct shelf {
    std::size_t size;
    std::size_t limit;
    std::size_t count = 0;
    std::array<char*, max_kept + 1> blocks{};

    ~shelf() {
        while (count > 0) ::munmap(blocks[--count], size);
        limit = 0;  // what is given back after this goes straight to the system
    }
};

thread_local shelf small{small_block, max_kept};
thread_local shelf large{large_block, max_kept_idle / 16};

shelf* shelf_for(std::size_t size) noexcept {
    if (size == small_block) return &small;
    return size == large_block ? &large : nullptr;
}

}  // namespace

char* take(std::size_t size) {
    if (shelf* s = shelf_for(size); s != nullptr && s->count > 0) return s->blocks[--s->count];
    void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(p);
}

void give(char* block, std::size_t size, bool idle) noexcept {
    shelf* const s = shelf_for(size);
    if (s != nullptr && s->count < (idle ? std::min(s->limit, max_kept_idle) : s->limit))
        s->blocks[s->count++] = block;
    else
        ::munmap(block, size);
}

}  // namespace vestibule::server::buffer_pool
