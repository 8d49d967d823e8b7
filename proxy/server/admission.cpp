#include "server/admission.hpp"

#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/http/canned.hpp>

namespace vestibule::server {
namespace {

constexpr auto told_every = seconds(10);

}  // namespace

bool has_room(worker_state& w) {
    const std::size_t limit = w.current->params.limits.connections;
    if (limit == 0 || w.counts.connections.load(std::memory_order_relaxed) < limit) return true;
    return connection::shed_longest_idle(w);
}

void refuse_connection(net::byte_stream& stream, unsigned status) {
    std::string answer;
    http::append_canned(answer, status, "Retry-After: 1\r\n", true, false);
    const boost::asio::const_buffer buffer(answer.data(), answer.size());
    stream.try_write({&buffer, 1});
}

void tell_refusal(worker_state& w, std::string_view why, std::string_view client) {
    const mono_time now = mono_now();
    if (w.refusal_told != mono_time::min() && now - w.refusal_told < told_every) return;
    w.refusal_told = now;
    log::warn("connection refused", {{"side", "downstream"}, {"reason", why}, {"client", client}});
}

}  // namespace vestibule::server
