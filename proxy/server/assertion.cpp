#include "server/assertion.hpp"

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>
#include <vestibule/base/logger.hpp>

#include <array>

namespace vestibule::server {
namespace {

constexpr std::size_t max_subject = 1024;

void append_text(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += out.empty() ? '{' : ',';
    log::append_json_string(out, name);
    out += ':';
    log::append_json_string(out, value);
}

void append_time(std::string& out, std::string_view name, std::chrono::sys_seconds value) {
    out += out.empty() ? '{' : ',';
    log::append_json_string(out, name);
    out += ':';
    out += std::to_string(value.time_since_epoch().count());
}

std::string random_id() {
    std::array<unsigned char, 16> bytes;
    random_bytes(bytes);
    return base64url(bytes);
}

}  // namespace

std::string assertion_claims(const assertion_params& p, const assertion_facts& f, unix_time now,
                             std::string_view id) {
    const auto issued = std::chrono::floor<seconds>(now);
    std::string out;
    append_text(out, "iss", p.issuer);
    append_text(out, "aud", p.audience);
    append_text(out, "sub", f.subject);
    append_text(out, "handle", f.handle);
    append_time(out, "iat", issued);
    append_time(out, "exp", issued + std::chrono::floor<seconds>(p.lifetime));
    append_text(out, "jti", id);
    append_text(out, "method", f.method);
    append_text(out, "path", f.path);
    return out + '}';
}

asserter::asserter(assertion_params p) : params_(std::move(p)), key_(params_.algorithm, params_.keys.at(0)) {
    append_text(jose_header_, "alg", key_.algorithm());
    append_text(jose_header_, "typ", "JWT");
    append_text(jose_header_, "kid", key_.id());
    jose_header_ += '}';
}

std::string asserter::subject_of(const session::document& d) const {
    if (params_.subject.tokens().empty()) return {};
    const auto json = d.find(params_.subject);
    if (!json || !session::is_present(*json)) return {};
    if (json->size() > max_subject) {  // cut, it would be somebody else's
        log::warn("session value too long to assert", {{"side", "session"}, {"bytes", json->size()}});
        return {};
    }
    return session::plain_text(*json);
}

void asserter::append_line(std::string& out, const assertion_facts& f, unix_time now) const {
    out += params_.header;
    out += ": ";
    out += compact_jws(key_, jose_header_, assertion_claims(params_, f, now, random_id()));
    out += "\r\n";
}

unix_time asserter::reuse_until(unix_time now) const noexcept {
    return std::chrono::floor<seconds>(now) + params_.lifetime - params_.lifetime / 2;
}

}  // namespace vestibule::server
