#include "store/redis_link.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>

namespace vestibule::store {
namespace {

constexpr std::size_t kept_capacity = 256 * 1024;  // of a write buffer, between writes

}  // namespace

redis_link::redis_link(boost::asio::io_context& io, std::unique_ptr<net::byte_stream> stream, events e)
    : io_(io), stream_(std::move(stream)), events_(std::move(e)) {}

void redis_link::submit(redis_operation& op) {
    const std::size_t replies = op.replies.size();
    slots_.push_back({&op, op.asking ? 2 * replies : replies, 0, op.asking, exact_now(), ever_queued_});
    const std::size_t before = queued_.size();
    if (op.asking)
        append_asking(queued_, op.request);
    else
        queued_ += op.request;
    ever_queued_ += queued_.size() - before;
    if (std::exchange(flush_posted_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->work_.set();
    });
}

task<void> redis_link::write_requests() {
    const auto self = shared_from_this();
    for (;;) {
        while (queued_.empty() && !closed_) co_await work_;
        if (closed_) co_return;
        std::swap(queued_, writing_);
        ever_taken_ += writing_.size();
        const error_code ec = co_await net::write_all(*stream_, boost::asio::buffer(writing_));
        writing_.clear();
        if (writing_.capacity() > kept_capacity) std::string().swap(writing_);
        if (ec) close(errc::store_unavailable);
    }
}

task<error_code> redis_link::read_replies() {
    const auto self = shared_from_this();
    std::array<char, 16 * 1024> buffer;
    reply r;
    while (!closed_) {
        const auto [ec, n] = co_await net::read_some(*stream_, boost::asio::buffer(buffer));
        if (closed_) break;
        if (ec) {
            close(errc::store_unavailable);
            break;
        }
        last_received_ = exact_now();
        decoder_.feed({buffer.data(), n});
        auto status = decoder_.next(r);
        for (; status == reply_decoder::status::ready; status = decoder_.next(r)) {
            const bool asked_for = deliver(std::move(r));
            if (closed_) break;  // by whom the reply woke up
            if (!asked_for) close(errc::store_protocol);
        }
        if (status == reply_decoder::status::broken) close(errc::store_protocol);
    }
    co_return why_;
}

// False: nobody asked for it.
bool redis_link::deliver(reply&& r) {
    if (r.is_push()) {
        events_.on_push(r);
        return true;
    }
    if (slots_.empty()) return false;
    slot& s = slots_.front();
    if (s.op && !s.asking) s.op->replies[s.answered] = std::move(r);
    if (s.op && s.asking && s.answered % 2 == 1) s.op->replies[s.answered / 2] = std::move(r);
    if (++s.answered < s.asked) return true;
    redis_operation* const op = s.op;
    slots_.pop_front();
    if (op)
        late_since_.reset();
    else if (!late_since_)
        late_since_ = last_received_;
    ++answered_;
    if (op && !events_.on_answer(*op)) op->complete({});
    return true;
}

void redis_link::close(error_code why) {
    if (std::exchange(closed_, true)) return;
    why_ = why;
    stream_->close();
    work_.set();
}

std::vector<redis_link::orphan> redis_link::take_orphans() {
    std::vector<orphan> out;
    for (std::size_t i = 0; i < slots_.size(); ++i)
        if (slots_[i].op) out.push_back({slots_[i].op, slots_[i].begin < ever_taken_, i == 0});
    slots_.clear();
    return out;
}

void redis_link::take_expired(mono_time now, std::vector<redis_operation*>& out) {
    for (slot& s : slots_)
        if (s.op && s.op->deadline <= now) out.push_back(std::exchange(s.op, nullptr));
}

std::optional<mono_time> redis_link::patience_ends(mono_time::duration patience) const {
    if (slots_.empty()) return std::nullopt;
    const mono_time silent = std::max(slots_.front().submitted, last_received_) + patience;
    // Where answers come too late one after the other, they may be those of other questions.
    return late_since_ ? std::min(silent, *late_since_ + 3 * patience) : silent;
}

std::optional<mono_time> redis_link::next_event(mono_time::duration patience) const {
    auto next = patience_ends(patience);
    for (const slot& s : slots_)
        if (s.op) next = std::min(*next, s.op->deadline);
    return next;
}

}  // namespace vestibule::store
