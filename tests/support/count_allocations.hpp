// Counts what a piece of code allocates. Replaces the global operator new: include it in one file of a
// program only.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace vestibule::test {

inline thread_local std::size_t allocations = 0;

template <class Function>
std::size_t count_allocations(Function f) {
    const std::size_t before = allocations;
    f();
    return allocations - before;
}

}  // namespace vestibule::test

// Not inlined: g++ would see free() meet a new that it takes for the usual one.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++vestibule::test::allocations;
    if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++vestibule::test::allocations;
    return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
