#include <vestibule/http/cookies.hpp>

#include <algorithm>
#include <array>

namespace vestibule::http {
namespace {

std::string_view same_site_text(same_site_mode mode) noexcept {
    switch (mode) {
        case same_site_mode::lax: return "; SameSite=Lax";
        case same_site_mode::strict: return "; SameSite=Strict";
        case same_site_mode::none: return "; SameSite=None";
        case same_site_mode::off: break;
    }
    return {};
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += name;
    out += value;
}

// The date has four digits of year and no sign.
unix_time clamp_to_four_digit_years(unix_time t) noexcept {
    using namespace std::chrono;
    constexpr unix_time first = sys_days{year{0} / January / 1};
    constexpr unix_time last = sys_days{year{9999} / December / 31} + days{1} - milliseconds{1};
    return std::clamp(t, first, last);
}

}  // namespace

void append_set_cookie(std::string& out, const set_cookie& c) {
    out += c.name;
    out += '=';
    out += c.value;
    append_attribute(out, "; Domain=", c.domain);
    append_attribute(out, "; Path=", c.path);
    if (c.expires) {
        out += "; Expires=";
        append_http_date(out, *c.expires);
    }
    if (c.http_only) out += "; HttpOnly";
    if (c.secure) out += "; Secure";
    if (c.partitioned) out += "; Partitioned";
    out += same_site_text(c.same_site);
}

void append_http_date(std::string& out, unix_time t) {
    using namespace std::chrono;
    constexpr char weekdays[] = "SunMonTueWedThuFriSat";
    constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    t = clamp_to_four_digit_years(t);
    const auto day = floor<days>(t);
    const year_month_day date{day};
    const hh_mm_ss time{floor<seconds>(t - day)};

    // "Thu, 01 Jan 1970 00:00:00 GMT"; written digit by digit, for snprintf is most of its cost.
    const auto two_digits = [](char* at, unsigned value) {
        at[0] = static_cast<char>('0' + value / 10);
        at[1] = static_cast<char>('0' + value % 10);
    };
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    std::array<char, 29> text;
    std::copy_n("Ddd, 00 Mmm 0000 00:00:00 GMT", text.size(), text.begin());
    std::copy_n(weekdays + 3 * weekday{day}.c_encoding(), 3, text.data());
    two_digits(text.data() + 5, static_cast<unsigned>(date.day()));
    std::copy_n(months + 3 * (static_cast<unsigned>(date.month()) - 1), 3, text.data() + 8);
    two_digits(text.data() + 12, year / 100);
    two_digits(text.data() + 14, year % 100);
    two_digits(text.data() + 17, static_cast<unsigned>(time.hours().count()));
    two_digits(text.data() + 20, static_cast<unsigned>(time.minutes().count()));
    two_digits(text.data() + 23, static_cast<unsigned>(time.seconds().count()));
    out.append(text.data(), text.size());
}

}  // namespace vestibule::http
