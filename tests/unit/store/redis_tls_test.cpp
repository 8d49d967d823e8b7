// TLS to a real Redis: whom we believe, who we are, and files that change while we run.
#include "certificates.hpp"
#include "localhost.hpp"
#include "redis_rig.hpp"
#include "redis_server.hpp"

#include <vestibule/net/tls_client_context.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

namespace vestibule::test {
namespace {

using net::tls_client_params;
using net::tls_file;

const net::tls_purpose purpose{"the session store", "store.tls"};
using testing::HasSubstr;

// A directory with ca.pem, cert.pem and key.pem that belong together.
class tls_directory {
  public:
    tls_directory() {
        char name[] = "/tmp/vestibule-tls-XXXXXX";
        if (!::mkdtemp(name)) throw std::runtime_error("no temporary directory");
        path_ = name;
        write("ca.pem", ca.certificate());
        put(ca.issue("DNS:client"));
    }
    ~tls_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string operator/(const std::string& file) const { return path_ + "/" + file; }
    void write(const std::string& file, const std::string& text) const {
        write_file(path_ + "/" + file, text);
    }
    void put(const issued_certificate& c) const {
        write("cert.pem", c.certificate);
        write("key.pem", c.key);
    }
    tls_client_params params() const {
        return {.ca = *this / "ca.pem", .certificate = *this / "cert.pem", .key = *this / "key.pem"};
    }

    certificate_authority ca;

  private:
    std::string path_;
};

std::string told(const tls_client_params& p) {
    std::string out;
    for (const auto& [file, what] : net::check_tls_files(p))
        out += (file == tls_file::ca ? "ca: " : file == tls_file::key ? "key: " : "cert: ") + what + "\n";
    return out;
}

TEST(tls_files, are_told_what_is_wrong_with_them) {
    const tls_directory files;
    const auto other = files.ca.issue("DNS:other");
    files.write("empty.pem", "");
    files.write("text.pem", "hello\n");
    files.write("damaged.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    files.write("cut.pem", other.certificate.substr(0, other.certificate.size() / 2));
    files.write("locked.pem", other.locked_key);
    files.write("other_key.pem", other.key);
    files.write("both.pem", other.key + other.certificate + files.ca.certificate());
    files.write("huge.pem", std::string(5 << 20, 'x'));

    EXPECT_EQ(told({}), "");
    EXPECT_EQ(told(files.params()), "");
    struct {
        const char* ca;
        const char* certificate;
        const char* key;
        std::string expected;
    } rows[] = {
        {"both.pem", "both.pem", "both.pem", ""},
        {"none.pem", "cert.pem", "key.pem", "ca: cannot be read: No such file or directory\n"},
        {".", "cert.pem", "key.pem", "ca: cannot be read: Is a directory\n"},
        {"empty.pem", "cert.pem", "key.pem", "ca: holds no certificate in PEM\n"},
        {"text.pem", "cert.pem", "key.pem", "ca: holds no certificate in PEM\n"},
        {"key.pem", "cert.pem", "key.pem", "ca: holds no certificate in PEM\n"},
        {"damaged.pem", "cert.pem", "key.pem", "ca: holds a certificate that is damaged\n"},
        {"cut.pem", "cert.pem", "key.pem", "ca: holds a certificate that is damaged\n"},
        {"huge.pem", "cert.pem", "key.pem", "ca: is larger than 4 MiB\n"},
        {"ca.pem", "text.pem", "key.pem", "cert: holds no certificate in PEM\n"},
        {"ca.pem", "cert.pem", "none.pem", "key: cannot be read: No such file or directory\n"},
        {"ca.pem", "cert.pem", "cert.pem", "key: holds no private key in PEM\n"},
        {"ca.pem", "cert.pem", "locked.pem", "key: holds a key that needs a password\n"},
        {"ca.pem", "cert.pem", "other_key.pem", "key: does not fit the certificate\n"},
        {"none.pem", "empty.pem", "text.pem",
         "ca: cannot be read: No such file or directory\ncert: holds no certificate in PEM\n"
         "key: holds no private key in PEM\n"},
    };
    for (const auto& [ca, certificate, key, expected] : rows)
        EXPECT_EQ(told({.ca = files / ca, .certificate = files / certificate, .key = files / key}), expected)
            << ca << ' ' << certificate << ' ' << key;
}

TEST(redis_tls, reads_files_again_when_they_have_changed) {
    const tls_directory files;
    net::tls_client_context tls(files.params(), purpose);
    std::string problem;
    const auto first = tls.current(problem);
    ASSERT_TRUE(first) << problem;
    EXPECT_EQ(tls.current(problem), first);

    testing::internal::CaptureStderr();
    const auto renewed = files.ca.issue("DNS:client");
    files.write("cert.pem", renewed.certificate);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(tls.current(problem), first) << "the key is still the old one";
    std::filesystem::remove(files / "key.pem");
    EXPECT_EQ(tls.current(problem), first);
    files.write("key.pem", renewed.key);
    const auto second = tls.current(problem);
    EXPECT_TRUE(second);
    EXPECT_NE(second, first);
    EXPECT_EQ(tls.current(problem), second);
    EXPECT_EQ(problem, "");

    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("the file of store.tls.key does not fit the certificate"));
    EXPECT_THAT(log, HasSubstr("the file of store.tls.key cannot be read"));
    EXPECT_THAT(log, HasSubstr("have changed and are in use"));
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3) << log;
}

TEST(redis_tls, has_none_where_no_files_were_good_ever) {
    const tls_directory files;
    std::filesystem::remove(files / "ca.pem");
    net::tls_client_context tls(files.params(), purpose);
    std::string problem;
    EXPECT_FALSE(tls.current(problem));
    EXPECT_EQ(problem, "the file of store.tls.ca cannot be read: No such file or directory");
    files.write("ca.pem", files.ca.certificate());
    EXPECT_TRUE(tls.current(problem));
}

TEST(redis_tls, is_shared_by_those_who_ask_for_the_same) {
    const tls_directory files;
    auto one = net::tls_client_context::of(files.params(), purpose);
    EXPECT_EQ(net::tls_client_context::of(files.params(), purpose), one);
    auto other = files.params();
    other.server_name = "redis.example";
    EXPECT_NE(net::tls_client_context::of(other, purpose), one);
    EXPECT_EQ(one->name_of("h"), "h");
    EXPECT_EQ(net::tls_client_context::of(other, purpose)->name_of("h"), "redis.example");
}

class redis_over_tls : public redis_rig {
  protected:
    // The server's certificate is by the directory's authority.
    redis_over_tls() { serve(files.ca.issue("DNS:localhost,IP:127.0.0.1")); }
    ~redis_over_tls() override {
        serve(files.ca.issue("DNS:localhost,IP:127.0.0.1"));
        set({"tls-auth-clients", "no", "tls-protocols", ""});
    }

    static redis_server& server() {
        static redis_server instance(true);
        return instance;
    }
    static void set(std::vector<std::string> words) {
        words.insert(words.begin(), {"CONFIG", "SET"});
        server().raw(words);
    }
    void serve(const issued_certificate& c, const std::string& clients_ca = "ca.pem") {
        files.write("server.pem", c.certificate);
        files.write("server_key.pem", c.key);
        set({"tls-cert-file", files / "server.pem", "tls-key-file", files / "server_key.pem",
             "tls-ca-cert-file", files / clients_ca});
    }

    // What the first ping says, and what was logged by then.
    std::string log_of(const tls_client_params& tls, const std::string& host = "127.0.0.1") {
        testing::internal::CaptureStderr();
        std::string problem;
        params.url =
            store::parse_store_url("rediss://" + host + ":" + std::to_string(server().tls_port()), problem)
                .value();
        params.url.tls_params = tls;
        params.timeout = 1s;
        store = store::make_redis_store(io, params, metrics);
        const auto r = wait(store->ping());
        return (r ? "pong " : r.error().message() + " ") + testing::internal::GetCapturedStderr();
    }

    tls_directory files;
};

TEST_F(redis_over_tls, believes_the_authorities_of_the_file_and_no_others) {
    EXPECT_THAT(log_of({.ca = files / "ca.pem"}), HasSubstr("pong"));
    const certificate_authority stranger("test authority");
    files.write("stranger.pem", stranger.certificate());
    EXPECT_THAT(log_of({.ca = files / "stranger.pem"}), HasSubstr("\"reason\":\"TLS: "));
    files.write("bundle.pem", stranger.certificate() + files.ca.certificate());
    EXPECT_THAT(log_of({.ca = files / "bundle.pem"}), HasSubstr("pong"));

    ::setenv("SSL_CERT_FILE", (files / "ca.pem").c_str(), 1);
    EXPECT_THAT(log_of({}), HasSubstr("pong"));
    EXPECT_THAT(log_of({.ca = files / "stranger.pem"}), HasSubstr("\"reason\":\"TLS: "));
    ::setenv("SSL_CERT_FILE", "/dev/null", 1);
    EXPECT_THAT(log_of({}), HasSubstr("self-signed certificate"));
    ::unsetenv("SSL_CERT_FILE");
}

TEST_F(redis_over_tls, expects_the_name_it_was_told) {
    const std::string ca = files / "ca.pem";
    EXPECT_THAT(log_of({.ca = ca}, "127.0.0.2"), HasSubstr("IP address mismatch"));
    EXPECT_THAT(log_of({.ca = ca, .server_name = "127.0.0.1"}, "127.0.0.2"), HasSubstr("pong"));
    EXPECT_THAT(log_of({.ca = ca, .server_name = "localhost"}, "127.0.0.2"), HasSubstr("pong"));
    EXPECT_THAT(log_of({.ca = ca, .server_name = "redis.example"}), HasSubstr("hostname mismatch"));
    serve(files.ca.issue("DNS:*.redis.example"));
    EXPECT_THAT(log_of({.ca = ca, .server_name = "a.redis.example"}), HasSubstr("pong"));
    EXPECT_THAT(log_of({.ca = ca, .server_name = "a.b.redis.example"}), HasSubstr("hostname mismatch"));
}

TEST_F(redis_over_tls, shows_its_certificate_to_a_server_that_asks_for_one) {
    set({"tls-auth-clients", "yes"});
    EXPECT_THAT(log_of({.ca = files / "ca.pem"}), HasSubstr("does the server want a certificate?"));
    EXPECT_THAT(log_of(files.params()), HasSubstr("pong"));
    set({"tls-protocols", "TLSv1.2"});
    EXPECT_THAT(log_of({.ca = files / "ca.pem"}), HasSubstr("\"reason\":\"TLS: "));
    EXPECT_THAT(log_of(files.params()), HasSubstr("pong"));
}

TEST_F(redis_over_tls, refuses_what_has_expired) {
    serve(files.ca.issue("IP:127.0.0.1", -1));
    EXPECT_THAT(log_of({.ca = files / "ca.pem"}), HasSubstr("certificate has expired"));
}

TEST_F(redis_over_tls, speaks_no_older_version_than_it_may) {
    const std::string ca = files / "ca.pem";
    const auto v1_3 = net::tls_version::v1_3;
    EXPECT_THAT(log_of({.ca = ca, .min_version = v1_3}), HasSubstr("pong"));
    set({"tls-protocols", "TLSv1.2"});
    EXPECT_THAT(log_of({.ca = ca}), HasSubstr("pong"));
    EXPECT_THAT(log_of({.ca = ca, .min_version = v1_3}), HasSubstr("alert protocol version"));
}

TEST_F(redis_over_tls, takes_new_files_for_the_next_connection) {
    set({"tls-auth-clients", "yes"});
    EXPECT_THAT(log_of(files.params()), HasSubstr("pong"));

    // Another authority for both sides: first it is believed beside the old one, then instead of it.
    const certificate_authority next("the next authority");
    files.write("clients_ca.pem", next.certificate());
    files.write("ca.pem", files.ca.certificate() + next.certificate());
    files.put(next.issue("DNS:client"));
    EXPECT_TRUE(wait(store->ping())) << "the connection goes on";
    serve(next.issue("IP:127.0.0.1"), "clients_ca.pem");
    server().raw({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_TRUE(wait(store->ping())) << "asked again on the next one";
    EXPECT_EQ(metric("vestibule_store_reconnects_total"), 1);

    files.write("ca.pem", files.ca.certificate());  // the new one is gone again
    server().raw({"CLIENT", "KILL", "TYPE", "normal"});
    run_for(io, 1s);
    EXPECT_FALSE(wait(store->ping()));
    files.write("ca.pem", next.certificate());
    const auto limit = std::chrono::steady_clock::now() + 5s;
    while (!wait(store->ping()) && std::chrono::steady_clock::now() < limit) run_for(io, 50ms);
    EXPECT_TRUE(wait(store->ping()));
    files.write("ca.pem", files.ca.certificate());
}

}  // namespace
}  // namespace vestibule::test
