// Assertions: a signed token to the backend that a request came through vestibule, and in whose name.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/signing_key.hpp>
#include <vestibule/session/document.hpp>

#include <string>
#include <vector>

namespace vestibule::server {

struct assertion_params {
    bool enabled = false;
    std::string header = "X-Session-Assertion";  // always removed from what the client sent
    signing_algorithm algorithm = signing_algorithm::eddsa;
    std::vector<std::string> keys;     // as signing_key takes them; first signs, all are published
    std::string issuer = "vestibule";  // empty: no such claim
    std::string audience;              // the same
    milliseconds lifetime{60'000};     // whole seconds, 2 to 60
    session::json_pointer subject = session::json_pointer::parse("/user/id").value();  // "": no such claim
    bool method_and_path = true;
};

}  // namespace vestibule::server
