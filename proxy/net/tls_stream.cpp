#include <vestibule/net/tls_stream.hpp>

#include <boost/asio/error.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace vestibule::net {
namespace {

constexpr std::size_t max_record = 16 * 1024;  // of what is in it (RFC 8446, section 5.1)
constexpr std::size_t max_queued = 64 * 1024;  // for a peer that makes OpenSSL answer and takes nothing

// What stands at the front of `buffers`, up to one record; small pieces are put together in `room`.
asio::const_buffer front_of(std::span<const asio::const_buffer> buffers, std::size_t skip,
                            std::array<char, max_record>& room) noexcept {
    std::size_t filled = 0;
    for (asio::const_buffer b : buffers) {
        const std::size_t over = std::min(skip, b.size());
        b += over;
        skip -= over;
        if (filled == 0 && b.size() >= max_record) return asio::buffer(b, max_record);
        const std::size_t n = std::min(b.size(), max_record - filled);
        if (n > 0) std::memcpy(room.data() + filled, b.data(), n);
        filled += n;
    }
    return {room.data(), filled};
}

}  // namespace

// It may end after the stream that began it.
struct tls_stream::operation : io_completion {
    using handler = void (*)(tls_stream&, error_code, std::size_t);
    operation(tls_stream& s, handler h) noexcept : io_completion(&wake), owner(&s), handle(h) {}

    static void wake(io_completion& c) {
        auto& self = static_cast<operation&>(c);
        if (self.owner != nullptr) return self.handle(*self.owner, self.result.ec, self.result.bytes);
        const std::unique_ptr<operation> last(&self);
        last->user->complete(asio::error::operation_aborted, 0);
    }
    void end(error_code ec, std::size_t bytes) { std::exchange(user, nullptr)->complete(ec, bytes); }

    tls_stream* owner;  // null: gone
    handler handle;
    io_completion* user = nullptr;  // null: nothing is under way
};

struct tls_stream::bio {
    static const BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "byte_stream");
            BIO_meth_set_read(m, &read);
            BIO_meth_set_write(m, &write);
            BIO_meth_set_ctrl(m, &control);
            BIO_meth_set_create(m, [](BIO* b) {
                BIO_set_init(b, 1);
                return 1;
            });
            return m;
        }();
        return made;
    }

    static int read(BIO* b, char* to, int room) noexcept {
        auto& s = *static_cast<tls_stream*>(BIO_get_data(b));
        BIO_clear_retry_flags(b);
        const io_result r = s.over_->try_read(asio::buffer(to, std::size_t(room)));
        if (!r.ec) return int(r.bytes);
        s.beneath_ = r.ec;
        if (r.ec == asio::error::would_block) BIO_set_retry_read(b);
        return r.ec == asio::error::eof ? 0 : -1;
    }

    // Takes all of it, or nothing.
    static int write(BIO* b, const char* from, int size) noexcept {
        auto& s = *static_cast<tls_stream*>(BIO_get_data(b));
        BIO_clear_retry_flags(b);
        std::string_view rest(from, std::size_t(size));
        if (s.sending_.empty() && s.queued_.empty()) {
            const asio::const_buffer buffer(from, std::size_t(size));
            const io_result r = s.over_->try_write({&buffer, 1});
            if (r.ec && r.ec != asio::error::would_block) {
                s.beneath_ = r.ec;
                return -1;
            }
            rest.remove_prefix(r.bytes);
        } else if (s.queued_.size() + rest.size() > max_queued) {
            BIO_set_retry_write(b);
            return -1;
        }
        s.queued_ += rest;
        return size;
    }

    static long control(BIO* b, int command, long, void*) noexcept {
        const auto& s = *static_cast<tls_stream*>(BIO_get_data(b));
        if (command == BIO_CTRL_EOF) return s.beneath_ == asio::error::eof ? 1 : 0;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
};

tls_stream::tls_stream(std::unique_ptr<byte_stream> over, ssl_ptr session)
    : over_(std::move(over)),
      ssl_(std::move(session)),
      read_(new operation(*this, [](tls_stream& s, error_code ec, std::size_t) { s.on_readable(ec); })),
      write_(new operation(*this, [](tls_stream& s, error_code ec, std::size_t n) { s.on_written(ec, n); })) {
    BIO* const b = BIO_new(bio::method());
    BIO_set_data(b, this);
    SSL_set_bio(ssl_.get(), b, b);
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
    SSL_set_read_ahead(ssl_.get(), 1);
}

tls_stream::~tls_stream() {
    if (over_) over_->close();
    for (auto* o : {&read_, &write_}) {
        if ((*o)->user == nullptr) continue;
        (*o)->owner = nullptr;
        static_cast<void>(o->release());  // ends itself
    }
}

bool tls_stream::reading() const noexcept {
    return read_->user != nullptr;
}

bool tls_stream::writing() const noexcept {
    return write_->user != nullptr;
}

task<tls_outcome> tls_stream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int r = SSL_do_handshake(ssl_.get());
        const int why = SSL_get_error(ssl_.get(), r);
        const unsigned long reason = ERR_peek_last_error();  // others' by and by
        if (r != 1 && why != SSL_ERROR_WANT_READ) {
            flush();  // an alert, as far as it goes
            broken_ = true;
            if (beneath_ && beneath_ != asio::error::would_block) co_return tls_outcome{beneath_, 0};
            co_return tls_outcome{asio::error::connection_aborted, reason};
        }
        error_code ec = co_await flush_all();
        if (!ec && r != 1) ec = co_await wait_readable(*over_);
        if (ec) {
            broken_ = true;
            co_return tls_outcome{ec, 0};
        }
        if (r == 1) break;
    }
    established_ = true;
    co_return tls_outcome{};
}

// What OpenSSL's answer means for who reads or writes.
error_code tls_stream::failure(int r) noexcept {
    switch (SSL_get_error(ssl_.get(), r)) {
        case SSL_ERROR_WANT_READ: return asio::error::would_block;
        case SSL_ERROR_ZERO_RETURN: return asio::error::eof;
        case SSL_ERROR_SYSCALL:
            broken_ = true;
            if (beneath_ == asio::error::eof || beneath_ == asio::error::would_block) beneath_ = {};
            return beneath_ ? beneath_ : asio::error::connection_reset;
        default: broken_ = true; return asio::error::connection_reset;
    }
}

io_result tls_stream::try_read(asio::mutable_buffer buffer) noexcept {
    if (broken_) return {asio::error::connection_reset, 0};
    ERR_clear_error();
    std::size_t n = 0;
    const int r = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &n);
    if (r == 1) return {{}, n};
    return {failure(r), 0};
}

// would_block: there is nothing to read, and no end.
io_result tls_stream::look() noexcept {
    if (broken_) return {asio::error::connection_reset, 0};
    ERR_clear_error();
    char byte;
    std::size_t n = 0;
    const int r = SSL_peek_ex(ssl_.get(), &byte, 1, &n);
    if (r == 1) return {{}, n};
    return {failure(r), 0};
}

void tls_stream::start_read(asio::mutable_buffer buffer, io_completion& done) {
    room_ = buffer;
    read_->user = &done;
    over_->start_wait_readable(*read_);
}

void tls_stream::start_wait_readable(io_completion& done) {
    // What has been taken from the stream beneath makes no event there.
    if (SSL_has_pending(ssl_.get()) == 1 && look().ec != asio::error::would_block)
        return done.complete({}, 0);
    start_read({}, done);
}

void tls_stream::on_readable(error_code ec) {
    if (ec) return read_->end(ec, 0);
    const io_result r = room_.size() > 0 ? try_read(room_) : look();
    if (r.ec == asio::error::would_block) return over_->start_wait_readable(*read_);
    if (room_.size() > 0) return read_->end(r.ec, r.bytes);
    read_->end({}, 0);  // whoever waits will read by himself
}

io_result tls_stream::try_write(std::span<const asio::const_buffer> buffers) noexcept {
    if (broken_) return {asio::error::connection_reset, 0};
    if (const error_code ec = flush()) return {ec, 0};
    if (owed_ > 0) return {{}, std::exchange(owed_, 0)};
    static thread_local std::array<char, max_record> room;
    std::size_t done = 0;
    for (;;) {
        const asio::const_buffer next = front_of(buffers, done, room);
        if (next.size() == 0) return {{}, done};
        ERR_clear_error();
        std::size_t n = 0;
        const int r = SSL_write_ex(ssl_.get(), next.data(), next.size(), &n);
        if (r != 1) {
            const error_code ec = failure(r);
            broken_ = true;
            return {ec == asio::error::would_block ? asio::error::connection_reset : ec, 0};
        }
        if (!queued_.empty()) {
            owed_ = n;
            if (done == 0) return {asio::error::would_block, 0};
            return {{}, done};
        }
        done += n;
    }
}

// Comes after a try_write that left something here, or failed.
void tls_stream::start_write(asio::const_buffer buffer, io_completion& done) {
    if (sending_.empty() && queued_.empty())
        return done.complete(broken_ ? asio::error::connection_reset : error_code(), 0);
    asked_ = buffer.size();
    write_->user = &done;
    send_waiting();
}

void tls_stream::send_waiting() {
    if (sending_.empty()) sending_.swap(queued_);
    over_->start_write(asio::buffer(sending_) + sent_, *write_);
}

void tls_stream::on_written(error_code ec, std::size_t bytes) {
    sent_ += bytes;
    if (!ec) ec = flush();
    if (ec == asio::error::would_block) return send_waiting();
    const std::size_t n = std::min(ec ? 0 : owed_, asked_);
    owed_ = ec ? 0 : owed_ - n;
    write_->end(ec, n);
}

// Sends what waits. would_block: not all of it.
error_code tls_stream::flush() noexcept {
    for (;;) {
        if (sent_ == sending_.size()) {
            sent_ = 0;
            std::string().swap(sending_);  // an idle connection keeps no room
            sending_.swap(queued_);
            if (sending_.empty()) return {};
        }
        const asio::const_buffer rest = asio::buffer(sending_) + sent_;
        const io_result r = over_->try_write({&rest, 1});
        if (r.ec) return r.ec;
        sent_ += r.bytes;
    }
}

task<error_code> tls_stream::flush_all() {
    while (!sending_.empty() || !queued_.empty()) {
        if (sending_.empty()) sending_.swap(queued_);
        const error_code ec = co_await write_all(*over_, asio::buffer(sending_));
        std::string().swap(sending_);
        if (ec) co_return ec;
    }
    co_return error_code{};
}

// Whether what lies here or beneath is more than OpenSSL's own, tickets and the like. In doubt it is.
bool tls_stream::matters() noexcept {
    return reading() || look().ec != asio::error::would_block || over_->has_pending_input();
}

bool tls_stream::has_pending_input() noexcept {
    if (SSL_has_pending(ssl_.get()) == 0 && !over_->has_pending_input()) return false;
    over_->has_news();  // lets the stream beneath know of it
    return matters();
}

bool tls_stream::has_news() noexcept {
    return (SSL_has_pending(ssl_.get()) == 1 || over_->has_news()) && matters();
}

// A close_notify lies before the end of the stream beneath. Who reads will find it by himself.
bool tls_stream::peer_closed() noexcept {
    if (reading() || broken_) return over_->peer_closed();
    over_->has_news();
    const io_result r = look();
    return (r.ec && r.ec != asio::error::would_block) || over_->peer_closed();
}

void tls_stream::say_goodbye() noexcept {
    if (!established_ || broken_ || writing() || std::exchange(ended_, true)) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    flush();
}

void tls_stream::shutdown_send() noexcept {
    say_goodbye();
    over_->shutdown_send();
}

void tls_stream::close() noexcept {
    say_goodbye();
    over_->close();
}

}  // namespace vestibule::net
