// compare_and_set as one script on the server, and its request in both forms.
//
//     *6 EVALSHA <sha>    | 1 key expected value      normally
//     *6 EVAL    <source> | 1 key expected value      where the server does not know it (any more)
//
// Both end the same, so the first is turned into the second in place.
#pragma once

#include <string>
#include <string_view>

namespace vestibule::store::replace_script {

/// What it answers. Anything else is an error of Redis.
constexpr int absent = -1, conflict = 0, done = 1;

void append_request(std::string& out, std::string_view key, std::string_view expected,
                    std::string_view value);

/// Makes a request of append_request() bring the script along.
void bring_source(std::string& request);

}  // namespace vestibule::store::replace_script
