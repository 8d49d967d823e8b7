// Who may use the session API. Pure.
#pragma once

#include "admin/api.hpp"

#include <vestibule/admin/admin_params.hpp>

namespace vestibule::admin {

/// Whether a target is the session API's.
bool is_api(std::string_view target) noexcept;

/// Why not, as the answer to it; nothing: it may.
///
/// With admin.token a request has to carry it (RFC 6750: Authorization: Bearer), from wherever it comes.
/// Without, the API is there on a loopback address only, and not for pages in a browser on this machine:
/// their requests name where they come from (Origin), or, if a name was made to lead here (DNS rebinding),
/// name a Host that is not this one.
std::optional<api_answer> refusal(const api_request& r, const admin_params& p);

}  // namespace vestibule::admin
