// JSON Merge Patch (RFC 7396) over text.
#pragma once

#include <string>
#include <string_view>

namespace vestibule::session {

/// The object `text` with the object `patch` merged into it; both are valid JSON without space around them.
/// One walk over what changes: bytes that do not are copied. Of a key twice, the last counts, in the text as
/// in the patch, and a removed one goes with all its older values.
std::string merged(std::string_view text, std::string_view patch);

}  // namespace vestibule::session
