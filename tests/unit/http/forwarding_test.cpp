#include <vestibule/http/forwarding.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace vestibule::http {
namespace {

ip_address ip(std::string_view text) {
    const auto address = ip_address::parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(ip_address{});
}

// Head lines to fields, as a connection would have them.
class parsed {
  public:
    explicit parsed(const std::string& lines) : bytes_("GET / HTTP/1.1\r\n" + lines + "\r\n") {
        EXPECT_FALSE(parse_request_head(bytes_, {}, head_)) << lines;
    }
    const field_list& fields() const { return head_.fields; }

  private:
    std::string bytes_;
    request_head head_;
};

std::vector<cidr> ranges(std::initializer_list<std::string_view> texts) {
    std::vector<cidr> out;
    for (const auto text : texts) out.push_back(cidr::parse(text).value());
    return out;
}

TEST(ip_address, parse_and_print) {
    const struct {
        std::string_view text, printed;
    } good[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"192.0.2.255", "192.0.2.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:DB8:0::1", "2001:db8::1"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::ffff:0102:0304", "1.2.3.4"},
    };
    for (const auto& c : good) EXPECT_EQ(ip(c.text).to_string(), c.printed);
    EXPECT_EQ(ip("1.2.3.4"), ip("::ffff:1.2.3.4"));
    EXPECT_TRUE(ip("::ffff:1.2.3.4").is_v4());
    EXPECT_TRUE(ip_address{}.is_unspecified());
    EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
    EXPECT_TRUE(ip("::").is_unspecified());
    EXPECT_FALSE(ip("0.0.0.1").is_unspecified());
    EXPECT_FALSE(ip("::1").is_unspecified());

    using namespace std::string_view_literals;
    for (const auto bad : {""sv, "1"sv, "1.2.3"sv, "1.2.3.4.5"sv, "01.2.3.4"sv, "256.1.1.1"sv, " 1.2.3.4"sv,
                           "1.2.3.4 "sv, "1.2.3.4\0"sv, "::1%eth0"sv, "[::1]"sv, ":::"sv, "::g"sv,
                           "localhost"sv, "1111:2222:3333:4444:5555:6666:7777:8888:9999"sv,
                           "0000000000000000000000000000000000000000000000000000"sv}) {
        EXPECT_FALSE(ip_address::parse(bad)) << bad;
    }
}

// What asio::ip::address looks like from here.
struct asio_like {
    std::array<std::uint8_t, 16> bytes;
    bool v4;
    struct four {
        std::array<std::uint8_t, 4> b;
        auto to_bytes() const { return b; }
    };
    struct sixteen {
        std::array<std::uint8_t, 16> b;
        auto to_bytes() const { return b; }
    };
    bool is_v4() const { return v4; }
    four to_v4() const { return {{bytes[0], bytes[1], bytes[2], bytes[3]}}; }
    sixteen to_v6() const { return {bytes}; }
};

TEST(ip_address, converts) {
    EXPECT_EQ(ip_address(asio_like{{10, 1, 2, 3}, true}), ip("10.1.2.3"));
    EXPECT_EQ(ip_address(asio_like{{0x20, 1, 0xD, 0xB8}, false}), ip("2001:db8::"));
    EXPECT_TRUE(ip_address(asio_like{{}, true}).is_unspecified());
    EXPECT_TRUE(ip_address(asio_like{{}, false}).is_unspecified());
}

TEST(cidr, contains) {
    const struct {
        std::string_view range, inside, outside;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"},
        {"192.168.16.0/20", "192.168.31.255", "192.168.32.0"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
        {"192.0.2.6/31", "192.0.2.7", "192.0.2.8"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.5"},
        {"0.0.0.0/0", "255.1.2.3", "::1"},
        {"::/0", "2001:db8::1", "1.2.3.4"},
        {"::1/128", "::1", "::2"},
        {"::1", "::1", "::"},
        {"fc00::/7", "fdff::1", "fe00::"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"::ffff:10.0.0.0/104", "10.2.3.4", "11.2.3.4"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.range);
        const auto range = cidr::parse(c.range);
        ASSERT_TRUE(range);
        EXPECT_TRUE(range->contains(ip(c.inside)));
        EXPECT_FALSE(range->contains(ip(c.outside)));
    }
}

TEST(cidr, refused) {
    for (const std::string_view bad :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
          "10.0.0.1/8", "10.0.0.0/8/8", "10.0.0/8", "::/129", "::1/127", "2001:db8::1/64", "localhost",
          "::ffff:10.0.0.0/80", "10.0.0.0/99999999999"}) {
        EXPECT_EQ(cidr::parse(bad).error(), errc::invalid_argument) << bad;
    }
}

TEST(find_client, table) {
    const auto trusted = ranges({"127.0.0.0/8", "::1/128", "10.0.0.0/8"});
    const struct {
        std::string_view peer;  // empty: a unix socket
        std::string lines;
        std::string_view address;
        bool https, trusted;
    } cases[] = {
        // An untrusted peer is the client, whatever it says.
        {"192.0.2.1", "", "192.0.2.1", false, false},
        {"192.0.2.1", "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n", "192.0.2.1", false,
         false},
        {"::ffff:192.0.2.1", "", "192.0.2.1", false, false},
        {"2001:db8::1", "X-Forwarded-For: 1.1.1.1\r\n", "2001:db8::1", false, false},
        // A trusted peer speaks for the client.
        {"127.0.0.1", "", "127.0.0.1", false, true},
        {"127.0.0.1", "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1", false, true},
        {"::ffff:127.0.0.1", "x-forwarded-for:198.51.100.1\r\n", "198.51.100.1", false, true},
        {"10.9.9.9", "X-Forwarded-For: 1.1.1.1, 198.51.100.1, 10.0.0.1\r\n", "198.51.100.1", false, true},
        {"10.9.9.9", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 10.0.0.1\r\n", "1.1.1.1", false, true},
        {"10.9.9.9", "X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2", false, true},
        {"10.9.9.9", "X-Forwarded-For: , 1.1.1.1 ,, \t,\r\nX-Forwarded-For:\r\n", "1.1.1.1", false, true},
        // Only the right-most untrusted one counts: what is left of it, the client may have made up.
        {"10.9.9.9", "X-Forwarded-For: 10.0.0.7, 198.51.100.1\r\n", "198.51.100.1", false, true},
        // Ports and brackets
        {"10.9.9.9", "X-Forwarded-For: 198.51.100.1:4711\r\n", "198.51.100.1", false, true},
        {"10.9.9.9", "X-Forwarded-For: [2001:db8::7]:4711\r\n", "2001:db8::7", false, true},
        {"10.9.9.9", "X-Forwarded-For: [2001:db8::7]\r\n", "2001:db8::7", false, true},
        {"10.9.9.9", "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7", false, true},
        {"10.9.9.9", "X-Forwarded-For: 198.51.100.1, [::1]:80, [::ffff:10.0.0.1]\r\n", "198.51.100.1", false,
         true},
        // Garbage ends the walk.
        {"10.9.9.9", "X-Forwarded-For: unknown\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: 198.51.100.1, unknown, 10.0.0.1\r\n", "10.0.0.1", false, true},
        {"10.9.9.9", "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: _x, 10.0.0.1\r\n", "10.0.0.1", false,
         true},
        {"10.9.9.9", "X-Forwarded-For: 1.2.3.4:\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: 1.2.3.4:x\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: 1.2.3.4:123456\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: [::1\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: [::1]80\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-For: 1.2.3\r\n", "10.9.9.9", false, true},
        // An alias of the name is not the name.
        {"10.9.9.9", "X_Forwarded_For: 198.51.100.1\r\n", "10.9.9.9", false, true},
        // Scheme
        {"10.9.9.9", "X-Forwarded-Proto: https\r\n", "10.9.9.9", true, true},
        {"10.9.9.9", "X-Forwarded-Proto: HTTPS\r\n", "10.9.9.9", true, true},
        {"10.9.9.9", "X-Forwarded-Proto: https, http\r\n", "10.9.9.9", true, true},
        {"10.9.9.9", "X-Forwarded-Proto: wss\r\n", "10.9.9.9", true, true},
        {"10.9.9.9", "X-Forwarded-Proto: http, https\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-Proto: httpss\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-Proto: https, x\r\n", "10.9.9.9", false, true},
        {"10.9.9.9", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n", "10.9.9.9", false, true},
        // Unix sockets
        {"", "", "unix:", false, true},
        {"", "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n", "198.51.100.1", true, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(std::string(c.peer) + " " + c.lines);
        const parsed request(c.lines);
        client_facts facts{
            .address = ip_address::parse("198.51.100.99"), .https = true, .peer_trusted = !c.trusted};
        find_client(request.fields(), c.peer.empty() ? ip_address{} : ip(c.peer), false, trusted, facts);
        EXPECT_EQ(facts.address ? facts.address->to_string() : "unix:", c.address);
        EXPECT_EQ(facts.https, c.https);
        EXPECT_EQ(facts.peer_trusted, c.trusted);
        find_client(request.fields(), c.peer.empty() ? ip_address{} : ip(c.peer), true, trusted, facts);
        EXPECT_TRUE(facts.https);
    }
}

TEST(find_client, unix_socket_without_trusted_loopback) {
    const parsed request("X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n");
    client_facts facts;
    find_client(request.fields(), {}, false, ranges({"::1", "10.0.0.0/8"}), facts);
    EXPECT_EQ(facts.address, std::nullopt);
    EXPECT_FALSE(facts.https);
    EXPECT_FALSE(facts.peer_trusted);
}

TEST(append_forwarding, table) {
    const std::string spoof =
        "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n"
        "Forwarded: for=1.1.1.1;proto=https\r\n";
    const struct {
        std::string lines;
        bool trusted, https;
        std::string_view peer, host, out;
    } cases[] = {
        {"", false, false, "192.0.2.1", "a.test",
         "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
         "Forwarded: for=192.0.2.1;host=a.test;proto=http\r\n"},
        {spoof, false, true, "192.0.2.1", "a.test:8443",
         "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.test:8443\r\n"
         "Forwarded: for=192.0.2.1;host=\"a.test:8443\";proto=https\r\n"},
        {"", false, false, "2001:db8::1", "[::1]",
         "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: [::1]\r\n"
         "Forwarded: for=\"[2001:db8::1]\";host=\"[::1]\";proto=http\r\n"},
        {"", false, false, "fe80::1%eth0", "a",
         "X-Forwarded-For: fe80::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
         "Forwarded: for=\"[fe80::1]\";host=a;proto=http\r\n"},
        {"", false, false, "192.0.2.1", "",
         "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nForwarded: for=192.0.2.1;proto=http\r\n"},
        {spoof, true, true, "10.0.0.1", "a.test",
         "X-Forwarded-For: 1.1.1.1, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n"
         "Forwarded: for=1.1.1.1;proto=https, for=10.0.0.1;host=a.test;proto=https\r\n"},
        {"", true, false, "10.0.0.1", "a.test",
         "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
         "Forwarded: for=10.0.0.1;host=a.test;proto=http\r\n"},
        {"X-Forwarded-For: 1.1.1.1\r\nA: b\r\nX-Forwarded-For:\r\nX-Forwarded-For: 2.2.2.2, 3.3.3.3\r\n"
         "Forwarded: for=a\r\nForwarded: for=b, for=\"c,\\\"d\"\r\n",
         true, false, "unix:", "a.test",
         "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, unix:\r\nX-Forwarded-Proto: http\r\n"
         "X-Forwarded-Host: a.test\r\n"
         "Forwarded: for=a, for=b, for=\"c,\\\"d\", for=unknown;host=a.test;proto=http\r\n"},
        // What makes no sense is set anew, also from a trusted peer.
        {"X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a b\r\nForwarded: for=\"open\r\n", true, false,
         "10.0.0.1", "a.test",
         "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
         "Forwarded: for=10.0.0.1;host=a.test;proto=http\r\n"},
        {"X-Forwarded-Host: a\r\nX-Forwarded-Host: b\r\nX-Forwarded-Proto:\r\nForwarded:\r\n", true, false,
         "10.0.0.1", "c",
         "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: c\r\n"
         "Forwarded: for=10.0.0.1;host=c;proto=http\r\n"},
        {"X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: a:1, b\r\n", true, true, "10.0.0.1", "c",
         "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https, http\r\nX-Forwarded-Host: a:1, b\r\n"
         "Forwarded: for=10.0.0.1;host=c;proto=https\r\n"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.lines);
        const parsed request(c.lines);
        std::string out;
        append_forwarding(out, request.fields(), {.address = {}, .https = c.https, .peer_trusted = c.trusted},
                          c.peer, c.host);
        EXPECT_EQ(out, c.out);
    }
}

TEST(host_asked_for, table) {
    const struct {
        const char* lines;
        bool trusted;
        const char* expected;
    } cases[] = {
        {"", true, "here"},
        {"X-Forwarded-Host: shop.example.com:8443\r\n", true, "shop.example.com:8443"},
        {"X-Forwarded-Host: shop.example.com, inner.example.com\r\n", true, "shop.example.com"},
        {"X-Forwarded-Host: shop.example.com\r\n", false, "here"},
        {"X-Forwarded-Host: a\r\nX-Forwarded-Host: b\r\n", true, "here"},
        {"X-Forwarded-Host: a/b\r\n", true, "here"},
        {"X-Forwarded-Host:\r\n", true, "here"},
    };
    for (const auto& c : cases) {
        const parsed head("Host: here\r\n" + std::string(c.lines));
        client_facts client;
        client.peer_trusted = c.trusted;
        EXPECT_EQ(host_asked_for(head.fields(), client, "here"), c.expected) << c.lines;
    }
}

TEST(is_forwarding_name, table) {
    for (const std::string_view name : {"X-Forwarded-For", "x-forwarded-proto", "X_FORWARDED_HOST",
                                        "forwarded", "X.Forwarded.For", "x-forwarded_for", "FORWARDED"}) {
        EXPECT_TRUE(is_forwarding_name(name)) << name;
    }
    for (const std::string_view name : {"", "Forward", "Forwarded-", "X-Forwarded-Fox", "X-Forwarded-Port",
                                        "X-Forwarded", "Host", "XForwarded-For"}) {
        EXPECT_FALSE(is_forwarding_name(name)) << name;
    }
}

TEST(is_word_of_proxies, table) {
    for (const std::string_view name :
         {"X-Forwarded-For", "X-Forwarded-Prefix", "x_forwarded.ssl", "X-Forwarded-", "X-Real-IP",
          "client_ip", "CF-Connecting-IP", "True-Client-Ip", "X-HTTP-Host-Override", "FRONT-END-HTTPS",
          "x.scheme"})
        EXPECT_TRUE(is_word_of_proxies(name)) << name;
    for (const std::string_view name : {"", "X", "X-Forwarded", "XForwarded-For", "X-Forward-For", "Host",
                                        "X-Real-IPs", "IP", "X-Requested-With", "Forwarded", "WS", "Sec-WS"})
        EXPECT_FALSE(is_word_of_proxies(name)) << name;
}

TEST(request_id, what_is_passed_on) {
    for (const std::string id : {"a", "0", "A-Z_a.z=0+9/:@", "550e8400-e29b-41d4-a716-446655440000"}) {
        EXPECT_TRUE(valid_request_id(id)) << id;
    }
    EXPECT_TRUE(valid_request_id(std::string(128, 'x')));
    for (const std::string id : {"", " ", "a b", "a\"b", "a,b", "a;b", "a\tb", "<a>", "\xC3\xA9", "{a}"}) {
        EXPECT_FALSE(valid_request_id(id)) << id;
    }
    EXPECT_FALSE(valid_request_id(std::string(129, 'x')));
}

TEST(traceparent, what_is_passed_on) {
    const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    EXPECT_TRUE(valid_traceparent(good));
    EXPECT_TRUE(valid_traceparent("cc" + good.substr(2)));
    EXPECT_TRUE(valid_traceparent("cc" + good.substr(2) + "-what-the-future-may-be"));
    for (const std::string& bad :
         {std::string(), good.substr(1), good.substr(0, 54), good + "-01", good + "0", "ff" + good.substr(2),
          "0x" + good.substr(2), "cc" + good.substr(2) + ".future",
          std::string("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
          std::string("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
          std::string("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
          std::string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g"),
          std::string("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
          std::string("00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01")}) {
        EXPECT_FALSE(valid_traceparent(bad)) << bad;
    }
}

TEST(fresh_ids, are_valid_and_differ) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = make_request_id();
        EXPECT_EQ(id.size(), 32u);
        EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
        EXPECT_TRUE(valid_request_id(id));
        EXPECT_TRUE(seen.insert(id).second);

        const auto trace = make_traceparent();
        EXPECT_TRUE(valid_traceparent(trace)) << trace;
        EXPECT_TRUE(seen.insert(trace).second);
    }
}

}  // namespace
}  // namespace vestibule::http
