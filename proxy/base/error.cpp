#include <vestibule/base/error.hpp>

namespace vestibule {
namespace {

const char* describe(errc e) noexcept {
    switch (e) {
        case errc::malformed_head: return "malformed message head";
        case errc::head_too_large: return "message head over the limit";
        case errc::target_too_long: return "request target over the limit";
        case errc::too_many_headers: return "too many header fields";
        case errc::bad_framing: return "contradictory or unknown message framing";
        case errc::bad_target: return "refused request target";
        case errc::body_too_large: return "request body over the limit";
        case errc::bad_chunk: return "malformed chunked coding";
        case errc::client_closed: return "client closed the connection";
        case errc::client_timeout: return "client too slow";
        case errc::bad_expectation: return "unknown expectation";
        case errc::malformed_cookie: return "malformed session cookie";
        case errc::bad_signature: return "session cookie not signed by a configured secret";
        case errc::malformed_value: return "stored value is not a session document";
        case errc::pointer_conflict: return "edit runs into a member that is not an object";
        case errc::store_unavailable: return "store not connected";
        case errc::store_timeout: return "store did not answer in time";
        case errc::store_refused: return "store answered with an error";
        case errc::store_protocol: return "store sent malformed data";
        case errc::store_conflict: return "store value kept changing";
        case errc::store_overloaded: return "too many store operations waiting";
        case errc::connect_failed: return "backend not reachable";
        case errc::connect_timeout: return "backend did not accept in time";
        case errc::response_timeout: return "backend did not answer in time";
        case errc::bad_response: return "malformed backend response";
        case errc::truncated_response: return "backend response ended early";
        case errc::upstream_closed: return "backend closed before answering";
        case errc::pending_full: return "too many requests wait for a backend";
        case errc::pending_timeout: return "no connection to a backend came free in time";
        case errc::pending_shed: return "waited too long for an overloaded backend";
        case errc::invalid_argument: return "invalid argument";
        case errc::shutting_down: return "shutting down";
    }
    return "unknown error";
}

class category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "vestibule"; }
    std::string message(int code) const override { return describe(static_cast<errc>(code)); }
};

}  // namespace

const boost::system::error_category& vestibule_category() noexcept {
    static const category instance;
    return instance;
}

side side_of(error_code ec) noexcept {
    if (ec.category() != vestibule_category()) return side::internal;
    switch (ec.value() / 100) {
        case 1: return side::downstream;
        case 2: return side::session;
        case 3: return side::store;
        case 4: return side::upstream;
        default: return side::internal;
    }
}

std::string_view to_string(side s) noexcept {
    switch (s) {
        case side::downstream: return "downstream";
        case side::session: return "session";
        case side::store: return "store";
        case side::upstream: return "upstream";
        case side::internal: break;
    }
    return "internal";
}

}  // namespace vestibule
