// Whether this machine knows itself by name; a bare chroot does not.
#pragma once

#include <netdb.h>

namespace vestibule::test {

inline bool has_localhost() {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return false;
    ::freeaddrinfo(found);
    return true;
}

}  // namespace vestibule::test
