#include <vestibule/base/frame_pool.hpp>

#include <array>
#include <new>
#include <utility>

// Under AddressSanitizer every frame is its own allocation, so that use after free is seen.
#if defined(__SANITIZE_ADDRESS__)
#define VESTIBULE_POOL_FRAMES 0
#else
#define VESTIBULE_POOL_FRAMES 1
#endif

namespace vestibule::frame_pool {
namespace {

constexpr std::size_t step = 64;
constexpr std::size_t classes = 64;                  // up to 4 KiB
constexpr std::size_t max_free_bytes = 1024 * 1024;  // kept per size class

struct free_frame {
    free_frame* next;
};

struct lists {
    std::array<free_frame*, classes> head{};
    std::array<std::size_t, classes> bytes{};
    ~lists() {
        for (auto& h : head)
            while (h != nullptr) ::operator delete(std::exchange(h, h->next));
        closed = true;
    }
    static thread_local bool closed;  // frames freed after the thread's lists are gone
};
thread_local bool lists::closed = false;
thread_local lists pool;

constexpr std::size_t class_of(std::size_t size) {
    return (size + step - 1) / step - 1;
}

}  // namespace

void* allocate(std::size_t size) {
    const std::size_t c = class_of(size);
    if (!VESTIBULE_POOL_FRAMES || c >= classes || lists::closed) return ::operator new(size);
    if (free_frame* f = pool.head[c]) {
        pool.head[c] = f->next;
        pool.bytes[c] -= (c + 1) * step;
        return f;
    }
    return ::operator new((c + 1) * step);
}

void deallocate(void* p, std::size_t size) noexcept {
    const std::size_t c = class_of(size);
    if (!VESTIBULE_POOL_FRAMES || c >= classes || lists::closed || pool.bytes[c] >= max_free_bytes) {
        ::operator delete(p);
        return;
    }
    auto* f = static_cast<free_frame*>(p);
    f->next = pool.head[c];
    pool.head[c] = f;
    pool.bytes[c] += (c + 1) * step;
}

}  // namespace vestibule::frame_pool
