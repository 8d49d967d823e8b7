// A flat read buffer: bytes are committed behind, consumed in front.
//
//     |  consumed  |  view()  |  room()  |
//     0          begin_     end_      size_
#pragma once

#include "server/buffer_pool.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace vestibule::server {

class io_buffer {
  public:
    io_buffer() = default;
    ~io_buffer() { release(); }
    io_buffer(const io_buffer&) = delete;
    io_buffer& operator=(const io_buffer&) = delete;

    std::string_view view() const noexcept { return {data_ + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t capacity() const noexcept { return size_; }

    /// Free space behind the bytes; moves them to the front where that makes room. May be empty.
    boost::asio::mutable_buffer room() {
        if (data_ == nullptr) grow(buffer_pool::small_block);
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == size_ && begin_ > 0) {
            std::memmove(data_, data_ + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        return {data_ + end_, size_ - end_};
    }
    void commit(std::size_t n) noexcept { end_ += n; }
    void consume(std::size_t n) noexcept { begin_ += n; }
    void clear() noexcept { begin_ = end_ = 0; }

    /// Makes the buffer at least `size` bytes large; keeps its bytes, moves them.
    void grow(std::size_t size) {
        if (size <= size_) return;
        constexpr std::size_t page = 4096;
        size = (size + page - 1) / page * page;
        char* larger = buffer_pool::take(size);
        const std::size_t n = end_ - begin_;
        if (n > 0) std::memcpy(larger, data_ + begin_, n);
        release();
        data_ = larger;
        size_ = size;
        end_ = n;
    }

    /// Gives the memory back; the bytes are gone. `idle`: nobody will need it soon.
    void release(bool idle = false) noexcept {
        if (data_ != nullptr) buffer_pool::give(data_, size_, idle);
        data_ = nullptr;
        begin_ = end_ = size_ = 0;
    }

  private:
    char* data_ = nullptr;
    std::size_t begin_ = 0, end_ = 0, size_ = 0;
};

}  // namespace vestibule::server
