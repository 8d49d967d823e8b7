#include "server/exchange_buffers.hpp"

namespace vestibule::server {

void exchange_buffers::clear() noexcept {
    head.method = head.target = {};
    head.version = 11;
    head.fields.clear();
    response.version = 11;
    response.status = 0;
    response.reason = {};
    response.fields.clear();
    target.path.clear();
    target.match_path.clear();
    target.query = target.authority = {};
    target.https = false;
    target.escaped_query.clear();
    facts = {};
    candidates.clear();
    for (std::string* text : {&method, &request_id, &traceparent, &sid, &handle, &set_cookie, &cors,
                              &injected, &assertion, &backend_head, &client_head})
        text->clear();
}

std::size_t exchange_buffers::capacity() const noexcept {
    std::size_t bytes = candidates.capacity() * sizeof(candidate);
    for (const std::string* text :
         {&method, &request_id, &traceparent, &sid, &handle, &set_cookie, &cors, &injected, &assertion,
          &backend_head, &client_head, &target.path, &target.match_path, &target.escaped_query})
        bytes += text->capacity();
    return bytes;
}

exchange_buffers_pool::lease exchange_buffers_pool::take() {
    if (kept_.empty()) {
        kept_.reserve(most_kept);
        return {*this, std::make_unique<exchange_buffers>()};
    }
    std::unique_ptr<exchange_buffers> b = std::move(kept_.back());
    kept_.pop_back();
    return {*this, std::move(b)};
}

void exchange_buffers_pool::give_back(std::unique_ptr<exchange_buffers> b) noexcept {
    if (kept_.size() == most_kept || b->capacity() > largest_kept) return;
    b->clear();
    kept_.push_back(std::move(b));
}

}  // namespace vestibule::server
