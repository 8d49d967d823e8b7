#include <vestibule/net/deadline.hpp>
#include <vestibule/net/stream.hpp>

#include <algorithm>

namespace vestibule::net {

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
    if (limit != nullptr) began = mono_now();
    write_rest();
}

void write_awaiter::write_rest() {
    if (limit != nullptr) limit->set(after);
    const auto first = std::ranges::find_if(buffers, [](const auto& b) { return b.size() != 0; });
    stream.start_write(*first, *this);
}

void write_awaiter::wake(io_completion& c) {
    auto& self = static_cast<write_awaiter&>(c);
    // Only an attempt that finds no room makes the socket tell of it.
    bool done = self.result.ec || self.advance(self.result.bytes);
    while (!done) {
        const io_result r = self.stream.try_write(self.buffers);
        if (r.ec == asio::error::would_block) return self.write_rest();
        self.result.ec = r.ec;
        done = r.ec || self.advance(r.bytes);
    }
    if (self.limit != nullptr) self.limit->clear();
    self.waiter.resume();
}

}  // namespace detail
}  // namespace vestibule::net
