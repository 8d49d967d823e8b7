#include <vestibule/upstream/open.hpp>

namespace vestibule::upstream {

task<result<std::unique_ptr<net::byte_stream>>> open(boost::asio::io_context& io, const endpoint_params& to,
                                                     milliseconds timeout, std::string& problem) {
    problem.clear();
    net::endpoint where{to.host, to.port, to.unix_path};
    auto connected = co_await net::connect(io, std::move(where), timeout);
    co_return std::move(connected);
}

}  // namespace vestibule::upstream
