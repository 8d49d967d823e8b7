#include "server/site.hpp"

#include "server/capture.hpp"

#include <atomic>

namespace vestibule::server {
namespace {

http::name_set stripped_names(const inject_params& inject) {
    // Spellings of framing fields that CGI folds onto the real ones, httpoxy's Proxy, and what is set anew.
    std::vector<std::string> names{"Content-Length", "Transfer-Encoding", "Proxy", "X-Request-Id",
                                   "traceparent"};
    if (!inject.state.empty()) names.push_back(inject.state);
    if (!inject.id.empty()) names.push_back(inject.id);
    for (const injected_header& h : inject.headers) names.push_back(h.name);
    for (std::string& name : control_names()) names.push_back(std::move(name));
    return http::name_set(names);
}

std::uint64_t next_number() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

const std::string& handle_secret(const session_params& s) {
    return s.handle_key.empty() ? s.secrets.back() : s.handle_key;
}

}  // namespace

site::site(server_params p)
    : number(next_number()),
      params(std::move(p)),
      signer(params.session.secrets),
      make_handle(handle_secret(params.session)),
      routes(params.policy),
      control(control_names()),
      has_effects(!params.capture.empty() || params.control.enabled),
      stripped(stripped_names(params.inject)) {}

}  // namespace vestibule::server
