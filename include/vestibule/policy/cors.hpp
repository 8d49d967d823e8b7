// Cross-origin resource sharing (Fetch, 3.3), answered in the backend's place. Pure: header lines out.
#pragma once

#include <vestibule/http/head.hpp>
#include <vestibule/http/origin.hpp>
#include <vestibule/policy/guard_params.hpp>

#include <string>
#include <string_view>

namespace vestibule::policy {

/// `cors` as configured, its lines ready. Immutable, thread-safe.
class cors_table {
  public:
    explicit cors_table(const cors_params& p);

    bool on() const noexcept { return on_; }

    /// Whether pages of this origin may read answers. `origin`: the header's value.
    bool allows(std::string_view origin) const noexcept;

    /// Appends what every answer to a page of an allowed origin carries.
    void append_answer(std::string& out, std::string_view origin) const;

    /// Appends what the answer to its preflight carries. `asked_headers`: Access-Control-Request-Headers.
    void append_preflight(std::string& out, std::string_view origin, std::string_view asked_headers) const;

  private:
    void append_origin(std::string& out, std::string_view origin) const;

    http::origin_set origins_;
    bool on_, any_;
    bool asked_;  // allows the headers asked for
    std::string answer_lines_, preflight_lines_;
};

/// Whether it is asked if another request may be made: OPTIONS with Origin and
/// Access-Control-Request-Method.
bool is_preflight(std::string_view method, const http::field_list& fields) noexcept;

/// Whether a field of the backend's answer is replaced: Access-Control-*, Vary.
bool is_cors_field(const http::field& f) noexcept;

/// Appends the one Vary line: what the backend's says, and Origin unless it stands there already.
void append_vary_origin(std::string& out, const http::field_list& fields);

}  // namespace vestibule::policy
