// What of a response decides whether it is open for long.
#pragma once

#include <vestibule/http/head.hpp>

namespace vestibule::server {

/// Content-Type: text/event-stream (HTML 9.2), with parameters or without.
bool is_event_stream(const http::field_list& fields) noexcept;

}  // namespace vestibule::server
