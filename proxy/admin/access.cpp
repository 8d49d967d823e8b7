#include "admin/access.hpp"

#include <vestibule/base/crypto.hpp>
#include <vestibule/base/logger.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

namespace vestibule::admin {
namespace {

std::string_view bearer_token(std::string_view authorization) noexcept {
    constexpr std::string_view scheme = "Bearer ";
    if (!boost::beast::iequals(authorization.substr(0, scheme.size()), scheme)) return {};
    authorization.remove_prefix(scheme.size());
    const auto begin = authorization.find_first_not_of(' ');
    if (begin == authorization.npos) return {};
    return authorization.substr(begin, authorization.find_last_not_of(' ') + 1 - begin);
}

/// A Host field without its port.
std::string host_of(std::string_view field) {
    if (field.starts_with('[')) return std::string(field.substr(1, field.find(']') - 1));
    return std::string(field.substr(0, field.find(':')));
}

bool is_loopback(const std::string& numeric) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(numeric, ec);
    return !ec && address.is_loopback();
}

bool is_here(std::string_view host_field, const admin_params& p) {
    const std::string host = host_of(host_field);
    return boost::beast::iequals(host, "localhost") || host == p.host || is_loopback(host);
}

api_answer forbidden(std::string_view message) {
    return failure(http::status::forbidden, "forbidden", message);
}

}  // namespace

api_answer failure(http::status status, std::string_view error, std::string_view message) {
    api_answer a{.status = status, .body = "{\"error\":"};
    log::append_json_string(a.body, error);
    a.body += ",\"message\":";
    log::append_json_string(a.body, message);
    a.body += "}\n";
    return a;
}

bool is_api(std::string_view target) noexcept {
    return target.starts_with("/api/");
}

std::optional<api_answer> refusal(const api_request& r, const admin_params& p) {
    if (!p.token.empty()) {
        if (r.authorization && constant_time_equal(bearer_token(*r.authorization), p.token)) return {};
        api_answer a = failure(http::status::unauthorized, "unauthorized",
                               "the token of admin.token is required, as Authorization: Bearer");
        a.wants_token = true;
        return a;
    }
    if (!is_loopback(p.host))
        return forbidden(
            "the session API needs a token where admin.address is not loopback: set admin.token");
    if (r.origin) return forbidden("pages in a browser may not use the session API without admin.token");
    if (!r.host || !is_here(*r.host, p))
        return forbidden("without admin.token the session API answers to localhost and its own address only");
    return {};
}

}  // namespace vestibule::admin
