#include "base/log_ring.hpp"

#include <cstring>
#include <limits>

namespace vestibule::log {
namespace {

// Before each record; records begin at its multiples, so that one fits before every end.
using header = std::uint64_t;
constexpr header gap = std::numeric_limits<header>::max();

constexpr std::size_t with_header(std::size_t size) {
    return sizeof(header) + (size + sizeof(header) - 1) / sizeof(header) * sizeof(header);
}

void set_header(std::byte* at, header h) noexcept {
    std::memcpy(at, &h, sizeof h);
}
header header_at(const std::byte* at) noexcept {
    header h;
    std::memcpy(&h, at, sizeof h);
    return h;
}

}  // namespace

// Not value-initialised: pages that no record has touched cost nothing.
log_ring::log_ring(std::size_t capacity) : capacity_(capacity), memory_(new std::byte[capacity]) {}

std::byte* log_ring::reserve(std::size_t size) noexcept {
    const std::uint64_t from = given_.load(std::memory_order_relaxed);
    const std::size_t whole = with_header(size);
    const std::size_t to_end = capacity_ - (from & (capacity_ - 1));
    const std::size_t skip = whole > to_end ? to_end : 0;
    const std::size_t used = from - taken_.load(std::memory_order_acquire);
    if (whole > capacity_ || used + skip + whole > capacity_) return nullptr;
    if (skip != 0) set_header(at(from), gap);
    reserved_ = from + skip + whole;
    std::byte* const record = at(from + skip);
    set_header(record, size);
    return record + sizeof(header);
}

std::span<const std::byte> log_ring::front() noexcept {
    const std::uint64_t given = given_.load(std::memory_order_acquire);
    std::uint64_t from = taken_.load(std::memory_order_relaxed);
    if (from == given) return {};
    header size = header_at(at(from));
    if (size == gap) {
        from += capacity_ - (from & (capacity_ - 1));
        size = header_at(at(from));
    }
    behind_ = from + with_header(size);
    return {at(from) + sizeof(header), std::size_t(size)};
}

void log_ring::pop() noexcept {
    taken_.store(behind_, std::memory_order_release);
}

}  // namespace vestibule::log
