// open(): binding, as far as possible before any worker runs, so that a busy port is told at once.
#include "server/listener.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace vestibule::server {
namespace {

error_code last_error() {
    return {errno, boost::system::system_category()};
}

void enable(int fd, int level, int option) {
    const int on = 1;
    ::setsockopt(fd, level, option, &on, sizeof on);
}

// A socket file that nobody listens on any more is a leftover of a process that was killed.
bool is_stale(const boost::asio::local::stream_protocol::endpoint& e) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool refused = ::connect(fd, e.data(), socklen_t(e.size())) != 0 && errno == ECONNREFUSED;
    ::close(fd);
    return refused;
}

result<open_listener> open_unix(const listen_params& p, std::size_t count) {
    if (p.unix_path.size() >= sizeof(sockaddr_un::sun_path))
        return error_code(ENAMETOOLONG, boost::system::system_category());
    const boost::asio::local::stream_protocol::endpoint where(p.unix_path);
    struct stat info {};
    if (::stat(p.unix_path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && is_stale(where))
        ::unlink(p.unix_path.c_str());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return last_error();
    if (::bind(fd, where.data(), socklen_t(where.size())) != 0 || ::listen(fd, SOMAXCONN) != 0) {
        const error_code ec = last_error();
        ::close(fd);
        return ec;
    }
    open_listener l{{fd}, "unix:" + p.unix_path, p.unix_path, p.address};
    while (l.descriptors.size() < count) l.descriptors.push_back(::dup(fd));
    return l;
}

}  // namespace

result<open_listener> open(const listen_params& p, std::size_t count) {
    if (!p.unix_path.empty()) return open_unix(p, count);
    error_code ec;
    boost::asio::ip::tcp::endpoint where(boost::asio::ip::make_address(p.host, ec), p.port);
    if (ec) return ec;
    open_listener l;
    l.configured = p.address;
    const auto give_up = [&](int fd) {
        const error_code why = last_error();
        if (fd >= 0) ::close(fd);
        for (const int d : l.descriptors) ::close(d);
        return why;
    };
    for (std::size_t i = 0; i < count; ++i) {
        const int fd =
            ::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
        if (fd < 0) return give_up(fd);
        enable(fd, SOL_SOCKET, SO_REUSEADDR);
        if (count > 1) enable(fd, SOL_SOCKET, SO_REUSEPORT);
        enable(fd, IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
        if (::bind(fd, where.data(), socklen_t(where.size())) != 0 || ::listen(fd, SOMAXCONN) != 0)
            return give_up(fd);
        socklen_t size = socklen_t(where.capacity());
        ::getsockname(fd, where.data(), &size);  // the port that was free
        l.descriptors.push_back(fd);
    }
    l.address =
        (where.address().is_v6() ? "[" + where.address().to_string() + "]" : where.address().to_string()) +
        ":" + std::to_string(where.port());
    return l;
}

}  // namespace vestibule::server
