#include "app/commands.hpp"

#include <version_info.hpp>

#include <fmt/core.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <boost/version.hpp>

namespace vestibule::app {

std::string version_text() {
    return fmt::format(
        "vestibule {} (commit {})\nBoost {}.{}.{}, hiredis {}.{}.{}, {}, fmt {}.{}.{}, C++ compiler {}",
        VESTIBULE_VERSION, VESTIBULE_COMMIT, BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
        BOOST_VERSION % 100, HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, OpenSSL_version(OPENSSL_VERSION),
        FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100, __VERSION__);
}

}  // namespace vestibule::app
