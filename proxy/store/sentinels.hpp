// What the sentinels are asked, and what they say.
#pragma once

#include <vestibule/net/connect.hpp>
#include <vestibule/store/store_params.hpp>

#include "store/redis_greeting.hpp"
#include "store/resp.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vestibule::store {

/// What is said first to a sentinel.
greeting sentinel_greeting(const store_params& p);

/// SENTINEL GET-MASTER-ADDR-BY-NAME.
void append_question(std::string& out, std::string_view service);

/// Its answer. Nothing: it does not know; `problem` says why, for the log.
std::optional<net::endpoint> read_primary(const reply& r, std::string& problem);

/// What was published on channel +switch-master: "NAME old-host old-port new-host new-port". The new one,
/// where it is about `service`.
std::optional<net::endpoint> read_switch(std::string_view message, std::string_view service);

}  // namespace vestibule::store
