// The proof that goes with the session headers, where it is configured.
#include "server/exchange.hpp"

namespace vestibule::server {

// What says the same may be sent again while enough of its life is left; with method and path in it only for
// requests that change nothing, so that each change has a token of its own.
std::string_view exchange::assertion_line() {
    if (outcome_ == session_outcome::off) return {};
    const bool bound = site_->params.assertion.method_and_path;
    assertion_facts facts{.subject = {}, .handle = handle_, .method = {}, .path = {}};
    if (session_) facts.subject = notes().subject;
    if (bound) {
        facts.method = method_;
        facts.path = target_.path;
    }
    const bool again = !bound || method_ == "GET" || method_ == "HEAD";
    const unix_time now = wall_now();
    if (again)
        if (const std::string_view known = w_.assertions.find(site_->number, facts, now); !known.empty())
            return known;
    w_.metrics.assertions_signed.add();
    std::string& line = texts_.assertion;
    site_->assertion->append_line(line, facts, now);
    // A visitor's first request comes once: crawlers must not push out what others use.
    if (again && outcome_ != session_outcome::fresh)
        w_.assertions.keep(site_->number, facts, line, now, site_->assertion->reuse_until(now));
    return line;
}

}  // namespace vestibule::server
