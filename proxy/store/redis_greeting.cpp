#include "store/redis_greeting.hpp"

#include "store/resp.hpp"

#include <array>
#include <vector>

namespace vestibule::store {
namespace {

enum class step { auth, select, set_name, resp3, role };

std::vector<step> write_greeting(const greeting& g, std::string& out) {
    std::vector<step> steps;
    if (!g.password.empty()) {
        if (g.user.empty())
            append_command(out, {"AUTH", g.password});
        else
            append_command(out, {"AUTH", g.user, g.password});
        steps.push_back(step::auth);
    }
    if (g.database != 0) {
        append_command(out, {"SELECT", std::to_string(g.database)});
        steps.push_back(step::select);
    }
    append_command(out, {"CLIENT", "SETNAME", "vestibule"});
    steps.push_back(step::set_name);
    if (g.wanted == resp_version::three) {
        append_command(out, {"HELLO", "3"});
        steps.push_back(step::resp3);
    }
    if (g.primary) {
        append_command(out, {"ROLE"});
        steps.push_back(step::role);
    }
    return steps;
}

// Empty: the step is done. The name is not needed, unless what it was refused for concerns everything.
std::string complaint_of(step s, const reply& r, const greeting& g) {
    if (s == step::role && !r.is_error()) return is_primary(r) ? std::string() : "not a primary (any more)";
    if (r.is_status("OK") || (s == step::resp3 && !r.is_nil())) return {};
    if (!r.is_error()) return "answers that are not of Redis";
    const std::string word(error_word(r.text));
    switch (s) {
        case step::auth:
            return "AUTH refused: " + word +
                   (word == "ERR" ? " (has the server this user or password at all?)" : "");
        case step::select: return "SELECT " + std::to_string(g.database) + " refused: " + word;
        case step::role: return "ROLE refused: " + word;
        case step::set_name:
        case step::resp3: break;
    }
    if (word == "NOAUTH") return "NOAUTH: the server wants a password";
    if (word == "DENIED") return "DENIED: the server is in protected mode";
    return {};
}

// A server that wants a certificate says so (TLS 1.3) only after the handshake.
std::string closed(const greeting& g) {
    const bool nameless = g.tls && !g.certificate;
    return std::string("connection closed during the greeting") +
           (nameless ? " (does the server want a certificate? then store.tls)" : "");
}

}  // namespace

bool is_primary(const reply& role) noexcept {
    return !role.items.empty() && role.items[0].text == "master";
}

task<result<resp_version>> greet(net::byte_stream& stream, const greeting& g, std::string& problem) {
    std::string out;
    const std::vector<step> steps = write_greeting(g, out);
    auto spoken = resp_version::two;
    if (co_await net::write_all(stream, boost::asio::buffer(out))) {
        problem = closed(g);
        co_return errc::store_unavailable;
    }
    reply_decoder decoder;
    std::array<char, 1024> buffer;
    for (std::size_t done = 0; done < steps.size();) {
        const auto [ec, n] = co_await net::read_some(stream, boost::asio::buffer(buffer));
        if (ec) {
            problem = closed(g);
            co_return errc::store_unavailable;
        }
        decoder.feed({buffer.data(), n});
        reply r;
        auto status = decoder.next(r);
        for (; status == reply_decoder::status::ready; status = decoder.next(r)) {
            if (done == steps.size()) {
                problem = "more answers than questions";
                co_return errc::store_protocol;
            }
            if (steps[done] == step::resp3 && !r.is_error()) spoken = resp_version::three;
            problem = complaint_of(steps[done++], r, g);
            if (!problem.empty())
                co_return make_error_code(r.is_error() ? errc::store_refused : errc::store_protocol);
        }
        if (status == reply_decoder::status::broken) {
            problem = std::string(decoder.problem()) + (g.tls ? "" : " (is this a TLS port? then rediss:)");
            co_return errc::store_protocol;
        }
    }
    co_return spoken;
}

}  // namespace vestibule::store
