// May this request pass? Pure: facts in, verdict out.
#pragma once

#include <vestibule/policy/policy_params.hpp>
#include <vestibule/session/document.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::policy {

/// What of a request decides its route.
struct request_facts {
    std::string_view method;
    std::string_view match_path;  // normalised, without path parameters
    std::string_view host;        // Host header or authority; port, trailing dot, brackets are ignored
};

/// Whether a path pattern (as in routes) and a list of methods (empty: all) cover a request.
bool covers(std::string_view path, const std::vector<std::string>& methods, const request_facts& r) noexcept;

/// The routes, ready for matching. Immutable, thread-safe. Matching allocates nothing.
class route_table {
  public:
    explicit route_table(policy_params params);

    /// Index of the first route that matches, or size() for the built-in last one (session: issue).
    std::size_t match(const request_facts& r) const noexcept;

    /// `index` up to and with size().
    const route_params& at(std::size_t index) const noexcept;
    std::size_t size() const noexcept { return params_.routes.size(); }

    /// How logs and metrics call a route: its path pattern; "default" for the built-in one.
    std::string_view name(std::size_t index) const noexcept;

  private:
    policy_params params_;
    route_params fallback_;
};

/// Whether the session meets every requirement. Without any, every stored live session does; no stored
/// session (nullptr: none, or an anonymous one) never does. `present`: the value exists and is not null;
/// `any_of`: it equals one of them (session::equals_text).
bool meets(const std::vector<requirement>& require, const session::document* doc) noexcept;

/// Whether a request goes on without a session where the store cannot answer. `usual`: of routes that say
/// nothing of it. `off` routes ask no store.
bool goes_on_without_store(const route_params& r, failure_policy usual) noexcept;

/// What a denied request is answered.
struct denial_answer {
    unsigned status = 401;
    std::string location;  // finished, for 302 and 303; else empty
};

/// A redirect only for navigations (Sec-Fetch-Mode: navigate; without that header, an Accept that lists
/// text/html with a weight above 0); 302 for GET and HEAD, 303 for others. `target`: original path and
/// query, percent-encoded (encodeURIComponent) into every {target}; other text of the redirect stays.
struct navigation_facts {
    std::string_view method;
    std::string_view target;
    std::string_view sec_fetch_mode;  // empty: the header is absent
    std::string_view accept;
};
denial_answer answer_denial(const denial& d, const navigation_facts& n);

}  // namespace vestibule::policy
