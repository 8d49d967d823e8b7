#include <vestibule/base/clock.hpp>
#include <vestibule/http/canned.hpp>
#include <vestibule/http/cookies.hpp>

#include "http/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vestibule::http {
namespace {

struct status_text {
    unsigned status;
    std::string_view reason;
};

// In ascending order.
constexpr auto statuses = std::to_array<status_text>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
});

constexpr bool ascending(const status_text& a, const status_text& b) {
    return a.status < b.status;
}
static_assert(std::is_sorted(statuses.begin(), statuses.end(), ascending));

status_text text_of(unsigned status) noexcept {
    const auto at = std::lower_bound(statuses.begin(), statuses.end(), status_text{status, {}}, ascending);
    if (at != statuses.end() && at->status == status) return *at;
    return {status, "Unknown"};
}

void append_number(std::string& out, std::size_t n) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, n).ptr;
    out.append(text, end);
}

// {"error":"bad_gateway"}: the reason, folded to what programs like to compare.
constexpr std::string_view body_start = R"({"error":")", body_end = R"("})";

void append_body(std::string& out, std::string_view reason) {
    out += body_start;
    for (const char c : reason) out += ascii::is_alnum(c) ? ascii::to_lower(c) : '_';
    out += body_end;
}

// The date of this second, written once for all answers of the second.
void append_date(std::string& out) {
    thread_local std::string text;
    thread_local std::chrono::sys_seconds written{};
    const auto now = std::chrono::floor<seconds>(wall_now());
    if (text.empty() || now != written) {
        text.clear();
        append_http_date(text, now);
        written = now;
    }
    out += text;
}

}  // namespace

void append_canned(std::string& out, unsigned status, std::string_view extra, bool close, bool head_request) {
    const auto text = text_of(status);
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += text.reason;
    out += "\r\nDate: ";
    append_date(out);
    out += "\r\nCache-Control: no-store\r\n";
    const bool has_body = status >= 400;
    if (has_body) {
        out += "Content-Type: application/json\r\nContent-Length: ";
        append_number(out, body_start.size() + text.reason.size() + body_end.size());
        out += "\r\n";
    } else if (status >= 200 && status != 204 && status != 304) {
        out += "Content-Length: 0\r\n";
    }
    out += extra;
    if (close) out += "Connection: close\r\n";
    out += "\r\n";
    if (has_body && !head_request) append_body(out, text.reason);
}

std::string_view reason_phrase(unsigned status) noexcept {
    return text_of(status).reason;
}

}  // namespace vestibule::http
