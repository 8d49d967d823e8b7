// What the micro-benchmarks work on: a page load of a browser that is logged in, and its session.
#pragma once

#include <string>
#include <string_view>

namespace vestibule::samples {

inline constexpr std::string_view secret = "a secret for benchmarks, long enough to be one";
inline constexpr std::string_view older_secret = "the secret of last month, still accepted";
inline constexpr std::string_view sid = "1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR";
inline constexpr std::string_view cookie_name = "bench.sid";

inline constexpr std::string_view session_value =
    R"({"cookie":{"originalMaxAge":86400000,"expires":"2030-01-01T00:00:00.000Z","httpOnly":true,"path":"/",)"
    R"("sameSite":"lax"},"user":{"id":"u-000042","name":"Customer 42","tier":"gold",)"
    R"("email":"customer42@example.test"},"cart":{"items":[{"sku":"A-1042","count":2},)"
    R"({"sku":"B-7","count":1}],)"
    R"("currency":"EUR"},"csrf":"dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu"})";

/// A request head with thirteen fields; `cookie` is the signed value.
inline std::string request_head(std::string_view cookie) {
    std::string out =
        "GET /catalogue/42?page=2&sort=price HTTP/1.1\r\n"
        "Host: shop.example.test\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
        "Accept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\n"
        "Referer: https://shop.example.test/catalogue?page=2\r\n"
        "Upgrade-Insecure-Requests: 1\r\n"
        "Sec-Fetch-Dest: document\r\n"
        "Sec-Fetch-Mode: navigate\r\n"
        "Sec-Fetch-Site: same-origin\r\n"
        "Sec-Fetch-User: ?1\r\n"
        "Priority: u=0, i\r\n"
        "Cookie: theme=dark; ";
    out += cookie_name;
    out += '=';
    out += cookie;
    out += "; locale=en-GB\r\n\r\n";
    return out;
}

}  // namespace vestibule::samples
