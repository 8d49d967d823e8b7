// A flat read buffer: bytes are committed behind, consumed in front.
//
//     |  consumed  |  view()  |  room()  |
//     0          begin_     end_      size_
#pragma once

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace vestibule::server {

class io_buffer {
  public:
    static constexpr std::size_t initial_size = 16 * 1024;

    std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t capacity() const noexcept { return size_; }

    /// Free space behind the bytes; moves them to the front where that makes room. May be empty.
    boost::asio::mutable_buffer room() {
        if (!data_) allocate(initial_size);
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == size_ && begin_ > 0) {
            std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        return {data_.get() + end_, size_ - end_};
    }
    void commit(std::size_t n) noexcept { end_ += n; }
    void consume(std::size_t n) noexcept { begin_ += n; }
    void clear() noexcept { begin_ = end_ = 0; }

    /// Makes the buffer `size` bytes large, if it is smaller; keeps its bytes, moves them.
    void grow(std::size_t size) {
        if (size <= size_) return;
        const std::unique_ptr<char[]> old = std::move(data_);
        const std::size_t n = end_ - begin_;
        const char* from = old.get() + begin_;
        data_ = std::make_unique_for_overwrite<char[]>(size);
        if (n > 0) std::memcpy(data_.get(), from, n);
        size_ = size;
        begin_ = 0;
        end_ = n;
    }

    /// Gives the memory back; the bytes are gone.
    void release() noexcept {
        data_.reset();
        begin_ = end_ = size_ = 0;
    }

  private:
    void allocate(std::size_t size) {
        data_ = std::make_unique_for_overwrite<char[]>(size);
        size_ = size;
    }

    std::unique_ptr<char[]> data_;
    std::size_t begin_ = 0, end_ = 0, size_ = 0;
};

}  // namespace vestibule::server
