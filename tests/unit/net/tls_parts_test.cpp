// The parts of TLS that decide: names of certificates, keys of tickets, reasons of failures.
#include "net/certificate_names.hpp"
#include "net/ticket_keys.hpp"

#include <vestibule/net/tls_server.hpp>

#include <gtest/gtest.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace vestibule::net {
namespace {

using std::chrono::hours;

TEST(certificate_names, finds_the_certificate_of_a_host) {
    certificate_names names;
    const std::vector<std::vector<const char*>> certificates = {
        {"example.com", "www.example.com"},
        {"*.example.com", "WWW.example.com", "Other.Example.org"},
        {"api.example.com", "*.deep.example.com", "*.org", "", "*."},
        {"xn--bcher-kva.example", "*.a.*.example"},
    };
    for (std::size_t i = 0; i < certificates.size(); ++i)
        for (const char* name : certificates[i]) names.add(name, i);
    struct {
        const char* host;
        std::size_t expected;
    } rows[] = {
        {"example.com", 0},
        {"www.example.com", 0},  // the first that has it
        {"shop.example.com", 1},
        {"SHOP.Example.COM", 1},
        {"shop.example.com.", 1},
        {"api.example.com", 2},  // a whole name before a wildcard
        {"a.b.example.com", 0},  // a wildcard is one label
        {"x.deep.example.com", 2},
        {"deep.example.com", 1},
        {"other.example.org", 1},
        {"some.org", 2},
        {"some.example.org", 0},
        {".example.com", 0},
        {"*.example.com", 1},
        {"xn--bcher-kva.example", 3},
        {"nobody.invalid", 0},
        {"com", 0},
        {".", 0},
        {"", 0},
    };
    for (const auto& [host, expected] : rows) EXPECT_EQ(names.find(host), expected) << host;
    EXPECT_EQ(names.find(std::string(100'000, 'a') + ".example.com"), 0u);
    EXPECT_EQ(certificate_names().find("example.com"), 0u);
}

TEST(ticket_keys, seal_for_twelve_hours_and_open_for_thirty_six) {
    ticket_keys keys;
    mono_time now{hours(1000)};
    const ticket_key first = keys.sealing(now);
    EXPECT_EQ(keys.sealing(now + hours(12) - seconds(1)).name, first.name);
    EXPECT_TRUE(keys.opening(first.name, now)->newest);

    now += hours(12);
    const ticket_key second = keys.sealing(now);
    EXPECT_NE(second.name, first.name);
    EXPECT_NE(second.cipher, first.cipher);
    EXPECT_NE(second.mac, first.mac);
    const auto old = keys.opening(first.name, now);
    ASSERT_TRUE(old);
    EXPECT_FALSE(old->newest);
    EXPECT_EQ(old->key.cipher, first.cipher);
    EXPECT_EQ(old->key.mac, first.mac);
    EXPECT_TRUE(keys.opening(second.name, now)->newest);

    now += hours(12);
    EXPECT_FALSE(keys.opening(second.name, now)->newest) << "opening makes a new one, too";
    EXPECT_TRUE(keys.opening(first.name, now));
    now += hours(12);
    EXPECT_FALSE(keys.opening(first.name, now));
    EXPECT_TRUE(keys.opening(second.name, now));
}

TEST(ticket_keys, of_a_quiet_time_do_not_outlive_it) {
    ticket_keys keys;
    const mono_time now{hours(1)};
    const ticket_key first = keys.sealing(now);
    EXPECT_TRUE(keys.opening(first.name, now + hours(35)));
    EXPECT_FALSE(keys.opening(first.name, now + hours(36)));
    EXPECT_FALSE(keys.opening(ticket_key{}.name, now)) << "no key has no name";
}

TEST(tls_failure, is_told_by_openssls_reason) {
    const auto ssl = [](int reason) { return ERR_PACK(ERR_LIB_SSL, 0, reason); };
    struct {
        unsigned long reason;
        const char* expected;
    } rows[] = {
        {ssl(SSL_R_HTTP_REQUEST), "plain_http"},
        {ssl(SSL_R_UNSUPPORTED_PROTOCOL), "version"},
        {ssl(SSL_R_NO_SHARED_CIPHER), "cipher"},
        {ssl(SSL_R_NO_APPLICATION_PROTOCOL), "alpn"},
        {ssl(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE), "client_certificate"},
        {ssl(SSL_R_CERTIFICATE_VERIFY_FAILED), "client_certificate"},
        {ssl(SSL_R_UNEXPECTED_EOF_WHILE_READING), "closed"},
        {ssl(SSL_R_TLSV1_ALERT_UNKNOWN_CA), "alert"},
        {ssl(SSL_R_SSLV3_ALERT_BAD_CERTIFICATE), "alert"},
        {ssl(SSL_R_WRONG_VERSION_NUMBER), "malformed"},
        {ERR_PACK(ERR_LIB_RSA, 0, SSL_R_HTTP_REQUEST), "malformed"},
        {0, "malformed"},
    };
    for (const auto& [reason, expected] : rows) EXPECT_EQ(to_string(failure_of(reason)), expected) << reason;
}

}  // namespace
}  // namespace vestibule::net
