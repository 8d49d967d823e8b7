// The memory of an exchange: texts and lists whose room is kept for the next one, so that on the steady
// path nothing is allocated. Nothing of what they held is: a lease begins with empty ones.
#pragma once

#include <vestibule/http/forwarding.hpp>
#include <vestibule/http/head.hpp>
#include <vestibule/http/path.hpp>
#include <vestibule/session/cookie_value.hpp>
#include <vestibule/session/stored_session.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vestibule::server {

/// A validly signed session cookie of the request.
struct candidate {
    session::signed_value cookie;
    std::size_t secret;            // position of the secret that signed it
    session::session_ptr at_hand;  // what the near cache has of it
    bool moved = false;            // the session has another sid by now, which stands in `cookie`
    std::string_view sid() const noexcept { return cookie.sid; }
};

struct exchange_buffers {
    http::request_head head;
    http::response_head response;
    http::normal_target target;
    http::client_facts facts;
    std::vector<candidate> candidates;
    std::string method;  // outlives the head, whose buffer takes the body
    std::string request_id, traceparent;
    std::string sid, handle;
    std::string set_cookie;  // finished line, or empty
    std::string cors;        // finished lines of the answer, or empty
    std::string injected;    // finished lines, where the session does not keep them
    std::string assertion;   // the same, where it was made for this exchange
    std::string backend_head, client_head;

    void clear() noexcept;

    /// Bytes of memory held.
    std::size_t capacity() const noexcept;
};

/// One worker's exchange buffers that nobody uses.
class exchange_buffers_pool {
  public:
    class lease {
      public:
        lease(exchange_buffers_pool& pool, std::unique_ptr<exchange_buffers> b) noexcept
            : pool_(&pool), buffers_(std::move(b)) {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (buffers_) pool_->give_back(std::move(buffers_));
        }
        exchange_buffers& operator*() const noexcept { return *buffers_; }

      private:
        exchange_buffers_pool* pool_;
        std::unique_ptr<exchange_buffers> buffers_;
    };

    lease take();

  private:
    void give_back(std::unique_ptr<exchange_buffers> b) noexcept;

    static constexpr std::size_t most_kept = 512;
    static constexpr std::size_t largest_kept = 32 * 1024;  // bytes of one

    std::vector<std::unique_ptr<exchange_buffers>> kept_;
};

}  // namespace vestibule::server
