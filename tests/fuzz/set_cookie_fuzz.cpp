// A Set-Cookie line, read, put into a vault, stored, and read again: its bytes come back as they were.
#include <vestibule/http/cookie_names.hpp>
#include <vestibule/http/received_cookie.hpp>
#include <vestibule/session/changes.hpp>

#include "expect.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace vestibule;

namespace {

constexpr unix_time now{milliseconds(1'767'323'045'678)};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (const auto date = http::read_cookie_date(line))
        expect(*date >= unix_time(milliseconds(-11'644'473'600'000)) &&
               *date <= unix_time(milliseconds(253'402'300'799'000)));
    expect(http::cookie_path_matches(line, http::default_cookie_path(line)) || !line.starts_with('/'));
    http::may_hold_cookie(line, "my_sess");

    const auto c = http::read_set_cookie(line, now);
    if (!c) return 0;
    expect(!c->name.empty() && within(c->name, line) && within(c->value, line) && within(c->path, line));
    expect(c->path.empty() || c->path.starts_with('/'));
    expect(!c->expires || *c->expires <= now + std::chrono::days(400));
    expect(http::may_hold_cookie(std::string(c->name) + "=1", c->name));

    session::session_changes changes;
    changes.at = now;
    changes.vault.push_back({{.name = std::string(c->name),
                              .value = std::string(c->value),
                              .path = c->path.empty() ? "/" : std::string(c->path),
                              .expires = c->expires},
                             c->expires && *c->expires <= now});
    session::vault_report report;
    const auto text = session::applied(R"({"cookie":{}})", changes, &report);
    expect(text && report.kept + report.deleted + report.refused.size() == 1);
    const auto vault = session::read_vault(session::document::parse(*text).value());
    expect(vault.size() == report.kept && report.written.size() == report.kept);
    for (const auto& kept : vault)
        expect(kept.name == c->name && kept.value == c->value && kept.expires == c->expires);
    return 0;
}
