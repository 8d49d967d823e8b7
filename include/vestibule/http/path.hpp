// One reading of a request target: what is matched is what is forwarded.
#pragma once

#include <vestibule/base/error.hpp>

#include <string>
#include <string_view>

namespace vestibule::http {

struct normal_target {
    std::string path;            // normalised, always begins with '/'; forwarded
    std::string match_path;      // the same without path parameters (";a=b" of each segment); matched
    std::string_view query;      // with its '?', or empty; a view into the target, forwarded as it is
    std::string_view authority;  // of an absolute-form target; else empty
};

/// Normalises an origin-form or absolute-form (http, https) target: dot segments resolved, duplicate
/// slashes merged, percent-encoded unreserved characters decoded, other escapes in upper case, bytes
/// from 0x80 percent-encoded. Never suspends; reuses `out`'s memory.
/// Error bad_target: %2F, %5C, %00 and other encoded or raw controls, backslash, '#', broken escapes,
/// a dot segment with parameters ("/..;x/"), going above the root, '*' and authority forms.
error_code normalise_target(std::string_view target, normal_target& out);

}  // namespace vestibule::http
