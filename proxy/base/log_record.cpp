#include "base/log_record.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

// time, kind, message, then name, type and value of each field up to the end. Numbers are as the machine has
// them: a record never leaves the process.
namespace vestibule::log {
namespace {

using size_type = std::uint32_t;
enum class type : std::uint8_t { text, integer, real, truth };

type type_of(const field& f) {
    return static_cast<type>(f.value.index());
}

struct measure {
    std::size_t size = 0;
    void raw(const void*, std::size_t n) { size += n; }
};

struct put {
    std::byte* at;
    void raw(const void* from, std::size_t n) {
        if (n != 0) std::memcpy(at, from, n);
        at += n;
    }
};

template <class Out, class T>
void value(Out& out, T v) {
    out.raw(&v, sizeof v);
}

template <class Out>
void text(Out& out, std::string_view s) {
    value(out, static_cast<size_type>(s.size()));
    out.raw(s.data(), s.size());
}

template <class Out>
void all(Out& out, const line& l) {
    value(out, l.time);
    text(out, l.kind);
    text(out, l.message);
    for (const field& f : l.fields) {
        text(out, f.name);
        value(out, type_of(f));
        std::visit(
            [&](const auto& v) {
                if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>)
                    text(out, v);
                else
                    value(out, v);
            },
            f.value);
    }
}

struct take {
    std::span<const std::byte> rest;

    template <class T>
    T value() {
        T v;
        std::memcpy(&v, rest.data(), sizeof v);
        rest = rest.subspan(sizeof v);
        return v;
    }
    std::string_view text() {
        const std::size_t n = value<size_type>();
        const std::string_view s(reinterpret_cast<const char*>(rest.data()), n);
        rest = rest.subspan(n);
        return s;
    }
    field next() {
        const std::string_view name = text();
        switch (value<type>()) {
            case type::integer: return {name, value<std::int64_t>()};
            case type::real: return {name, value<double>()};
            case type::truth: return {name, value<bool>()};
            case type::text: break;
        }
        return {name, text()};
    }
};

}  // namespace

std::size_t encoded_size(const line& l) noexcept {
    measure m;
    all(m, l);
    return m.size;
}

void encode(const line& l, std::byte* out) noexcept {
    put p{out};
    all(p, l);
}

line decode(std::span<const std::byte> bytes, std::vector<field>& fields) {
    take from{bytes};
    line l;
    l.time = from.value<unix_time>();
    l.kind = from.text();
    l.message = from.text();
    fields.clear();
    while (!from.rest.empty()) fields.push_back(from.next());
    l.fields = fields;
    return l;
}

unix_time time_of(std::span<const std::byte> bytes) noexcept {
    return take{bytes}.value<unix_time>();
}

}  // namespace vestibule::log
