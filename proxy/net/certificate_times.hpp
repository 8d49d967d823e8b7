// Times as certificates have them.
#pragma once

#include <vestibule/base/clock.hpp>

#include <openssl/asn1.h>

#include <ctime>

namespace vestibule::net {

/// The beginning of 1970 where it makes no sense.
inline unix_time time_of(const ASN1_TIME* t) {
    std::tm parts{};
    if (t == nullptr || ASN1_TIME_to_tm(t, &parts) != 1) return {};
    return unix_time(seconds(::timegm(&parts)));
}

}  // namespace vestibule::net
