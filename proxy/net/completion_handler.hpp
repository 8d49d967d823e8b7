// The Asio handler behind an io_completion. Private to the net room.
#pragma once

#include <vestibule/net/stream.hpp>

namespace vestibule::net {

/// Gives Asio's operation objects the memory of an io_completion.
template <class T>
struct completion_allocator {
    using value_type = T;
    io_completion* done;

    explicit completion_allocator(io_completion* d) noexcept : done(d) {}
    template <class U>
    completion_allocator(const completion_allocator<U>& other) noexcept
        : done(other.done) {}  // NOLINT(google-explicit-constructor): allocators convert

    T* allocate(std::size_t n) { return static_cast<T*>(done->allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { done->deallocate(p); }

    template <class U>
    bool operator==(const completion_allocator<U>& other) const noexcept {
        return done == other.done;
    }
};

struct completion_handler {
    using allocator_type = completion_allocator<void>;
    io_completion* done;

    allocator_type get_allocator() const noexcept;
    void operator()(const error_code& ec, std::size_t bytes = 0) const { done->complete(ec, bytes); }
};

template <>
struct completion_allocator<void> {
    using value_type = void;
    io_completion* done;

    explicit completion_allocator(io_completion* d) noexcept : done(d) {}
    template <class U>
    completion_allocator(const completion_allocator<U>& other) noexcept
        : done(other.done) {}  // NOLINT(google-explicit-constructor): allocators convert
    template <class U>
    bool operator==(const completion_allocator<U>& other) const noexcept {
        return done == other.done;
    }
};

inline completion_handler::allocator_type completion_handler::get_allocator() const noexcept {
    return allocator_type(done);
}

}  // namespace vestibule::net
