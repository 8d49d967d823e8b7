// What /readyz and doctor ask: does the store answer, does any backend accept.
#pragma once

#include <vestibule/admin/admin_server.hpp>
#include <vestibule/session/session_store.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>

namespace vestibule::app {

/// All checks, one after the other; `draining` is asked first.
task<std::vector<admin::unready_reason>> check_readiness(boost::asio::io_context& io,
                                                         session::session_store& store,
                                                         upstream::upstream_params upstream,
                                                         std::function<bool()> draining);

}  // namespace vestibule::app
