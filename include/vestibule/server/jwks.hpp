// The public keys of assertions, for who verifies them.
#pragma once

#include <vestibule/server/assertion_params.hpp>

#include <string>

namespace vestibule::server {

/// The JSON Web Key Set (RFC 7517, section 5) of all keys, in their order; without keys for HS256, whose
/// keys are secret. Empty where assertions are off.
std::string jwks(const assertion_params& p);

}  // namespace vestibule::server
