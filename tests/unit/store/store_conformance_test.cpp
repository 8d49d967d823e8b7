#include "store_conformance.hpp"

#include <vestibule/store/memory_store.hpp>
#include <vestibule/store/redis_store.hpp>

#include "redis_topologies.hpp"

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

// A user who may do what a session store needs, and what `more` says. CLIENT SETNAME is tried, and not
// needed.
std::vector<std::string> acl_user(std::string name, std::string password,
                                  std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"ACL", "SETUSER", std::move(name), "on", ">" + password};
    const auto add = [&](auto... word) { (words.emplace_back(word), ...); };
    add("~sess:*", "~vestibule:*", "+get", "+pttl", "+echo", "+set", "+expire", "+del", "+mget");
    add("+eval", "+evalsha", "+ping", "+select", "+scan", "+persist", "+pexpireat");
    add("+zadd", "+zrem", "+zrange", "+zrangebyscore", "+zremrangebyscore", "+zcard");
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

// One server for all; every fixture finds it empty.
redis_server& server() {
    static const auto instance = [] {
        auto s = std::make_unique<redis_server>(true);
        s->raw(acl_user("app", "p@ss:w/#%"));
        s->raw(acl_user("near", "pw",
                        {"resetchannels", "&__redis__:invalidate", "+hello", "+client|id", "+client|tracking",
                         "+client|caching", "+subscribe"}));
        ::setenv("SSL_CERT_FILE", s->certificate().c_str(), 1);
        return s;
    }();
    return *instance;
}

redis_cluster_servers& cluster() {
    static redis_cluster_servers instance;
    return instance;
}

redis_sentinel& sentinel() {
    static redis_sentinel instance(server());
    return instance;
}

class redis_fixture final : public store_fixture {
  public:
    redis_fixture(const std::string& url, bool near_cache = false, int database = 0)
        : redis_fixture({&server()}, url, near_cache, std::to_string(database)) {}
    explicit redis_fixture(redis_cluster_servers& servers, bool near_cache = false)
        : redis_fixture(primaries(servers), servers.url(), near_cache, "") {}
    ~redis_fixture() override {
        for (auto& s : stores_) s.reset();
        io_.restart();
        io_.run();
    }

    session_store& store(std::size_t worker) override { return *stores_[worker]; }
    void run(std::vector<task<void>> tasks) override { run_all(io_, std::move(tasks)); }
    void advance(milliseconds by) override {
        for (redis_server* s : servers_) {
            if (!database_.empty()) s->raw({"SELECT", database_});
            s->age_keys(by.count());
        }
    }

  private:
    redis_fixture(std::vector<redis_server*> servers, const std::string& url, bool near_cache,
                  std::string database)
        : servers_(std::move(servers)), database_(std::move(database)) {
        for (redis_server* s : servers_) s->raw({"FLUSHALL"});
        std::string problem;
        store::store_params params;
        params.url = store::parse_store_url(url, problem).value();
        params.near_cache.enabled = near_cache;
        params.timeout = 10s;  // sanitizers and a busy machine are slow
        for (auto& s : stores_) s = store::make_redis_store(io_, params, metrics_);
    }
    static std::vector<redis_server*> primaries(const redis_cluster_servers& servers) {
        std::vector<redis_server*> out;
        for (const auto& node : servers.nodes()) out.push_back(node.get());
        return out;
    }

    const std::vector<redis_server*> servers_;
    const std::string database_;  // empty: there is one alone
    boost::asio::io_context io_;
    metrics_registry metrics_;
    std::unique_ptr<session_store> stores_[2];
};

std::unique_ptr<store_fixture> in_memory() {
    return std::make_unique<memory_fixture>();
}
std::unique_ptr<store_fixture> over_tcp() {
    return std::make_unique<redis_fixture>("redis://127.0.0.1:" + std::to_string(server().port()));
}
std::unique_ptr<store_fixture> over_unix_socket() {
    return std::make_unique<redis_fixture>("redis+unix://" + server().socket() + "?db=2", false, 2);
}
std::unique_ptr<store_fixture> over_tls() {
    return std::make_unique<redis_fixture>("rediss://127.0.0.1:" + std::to_string(server().tls_port()));
}
std::unique_ptr<store_fixture> with_user_and_database() {
    const std::string at = "@127.0.0.1:" + std::to_string(server().port());
    return std::make_unique<redis_fixture>("redis://app:p%40ss%3Aw%2F%23%25" + at + "/3", false, 3);
}
std::unique_ptr<store_fixture> with_near_cache() {
    const std::string url = "redis://near:pw@127.0.0.1:" + std::to_string(server().port());
    return std::make_unique<redis_fixture>(url, true);
}
std::unique_ptr<store_fixture> by_sentinel() {
    return std::make_unique<redis_fixture>(sentinel().url(), true);
}
std::unique_ptr<store_fixture> on_cluster() {
    return std::make_unique<redis_fixture>(cluster());
}
std::unique_ptr<store_fixture> on_cluster_with_near_cache() {
    return std::make_unique<redis_fixture>(cluster(), true);
}

const store_under_test stores[] = {{"memory", in_memory},
                                   {"redis_tcp", over_tcp},
                                   {"redis_unix_socket", over_unix_socket},
                                   {"redis_tls", over_tls},
                                   {"redis_user_and_database", with_user_and_database},
                                   {"redis_near_cache", with_near_cache},
                                   {"redis_sentinel", by_sentinel},
                                   {"redis_cluster", on_cluster},
                                   {"redis_cluster_near_cache", on_cluster_with_near_cache}};

INSTANTIATE_TEST_SUITE_P(every, store_conformance, testing::ValuesIn(stores),
                         [](const auto& i) { return i.param.name; });

}  // namespace
}  // namespace vestibule::test
