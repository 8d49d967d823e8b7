// A request to the session API, understood. Pure.
#pragma once

#include "admin/api.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <string>
#include <variant>

namespace vestibule::admin {

enum class api_action { list, count, show, revoke, revoke_all };

struct api_call {
    api_action action = api_action::list;
    std::string handle{};
    std::string user{};  // UTF-8; empty: anybody
    std::string cursor{};
    std::size_t limit = 100;
    bool content = false;
};

/// What is meant, or why it is refused: 400, 404, 405.
std::variant<api_call, api_answer> read_call(http::verb method, std::string_view target);

}  // namespace vestibule::admin
