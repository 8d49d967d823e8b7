// What the session API is asked and answers, apart from how that travels.
#pragma once

#include <ostream>  // verb.hpp of Boost 1.81 to 1.83 needs it and does not include it

#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace vestibule::admin {

namespace http = boost::beast::http;

struct api_request {
    http::verb method = http::verb::get;
    std::string target{};               // path and query as they came
    std::optional<std::string> host{};  // each where it was sent
    std::optional<std::string> origin{};
    std::optional<std::string> authorization{};
    std::string client{};  // numeric address, for the log
};

struct api_answer {
    http::status status = http::status::ok;
    std::string body{};        // JSON; empty: none
    std::string_view allow{};  // methods, with 405
    bool wants_token = false;  // with 401
};

/// {"error":error,"message":message}
api_answer failure(http::status status, std::string_view error, std::string_view message);

}  // namespace vestibule::admin
