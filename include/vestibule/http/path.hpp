// One reading of a request target: what is matched is what is forwarded.
#pragma once

#include <vestibule/base/error.hpp>

#include <string>
#include <string_view>

namespace vestibule::http {

struct normal_target {
    std::string path;            // normalised, always begins with '/'; forwarded
    std::string match_path;      // the same without path parameters (";a=b" of each segment); matched
    std::string_view query;      // with its '?', or empty; a view into the target or into `escaped_query`
    std::string_view authority;  // of an absolute-form target; else empty
    bool https = false;          // and its scheme
    std::string escaped_query;   // memory of a query with bytes from 0x80, which become escapes
};

/// Normalises an origin-form or absolute-form (http, https) target: dot segments resolved, duplicate
/// slashes merged, percent-encoded unreserved characters decoded, other escapes in upper case, bytes
/// from 0x80 percent-encoded. Never suspends; reuses `out`'s memory.
/// Error bad_target: %2F, %5C, %00 and other encoded or raw controls, backslash, '#', broken escapes,
/// a dot segment with parameters ("/..;x/"), going above the root, '*' and authority forms.
error_code normalise_target(std::string_view target, normal_target& out);

/// Whether the Host field, null where there is none, names the same as an absolute-form target (RFC
/// 9112 3.2.2 has it ignored; whoever sends two hosts wants two readers to see two). Letter case and the
/// scheme's default port do not count. Error: bad_target.
error_code check_authority(const normal_target& target, std::string_view host) noexcept;

}  // namespace vestibule::http
