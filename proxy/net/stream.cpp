#include <vestibule/net/stream.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>

namespace vestibule::net {

void* io_completion::allocate(std::size_t size) {
    if (!memory_used_ && size <= memory_.size()) {
        memory_used_ = true;
        return memory_.data();
    }
    return ::operator new(size);
}

void io_completion::deallocate(void* p) noexcept {
    if (p == memory_.data())
        memory_used_ = false;
    else
        ::operator delete(p);
}

namespace detail {

bool write_awaiter::advance(std::size_t n) noexcept {
    bool done = true;
    for (asio::const_buffer& b : buffers) {
        const std::size_t taken = std::min(n, b.size());
        b += taken;
        n -= taken;
        done = done && b.size() == 0;
    }
    return done;
}

bool write_awaiter::await_ready() noexcept {
    if (advance(0)) return true;  // nothing to write
    const io_result r = stream.try_write(buffers);
    if (r.ec && r.ec != asio::error::would_block) {
        result.ec = r.ec;
        return true;
    }
    return advance(r.bytes);
}

void write_awaiter::await_suspend(std::coroutine_handle<> h) {
    waiter = h;
    write_next();
}

void write_awaiter::write_next() {
    const auto next = std::ranges::find_if(buffers, [](const auto& b) { return b.size() != 0; });
    stream.start_write(*next, *this);
}

void write_awaiter::wake(io_completion& c) {
    auto& self = static_cast<write_awaiter&>(c);
    if (!self.result.ec && !self.advance(self.result.bytes))
        self.write_next();
    else
        self.waiter.resume();
}

}  // namespace detail
}  // namespace vestibule::net
