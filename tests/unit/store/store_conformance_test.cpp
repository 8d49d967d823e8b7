#include "store_conformance.hpp"

#include <vestibule/store/memory_store.hpp>
#include <vestibule/store/redis_store.hpp>

#include "redis_server.hpp"

namespace vestibule::test {
namespace {

class memory_fixture final : public store_fixture {
  public:
    session_store& store(std::size_t worker) override { return *stores_[worker]; }
    void run(std::vector<task<void>> tasks) override { run_all(io_, std::move(tasks)); }
    void advance(milliseconds by) override { clock_.advance(by); }

  private:
    boost::asio::io_context io_;
    metrics_registry metrics_;
    manual_clock clock_{unix_time(milliseconds(1'700'000'000'123))};
    std::shared_ptr<store::memory_sessions> sessions_ =
        std::make_shared<store::memory_sessions>(64 * 1024 * 1024, clock_, metrics_);
    std::unique_ptr<session_store> stores_[2] = {store::make_memory_store(sessions_, metrics_),
                                                 store::make_memory_store(sessions_, metrics_)};
};

// One server for all; every fixture finds it empty.
redis_server& server() {
    static const auto instance = [] {
        auto s = std::make_unique<redis_server>(true);
        // All that a session store needs, and no more. (CLIENT SETNAME is tried, and not needed.)
        s->raw({"ACL",
                "SETUSER",
                "app",
                "on",
                ">p@ss:w/#%",
                "~sess:*",
                "+get",
                "+pttl",
                "+echo",
                "+set",
                "+expire",
                "+del",
                "+eval",
                "+evalsha",
                "+ping",
                "+select",
                "~vestibule:*",
                "+mget",
                "+zadd",
                "+zrem",
                "+zrange",
                "+zrangebyscore",
                "+zremrangebyscore",
                "+zcard",
                "+persist",
                "+pexpireat",
                "+scan"});
        // And with a near cache.
        s->raw({"ACL",
                "SETUSER",
                "near",
                "on",
                ">pw",
                "~sess:*",
                "resetchannels",
                "&__redis__:invalidate",
                "+get",
                "+pttl",
                "+set",
                "+expire",
                "+echo",
                "+del",
                "+eval",
                "+evalsha",
                "+ping",
                "+select",
                "+hello",
                "+client|id",
                "+client|tracking",
                "+subscribe",
                "~vestibule:*",
                "+mget",
                "+zadd",
                "+zrem",
                "+zrange",
                "+zrangebyscore",
                "+zremrangebyscore",
                "+zcard",
                "+persist",
                "+pexpireat",
                "+scan"});
        ::setenv("SSL_CERT_FILE", s->certificate().c_str(), 1);
        return s;
    }();
    return *instance;
}

class redis_fixture final : public store_fixture {
  public:
    redis_fixture(const std::string& url, int database, bool near_cache = false)
        : database_(std::to_string(database)) {
        server().raw({"FLUSHALL"});
        std::string problem;
        store::store_params params;
        params.url = store::parse_store_url(url, problem).value();
        params.near_cache.enabled = near_cache;
        params.timeout = 10s;  // sanitizers and a busy machine are slow
        for (auto& s : stores_) s = store::make_redis_store(io_, params, metrics_);
    }
    ~redis_fixture() override {
        for (auto& s : stores_) s.reset();
        io_.restart();
        io_.run();
    }

    session_store& store(std::size_t worker) override { return *stores_[worker]; }
    void run(std::vector<task<void>> tasks) override { run_all(io_, std::move(tasks)); }
    void advance(milliseconds by) override {
        server().raw({"SELECT", database_});
        server().age_keys(by.count());
    }

  private:
    boost::asio::io_context io_;
    metrics_registry metrics_;
    std::string database_;
    std::unique_ptr<session_store> stores_[2];
};

std::unique_ptr<store_fixture> in_memory() {
    return std::make_unique<memory_fixture>();
}
std::unique_ptr<store_fixture> over_tcp() {
    return std::make_unique<redis_fixture>("redis://127.0.0.1:" + std::to_string(server().port()), 0);
}
std::unique_ptr<store_fixture> over_unix_socket() {
    return std::make_unique<redis_fixture>("redis+unix://" + server().socket() + "?db=2", 2);
}
std::unique_ptr<store_fixture> over_tls() {
    return std::make_unique<redis_fixture>("rediss://127.0.0.1:" + std::to_string(server().tls_port()), 0);
}
std::unique_ptr<store_fixture> with_user_and_database() {
    const std::string at = "@127.0.0.1:" + std::to_string(server().port());
    return std::make_unique<redis_fixture>("redis://app:p%40ss%3Aw%2F%23%25" + at + "/3", 3);
}
std::unique_ptr<store_fixture> with_near_cache() {
    const std::string url = "redis://near:pw@127.0.0.1:" + std::to_string(server().port());
    return std::make_unique<redis_fixture>(url, 0, true);
}

INSTANTIATE_TEST_SUITE_P(every, store_conformance,
                         testing::Values(store_under_test{"memory", in_memory},
                                         store_under_test{"redis_tcp", over_tcp},
                                         store_under_test{"redis_unix_socket", over_unix_socket},
                                         store_under_test{"redis_tls", over_tls},
                                         store_under_test{"redis_user_and_database", with_user_and_database},
                                         store_under_test{"redis_near_cache", with_near_cache}),
                         [](const auto& i) { return i.param.name; });

}  // namespace
}  // namespace vestibule::test
