#include <vestibule/store/store_params.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace vestibule::store {
namespace {

namespace urls = boost::urls;

constexpr std::size_t max_unix_path = 107;  // sockaddr_un

// What is wrong; empty: nothing. It never repeats the URL's own text: a password may be anywhere in it.
using complaint = std::string_view;

constexpr complaint wrong_port = "port must be a number from 1 to 65535";

bool is_host_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

complaint take_database(std::string_view text, unsigned& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size() || out > 999'999)
        return "database must be a number from 0 to 999999";
    return {};
}

complaint take_credentials(const urls::url_view& u, store_url& out) {
    if (!u.has_userinfo()) return {};
    if (!u.has_password())
        return "user without password; write user:password@, or :password@ for the default user";
    out.user = u.user();
    out.password = u.password();
    if (out.password.empty()) return "password is empty; leave out user:password@ where none is needed";
    return {};
}

complaint take_tcp(const urls::url_view& u, store_url& out) {
    out.host = u.host_address();
    if (out.host.empty()) return "host is missing, as in redis://localhost:6379";
    if (!std::all_of(out.host.begin(), out.host.end(), is_host_character))
        return "host must be a name, an IPv4 address or an [IPv6] address";
    if (u.has_port()) {
        out.port = u.port_number();
        if (out.port == 0) return wrong_port;
    }
    if (u.has_query()) return "parameters after ? are not known here; the database is written /N";
    const std::string path = u.path();
    if (path.empty() || path == "/") return {};
    return take_database(std::string_view(path).substr(1), out.database);
}

complaint take_unix(const urls::url_view& u, store_url& out) {
    out.host.clear();
    out.port = 0;
    if (!u.has_authority() || !u.encoded_host().empty() || u.has_port())
        return "a unix socket has a path and no host: redis+unix:///path/to/socket";
    out.unix_path = u.path();
    if (out.unix_path.size() < 2)
        return "path of the socket is missing, as in redis+unix:///run/redis/redis.sock";
    if (out.unix_path.size() > max_unix_path) return "path of the socket is longer than 107 bytes";
    if (out.unix_path.find('\0') != std::string::npos) return "path of the socket has a NUL byte";
    for (const auto& parameter : u.params()) {
        if (parameter.key != "db") return "the only parameter known after ? is db=N";
        if (const complaint wrong = take_database(parameter.value, out.database); !wrong.empty())
            return wrong;
    }
    return {};
}

std::string scheme_of(std::string_view text) {
    std::string scheme(text.substr(0, std::min(text.find(':'), text.size())));
    if (scheme.size() == text.size()) return {};
    for (char& c : scheme)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return scheme;
}

// A second '@' means a password with a raw '@' or '/': what follows would be taken for the host.
bool stray_at(std::string_view after_slashes, bool path_may_have_it) {
    const auto authority = after_slashes.substr(0, after_slashes.find_first_of("/?#"));
    const auto allowed = authority.find('@');
    const auto searched = path_may_have_it ? authority : after_slashes;
    return searched.find('@', allowed == std::string_view::npos ? 0 : allowed + 1) != std::string_view::npos;
}

// Boost.URL 1.83 and later refuses such a URL as a whole, older ones read the port as 0.
bool bad_port(std::string_view after_slashes) {
    std::string_view host = after_slashes.substr(0, after_slashes.find_first_of("/?#"));
    host.remove_prefix(host.rfind('@') + 1);  // npos + 1: nothing
    const auto colon = host.find(':', host.starts_with('[') ? std::min(host.find(']'), host.size()) : 0);
    return colon != std::string_view::npos &&
           host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
}

complaint take(std::string_view text, store_url& out) {
    const std::string scheme = scheme_of(text);
    const std::string_view rest = text.substr(std::min(scheme.size() + 1, text.size()));
    if (scheme == "memory") return rest.empty() ? "" : "nothing may follow memory:";
    for (const char* later : {"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"})
        if (scheme == later)
            return "Sentinel and Cluster are not available yet in this version; use redis:// or rediss://";
    if (scheme != "redis" && scheme != "rediss" && scheme != "redis+unix")
        return "unknown kind of store; use memory:, redis://host:port/db, rediss://host:port/db or "
               "redis+unix:///path";
    if (!rest.starts_with("//")) return "'//' is missing after the scheme, as in redis://localhost:6379";

    const bool unix_socket = scheme == "redis+unix";
    const complaint malformed =
        "malformed; in user and password only letters, digits and -._~ stand for themselves, others are "
        "written %XX";
    if (stray_at(rest.substr(2), unix_socket)) return malformed;
    if (!unix_socket && bad_port(rest.substr(2))) return wrong_port;
    const auto u = urls::parse_uri({text.data(), text.size()});
    if (!u) return malformed;
    if (u->has_fragment()) return "a '#' may not stand here; in a password it is written %23";
    out.kind = store_kind::redis;
    out.tls = scheme == "rediss";
    if (const complaint wrong = take_credentials(*u, out); !wrong.empty()) return wrong;
    return unix_socket ? take_unix(*u, out) : take_tcp(*u, out);
}

}  // namespace

result<store_url> parse_store_url(const std::string& text, std::string& problem) {
    store_url out;
    problem = take(text, out);
    if (!problem.empty()) return make_error_code(errc::invalid_argument);
    return out;
}

std::string store_url::display() const {
    if (kind == store_kind::memory) return "memory:";
    const std::string number = std::to_string(database);
    if (!unix_path.empty()) return "redis+unix://" + unix_path + (database != 0 ? "?db=" + number : "");
    const bool v6 = host.find(':') != std::string::npos;
    return (tls ? "rediss://" : "redis://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) +
           (database != 0 ? "/" + number : "");
}

}  // namespace vestibule::store
