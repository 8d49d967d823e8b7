// Our parser against Beast's: nothing passes ours that Beast refuses, and both see the same fields.
// Beast is compiled into this file alone.
#undef BOOST_BEAST_SEPARATE_COMPILATION

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>

#include <vestibule/http/head.hpp>

#include <vestibule/http/known_fields.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace vestibule::http {
namespace {

namespace beast = boost::beast;

struct seen_head {
    std::string method, target;
    unsigned version = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    bool operator==(const seen_head&) const = default;
};

class beast_reader final : public beast::http::basic_parser<true> {
  public:
    seen_head seen;

  private:
    using view = beast::string_view;
    void on_request_impl(beast::http::verb, view method, view target, int version, error_code&) override {
        seen.method = method;
        seen.target = target;
        seen.version = static_cast<unsigned>(version);
    }
    void on_response_impl(int, view, int, error_code&) override {}
    void on_field_impl(beast::http::field, view name, view value, error_code&) override {
        seen.fields.emplace_back(name, value);
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(view text, error_code&) override { return text.size(); }
    void on_chunk_header_impl(std::uint64_t, view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, view text, error_code&) override { return text.size(); }
    void on_finish_impl(error_code&) override {}
};

std::optional<seen_head> read_with_beast(std::string_view bytes) {
    beast_reader reader;
    reader.skip(true);
    error_code ec;
    reader.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec || !reader.is_header_done()) return std::nullopt;
    return std::move(reader.seen);
}

std::optional<seen_head> read_with_ours(std::string_view bytes) {
    request_head head;
    if (parse_request_head(bytes, {}, head)) return std::nullopt;
    seen_head seen{std::string(head.method), std::string(head.target), head.version, {}};
    for (const field& f : head.fields) seen.fields.emplace_back(f.name, f.value);
    return seen;
}

TEST(beast_comparison, what_passes_is_read_the_same) {
    const std::string seed =
        "POST /a/b?c=d HTTP/1.1\r\nHost: example.test\r\nUser-Agent: \tthe one\t\r\nX-A:\r\n"
        "Cookie: a=b; c=\"d e\"\r\nAccept: */*\r\n\r\n";
    ASSERT_EQ(read_with_ours(seed), read_with_beast(seed));
    ASSERT_TRUE(read_with_ours(seed));

    constexpr std::string_view alphabet = "\r\n\t :;,/AZaz09\x01\x7F\x80\xFF\"";
    std::mt19937 random(20260301);
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    int passed = 0;
    for (int i = 0; i < 200'000; ++i) {
        auto bytes = seed;
        for (auto changes = 1 + below(3); changes != 0; --changes) {
            const auto at = below(bytes.size());
            switch (below(3)) {
                case 0: bytes[at] = alphabet[below(alphabet.size())]; break;
                case 1: bytes.insert(at, 1, alphabet[below(alphabet.size())]); break;
                default: bytes.erase(at, 1); break;
            }
        }
        const auto ours = read_with_ours(bytes);
        if (!ours) continue;
        ++passed;
        ASSERT_EQ(ours, read_with_beast(bytes)) << bytes;
    }
    EXPECT_GT(passed, 10'000);
}

TEST(known_fields, are_the_ones_of_beast) {
    int known = 0;
    for (unsigned i = 1; i < 400; ++i) {
        const auto id = static_cast<field_id>(i);
        const auto name = i < 357 ? std::string(beast::http::to_string(id)) : std::string();
        if (name.empty()) break;
        const auto found = identify(name);
        EXPECT_TRUE(found == id || found == field_id::unknown) << name;
        known += found == id;

        std::string upper = name;
        for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        EXPECT_EQ(identify(upper), found) << name;
        if (found == id) {
            for (std::size_t at = 0; at < name.size(); ++at) {
                for (const char other : {'_', '!', '9', 'x', '^', '~'}) {
                    auto changed = name;
                    changed[at] = other;
                    EXPECT_EQ(identify(changed) == id, beast::http::string_to_field(changed) == id)
                        << changed;
                }
            }
            EXPECT_NE(identify(name + "s"), id);
            EXPECT_NE(identify(name.substr(1)), id);
        }
    }
    EXPECT_GT(known, 90);
    EXPECT_EQ(identify(""), field_id::unknown);
    EXPECT_EQ(identify(std::string(5000, 'a')), field_id::unknown);
}

TEST(known_fields, has_what_the_proxy_asks_for) {
    using enum boost::beast::http::field;
    for (const auto id : {accept,
                          access_control_request_method,
                          authorization,
                          cache_control,
                          connection,
                          content_encoding,
                          content_length,
                          content_type,
                          cookie,
                          date,
                          expect,
                          forwarded,
                          host,
                          keep_alive,
                          location,
                          origin,
                          pragma,
                          proxy_authenticate,
                          proxy_authorization,
                          proxy_connection,
                          referer,
                          sec_fetch_dest,
                          sec_fetch_mode,
                          sec_fetch_site,
                          sec_websocket_key,
                          server,
                          set_cookie,
                          surrogate_control,
                          te,
                          trailer,
                          transfer_encoding,
                          upgrade,
                          user_agent,
                          vary,
                          via,
                          www_authenticate}) {
        EXPECT_EQ(identify(beast::http::to_string(id)), id) << beast::http::to_string(id);
    }
}

}  // namespace
}  // namespace vestibule::http
