#include <vestibule/store/store_params.hpp>

#include "store/store_seeds.hpp"

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

constexpr complaint malformed =
    "malformed; in user and password only letters, digits and -._~ stand for themselves, others are "
    "written %XX";
constexpr complaint wrong_hash = "a '#' may not stand here; in a password it is written %23";
constexpr complaint wrong_query = "parameters after ? are not known here; the database is written /N";

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
    if (!std::all_of(out.host.begin(), out.host.end(), is_host_character)) return wrong_host;
    if (u.has_port()) {
        out.port = u.port_number();
        if (out.port == 0) return wrong_port;
    }
    if (u.has_query()) return wrong_query;
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

// As the documentation of Sentinel has it. What stands behind the name is the database.
complaint take_service(std::string_view path, store_url& out) {
    path.remove_prefix(path.starts_with('/'));
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.empty())
        return "name of the primary is missing, as in redis+sentinel://h1:26379,h2:26379/mymaster";
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_host_character(c) && c != ':'; }))
        return "name of the primary may have letters, digits and .-_ only";
    out.service = name;
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    return path.empty() ? complaint() : take_database(path, out.database);
}

// What stands behind the slashes. The credentials are read by the rules of the other URLs.
complaint take_many(std::string_view text, store_url& out) {
    const auto authority = text.substr(0, text.find_first_of("/?#"));
    const auto path = text.substr(authority.size());
    if (path.find('#') != path.npos) return wrong_hash;
    if (path.find('?') != path.npos)
        return out.kind == store_kind::cluster ? "parameters after ? are not known here" : wrong_query;
    const auto at = authority.find('@');
    if (at != authority.npos) {
        const std::string alone = "redis://" + std::string(authority.substr(0, at)) + "@host";
        const auto u = urls::parse_uri(alone);
        if (!u) return malformed;
        if (const complaint wrong = take_credentials(*u, out); !wrong.empty()) return wrong;
    }
    out.host.clear();
    out.port = 0;
    const bool cluster = out.kind == store_kind::cluster;
    const auto hosts = authority.substr(at == authority.npos ? 0 : at + 1);
    if (const complaint wrong = take_seeds(hosts, cluster ? 6379 : 26379, out.seeds); !wrong.empty())
        return wrong;
    if (!cluster) return take_service(path, out);
    return path.size() <= 1 ? complaint() : "a Cluster has database 0 only; nothing may follow the hosts";
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

struct known_scheme {
    std::string_view name;
    store_kind kind;
    bool tls;
};
constexpr known_scheme schemes[] = {
    {"redis", store_kind::redis, false},
    {"rediss", store_kind::redis, true},
    {"redis+unix", store_kind::redis, false},
    {"redis+sentinel", store_kind::sentinel, false},
    {"rediss+sentinel", store_kind::sentinel, true},
    {"redis+cluster", store_kind::cluster, false},
    {"rediss+cluster", store_kind::cluster, true},
};

complaint take(std::string_view text, store_url& out) {
    const std::string scheme = scheme_of(text);
    const std::string_view rest = text.substr(std::min(scheme.size() + 1, text.size()));
    if (scheme == "memory") return rest.empty() ? "" : "nothing may follow memory:";
    const auto known = std::ranges::find(schemes, std::string_view(scheme), &known_scheme::name);
    if (known == std::end(schemes))
        return "unknown kind of store; use memory:, redis://host:port/db, rediss://host:port/db, "
               "redis+unix:///path, redis+sentinel://h1:port,h2:port/name/db or "
               "redis+cluster://h1:port,h2:port";
    if (!rest.starts_with("//")) return "'//' is missing after the scheme, as in redis://localhost:6379";
    out.kind = known->kind;
    out.tls = known->tls;

    const std::string_view after_slashes = rest.substr(2);
    const bool unix_socket = scheme == "redis+unix";
    if (stray_at(after_slashes, unix_socket)) return malformed;
    if (out.kind != store_kind::redis) return take_many(after_slashes, out);
    if (!unix_socket && bad_port(after_slashes)) return wrong_port;
    const auto u = urls::parse_uri({text.data(), text.size()});
    if (!u) return malformed;
    if (u->has_fragment()) return wrong_hash;
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
    const std::string scheme = tls ? "rediss" : "redis";
    std::string hosts;
    for (const store_address& a : seeds) hosts += (hosts.empty() ? "" : ",") + to_string(a);
    if (kind == store_kind::cluster) return scheme + "+cluster://" + hosts;
    const std::string behind = database != 0 ? "/" + number : "";
    if (kind == store_kind::sentinel) return scheme + "+sentinel://" + hosts + "/" + service + behind;
    return scheme + "://" + to_string({host, port}) + behind;
}

}  // namespace vestibule::store
