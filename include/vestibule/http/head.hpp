// Message heads as views into the buffer they were read into. Field names are Boost.Beast's
// enumerators; the grammar is RFC 9112's, read strictly (see proxy/http/head.cpp for why not Beast's).
// Refused everywhere: bare CR or LF, control characters (HTAB in values aside), folded lines, white space
// before the colon, empty names.
#pragma once

#include <vestibule/base/error.hpp>

#include <boost/beast/http/field.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::http {

using field_id = boost::beast::http::field;

/// One header line. `name` as sent, `value` without surrounding white space.
struct field {
    field_id id;  // unknown for names that HTTP itself does not define (X-Request-Id and the like)
    std::string_view name;
    std::string_view value;
};

/// All fields in wire order. Lookups are linear: heads are short and in cache.
class field_list {
  public:
    void clear() noexcept { items_.clear(); }
    void push(field f) {
        if (items_.capacity() == 0) items_.reserve(24);  // what a browser sends
        items_.push_back(f);
    }
    auto begin() const noexcept { return items_.begin(); }
    auto end() const noexcept { return items_.end(); }
    std::size_t size() const noexcept { return items_.size(); }

    /// First value with this id, or an empty view with a null data() where there is none.
    std::string_view find(field_id id) const noexcept;
    std::size_t count(field_id id) const noexcept;
    /// The same by name (case-insensitive), for fields without an id.
    std::string_view find_named(std::string_view name) const noexcept;

    /// Gives the memory back (idle connections).
    void release() noexcept { std::vector<field>().swap(items_); }

  private:
    std::vector<field> items_;
};

struct request_head {
    std::string_view method;
    std::string_view target;  // as sent; see path.hpp for what is matched and forwarded
    unsigned version = 11;    // 10 or 11
    field_list fields;
};

struct response_head {
    unsigned version = 11;
    unsigned status = 0;
    std::string_view reason;
    field_list fields;
};

/// Appends "name: value" and a line end.
void append_field(std::string& out, std::string_view name, std::string_view value);

/// Limits on a request head. Zero means none.
struct head_limits {
    std::size_t bytes = 32 * 1024;
    std::size_t fields = 100;
    std::size_t target = 8 * 1024;
};

/// Position just behind the empty line that ends a head, or npos. An empty line with a bare LF ends it,
/// too, so that the refusal of it need not wait for more. `from`: how many leading bytes an earlier call
/// has searched already. Leading empty lines (RFC 9112 2.2) are not skipped here.
std::size_t find_head_end(std::string_view bytes, std::size_t from = 0) noexcept;

/// The same for a trailer section, which may be the empty line alone.
std::size_t find_trailers_end(std::string_view bytes, std::size_t from = 0) noexcept;

/// Parses one whole request head (through its empty line, which must end `bytes`). `out` views `bytes`.
/// Errors: malformed_head, head_too_large, target_too_long, too_many_headers.
error_code parse_request_head(std::string_view bytes, const head_limits& limits, request_head& out);

/// Whether a response may begin with these first bytes: what is no HTTP/1 (another protocol, a page without a
/// head) is known before a line end comes that may never come.
bool may_begin_response(std::string_view bytes) noexcept;

/// Parses one whole response head: any status from 100 to 999, the reason may be empty, its space may
/// be missing then. Error: bad_response.
error_code parse_response_head(std::string_view bytes, response_head& out);

/// Parses a trailer section (through its empty line) into `out`. Error: malformed_head, also for fields that
/// frame or route a message (RFC 9110 6.5.1): Content-Length, Transfer-Encoding, Host.
error_code parse_trailers(std::string_view bytes, std::size_t max_fields, field_list& out);

}  // namespace vestibule::http
