// A bounded queue of records from one thread to one other, without a lock. Private to the base room.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace vestibule::log {

/// Records lie one behind the other, each in one piece; one that would not fit before the end begins at
/// the front, and the gap is marked. Positions only grow, so that full and empty are not the same:
///
///     0          taken            given     capacity
///     |  free    | record record  |  free   |
///
class log_ring {
  public:
    /// `capacity`: bytes, a power of two.
    explicit log_ring(std::size_t capacity);

    /// Room for a record of `size` bytes, or nullptr where there is none. Producer's thread.
    std::byte* reserve(std::size_t size) noexcept;
    /// The record is written: the other thread may see it. In one order with waiting() and what else is
    /// sequentially consistent, so that either can tell the other that it sleeps. Producer's thread.
    void commit() noexcept { given_.store(reserved_, std::memory_order_seq_cst); }

    /// The oldest record, or an empty span. Consumer's thread.
    std::span<const std::byte> front() noexcept;
    /// That record is no longer needed. Consumer's thread.
    void pop() noexcept;

    /// Bytes that wait, for either.
    std::size_t waiting() const noexcept {
        return given_.load(std::memory_order_seq_cst) - taken_.load(std::memory_order_relaxed);
    }

    /// The producer's thread has ended; what waits is still taken.
    void close() noexcept { closed_.store(true, std::memory_order_release); }
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  private:
    std::byte* at(std::uint64_t position) noexcept { return memory_.get() + (position & (capacity_ - 1)); }

    std::size_t capacity_;
    std::unique_ptr<std::byte[]> memory_;
    std::uint64_t reserved_ = 0;  // producer's
    std::uint64_t behind_ = 0;    // consumer's: where front() ends
    alignas(64) std::atomic<std::uint64_t> given_{0};
    alignas(64) std::atomic<std::uint64_t> taken_{0};
    std::atomic<bool> closed_{false};
};

}  // namespace vestibule::log
