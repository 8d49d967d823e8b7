#include "server/site.hpp"

#include "server/capture.hpp"

#include <vestibule/base/crypto.hpp>

#include <atomic>

namespace vestibule::server {
namespace {

http::name_set stripped_names(const inject_params& inject, const assertion_params& assertion) {
    // Spellings of framing fields that CGI folds onto the real ones, httpoxy's Proxy, what is set anew, and
    // by what gunicorn, Flask, Plack, Symfony, Zend and IIS take another path for that of the request than
    // was matched.
    std::vector<std::string> names{"Content-Length", "Transfer-Encoding", "Proxy",           "X-Request-Id",
                                   "traceparent",    "Script-Name",       "Path-Info",       "X-Script-Name",
                                   "X-Original-URL", "X-Rewrite-URL",     "X-Traversal-Path"};
    if (!inject.state.empty()) names.push_back(inject.state);
    if (!inject.id.empty()) names.push_back(inject.id);
    if (!inject.client_subject.empty()) names.push_back(inject.client_subject);
    const auto& [idle, absolute, renewal] = inject.remaining;
    for (const std::string& name : {idle, absolute, renewal})
        if (!name.empty()) names.push_back(name);
    for (const injected_header& h : inject.headers) names.push_back(h.name);
    for (std::string& name : control_names()) names.push_back(std::move(name));
    names.push_back(assertion.header);  // while it is off, too: a backend may look at it still
    return http::name_set(names);
}

std::uint64_t next_number() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

// "*" names nobody.
http::origin_set allowed_origins(const server_params& p, bool of_cors) {
    std::vector<std::string> origins = p.csrf.allow;
    if (of_cors) origins.insert(origins.end(), p.cors.allow_origins.begin(), p.cors.allow_origins.end());
    return http::origin_set(origins);
}

std::shared_ptr<flood_table> make_flood_table(const flood_params& p, const site* before) {
    if (!p.on()) return nullptr;
    if (before != nullptr && before->params.flood == p) return before->flood;
    std::uint64_t seed = 0;
    random_bytes({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
    return std::make_shared<flood_table>(p, seed);
}

}  // namespace

site::site(server_params p, const site* before)
    : number(next_number()),
      params(std::move(p)),
      signer(params.session.secrets),
      make_handle(params.session.handle_secret()),
      routes(params.policy),
      control(control_names()),
      vault(params.vault, params.session.cookie),
      has_effects(!params.capture.empty() || params.control.enabled || vault.on()),
      stripped(stripped_names(params.inject, params.assertion)),
      cors(params.cors),
      csrf_allow(allowed_origins(params, params.cors.credentials)),
      csrf_allow_nobody(allowed_origins(params, true)),
      guarded(cors.on() || params.csrf.mode != policy::csrf_mode::off),
      flood(make_flood_table(params.flood, before)) {
    if (params.assertion.enabled) assertion.emplace(params.assertion);
}

}  // namespace vestibule::server
