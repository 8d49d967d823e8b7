// Real servers that are more than one: the three primaries of a Cluster, and a sentinel over a server.
#pragma once

#include "redis_server.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace vestibule::test {

template <class F>
void wait_until(F done, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(what);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

/// Three primaries that share the slots, without replicas.
class redis_cluster_servers {
  public:
    redis_cluster_servers() {
        const std::array<std::pair<const char*, const char*>, 3> slots = {
            {{"0", "5460"}, {"5461", "10922"}, {"10923", "16383"}}};
        for (const auto& [first, last] : slots) {
            const std::uint16_t bus = free_port();
            buses_.push_back(bus);
            nodes_.push_back(std::make_unique<redis_server>(
                false, std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-port",
                                                std::to_string(bus), "--cluster-node-timeout", "5000"}));
            nodes_.back()->raw({"CLUSTER", "ADDSLOTSRANGE", first, last});
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            nodes_[i]->raw({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
        for (std::size_t i = 1; i < nodes_.size(); ++i)
            nodes_[0]->raw({"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()),
                            std::to_string(buses_[i])});
        for (auto& node : nodes_)
            wait_until(
                [&] {
                    const std::string info = node->raw({"CLUSTER", "INFO"}).value_or("");
                    return info.find("cluster_state:ok") != info.npos &&
                           info.find("cluster_known_nodes:3") != info.npos;
                },
                "the nodes do not become a Cluster");
    }

    std::string url() const { return "redis+cluster://127.0.0.1:" + std::to_string(nodes_[0]->port()); }
    const std::vector<std::unique_ptr<redis_server>>& nodes() const { return nodes_; }

  private:
    std::vector<std::unique_ptr<redis_server>> nodes_;
    std::vector<std::uint16_t> buses_;
};

/// One sentinel that calls the server "main". Ended by its pid.
class redis_sentinel {
  public:
    explicit redis_sentinel(const redis_server& primary) : port_(free_port()) {
        char name[] = "/tmp/vestibule-sentinel-XXXXXX";
        if (!::mkdtemp(name)) throw std::runtime_error("no temporary directory");
        directory_ = name;
        const std::string file = directory_ + "/sentinel.conf";
        std::ofstream(file) << "bind 127.0.0.1\nport " << port_ << "\ndir " << directory_
                            << "\nsentinel monitor main 127.0.0.1 " << primary.port() << " 1\n";
        const char* given = std::getenv("VESTIBULE_REDIS_SERVER");
        pid_ =
            start_program({given ? given : "redis-server", file, "--sentinel"}, directory_ + "/sentinel.log");
        wait_until([&] { return answers(); }, "the sentinel does not start");
    }
    redis_sentinel(const redis_sentinel&) = delete;
    redis_sentinel& operator=(const redis_sentinel&) = delete;
    ~redis_sentinel() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    std::string url() const { return "redis+sentinel://127.0.0.1:" + std::to_string(port_) + "/main"; }

  private:
    bool answers() const {
        redisContext* const c = ::redisConnect("127.0.0.1", port_);
        const bool there = c && !c->err;
        if (c) ::redisFree(c);
        return there;
    }

    std::uint16_t port_;
    std::string directory_;
    pid_t pid_ = 0;
};

}  // namespace vestibule::test
