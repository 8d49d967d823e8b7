// A real Redis of a test's own: a redis-server child on a free loopback port, a TLS port and a unix
// socket, all in a directory that goes with it. Ended by its pid.
#pragma once

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace vestibule::test {

/// Starts a program found on PATH, its output in `log`.
inline pid_t start_program(const std::vector<std::string>& words, const std::string& log) {
    std::vector<char*> argv;
    for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where the test crashes
        if (!std::freopen(log.c_str(), "a", stdout) || ::dup2(1, 2) < 0) ::_exit(126);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    return pid;
}

inline void run_program(const std::vector<std::string>& words, const std::string& log) {
    int status = 0;
    if (::waitpid(start_program(words, log), &status, 0) < 0 || status != 0)
        throw std::runtime_error(words[0] + " failed, see " + log);
}

/// A loopback port that was free just now.
inline std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool ok = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!ok) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

class redis_server {
  public:
    /// `tls`: also a TLS port, with a fresh self-signed certificate for localhost and 127.0.0.1. `more`: of
    /// its command line.
    explicit redis_server(bool tls = false, std::vector<std::string> more = {})
        : port_(free_port()), tls_port_(tls ? free_port() : 0), more_(std::move(more)) {
        char name[] = "/tmp/vestibule-redis-XXXXXX";
        if (!::mkdtemp(name)) throw std::runtime_error("no temporary directory");
        directory_ = name;
        if (tls)
            run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                         directory_ + "/tls.key", "-out", certificate()},
                        directory_ + "/openssl.log");
        start();
    }
    redis_server(const redis_server&) = delete;
    redis_server& operator=(const redis_server&) = delete;
    ~redis_server() {
        end();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    std::uint16_t port() const { return port_; }
    std::uint16_t tls_port() const { return tls_port_; }
    std::string socket() const { return directory_ + "/redis.sock"; }
    std::string certificate() const { return directory_ + "/tls.crt"; }

    void start() {
        const char* given = std::getenv("VESTIBULE_REDIS_SERVER");  // another version, or valkey-server
        std::vector<std::string> words = {given ? given : "redis-server", "--bind", "127.0.0.1", "127.0.0.2"};
        const auto set = [&words](const char* name, std::string value) {
            words.push_back(name);
            words.push_back(std::move(value));
        };
        set("--port", std::to_string(port_));
        set("--unixsocket", socket());
        set("--dir", directory_);
        set("--save", "");
        if (tls_port_ != 0) {
            set("--tls-port", std::to_string(tls_port_));
            set("--tls-cert-file", certificate());
            set("--tls-key-file", directory_ + "/tls.key");
            set("--tls-auth-clients", "no");
        }
        words.insert(words.end(), more_.begin(), more_.end());
        pid_ = start_program(words, directory_ + "/redis.log");
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!connect()) {
            if (::waitpid(pid_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > deadline) {
                std::ifstream log(directory_ + "/redis.log");
                throw std::runtime_error("redis-server does not start (is it installed?): " +
                                         std::string(std::istreambuf_iterator<char>(log), {}));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    void end() {
        if (pid_ <= 0) return;
        raw_.reset();
        ::kill(pid_, SIGCONT);
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    void freeze() { ::kill(pid_, SIGSTOP); }
    void thaw() { ::kill(pid_, SIGCONT); }

    /// How often a command was called so far, as INFO commandstats has it.
    long long calls(const std::string& command) {
        const std::string stats = raw({"INFO", "commandstats"}).value_or("");
        const std::string line = "cmdstat_" + command + ":calls=";
        const auto at = stats.find(line);
        return at == std::string::npos ? 0 : std::stoll(stats.substr(at + line.size()));
    }

    /// What an administrator would see: integers as text, arrays a line each, nil as nothing.
    std::optional<std::string> raw(const std::vector<std::string>& words) {
        std::vector<const char*> argv;
        std::vector<std::size_t> sizes;
        for (const auto& w : words) {
            argv.push_back(w.data());
            sizes.push_back(w.size());
        }
        if (!raw_ && !connect()) throw std::runtime_error("no connection to redis-server");
        auto* r = static_cast<redisReply*>(
            redisCommandArgv(raw_.get(), static_cast<int>(argv.size()), argv.data(), sizes.data()));
        if (!r) throw std::runtime_error("redis-server closed the connection");
        const std::unique_ptr<redisReply, decltype(&freeReplyObject)> owner(r, freeReplyObject);
        if (r->type == REDIS_REPLY_ERROR) throw std::runtime_error(r->str);
        if (r->type == REDIS_REPLY_NIL) return std::nullopt;
        if (r->type == REDIS_REPLY_INTEGER) return std::to_string(r->integer);
        if (r->type != REDIS_REPLY_ARRAY) return std::string(r->str, static_cast<std::size_t>(r->len));
        std::string out;
        for (std::size_t i = 0; i < r->elements; ++i)
            out.append(r->element[i]->str, static_cast<std::size_t>(r->element[i]->len)) += '\n';
        return out;
    }

    /// Lets the time to live of every key of the selected database pass by `ms`.
    void age_keys(long long ms) {
        std::istringstream keys(raw({"KEYS", "*"}).value_or(""));
        for (std::string key; std::getline(keys, key);)
            if (const long long left = std::stoll(*raw({"PTTL", key})); left >= 0)
                raw({"PEXPIRE", key, std::to_string(left - ms)});
    }

  private:
    bool connect() {
        raw_.reset(redisConnectUnix(socket().c_str()));
        if (!raw_ || raw_->err) {
            raw_.reset();
            return false;
        }
        return true;
    }

    struct context_deleter {
        void operator()(redisContext* c) const { redisFree(c); }
    };

    std::uint16_t port_, tls_port_;
    std::vector<std::string> more_;
    std::string directory_;
    pid_t pid_ = 0;
    std::unique_ptr<redisContext, context_deleter> raw_;
};

}  // namespace vestibule::test
