// A byte_stream in memory: what it reads is scripted, what is written to it is kept, and it can fail at
// its n-th operation. Completions come through an io_context, as those of sockets do.
#pragma once

#include <vestibule/net/stream.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace vestibule::test {

/// Counts operations over any number of streams and fails one of them.
struct fail_plan {
    int fail_at = -1;  // counted from 0; -1: never
    int done = 0;
    error_code with = boost::asio::error::connection_reset;

    bool fails() { return done++ == fail_at; }
};

/// What a test sees of a stream after the code under test has taken it. Where the input does not end, more
/// of it can be fed while the code runs.
struct stream_record {
    std::deque<std::string> input;  // one element a read at most
    bool end_after_input = true;    // eof behind the last element; else silence
    std::string written;
    bool news = false;  // has_news(): the script's input has not come before it is read
    bool closed = false, reset = false, send_ended = false;
    std::size_t write_limit = 1 << 20;  // bytes taken by one write; 0: it waits until resume()

    void feed(std::string bytes) {
        input.push_back(std::move(bytes));
        if (wake_reader) wake_reader();
    }
    void end() {
        end_after_input = true;
        if (wake_reader) wake_reader();
    }
    void resume(std::size_t limit = 1 << 20) {
        write_limit = limit;
        if (wake_writer) wake_writer();
    }
    std::function<void()> wake_reader, wake_writer;  // the stream's
};

class memory_stream final : public net::byte_stream {
  public:
    memory_stream(boost::asio::io_context& io, std::shared_ptr<stream_record> r, fail_plan& plan)
        : io_(io), record_(std::move(r)), plan_(plan) {
        record_->wake_reader = [this] {
            if (auto* p = std::exchange(reader_, nullptr)) start_read(room_, *p);
        };
        record_->wake_writer = [this] {
            if (auto* p = std::exchange(writer_, nullptr)) start_write(bytes_, *p);
        };
    }
    ~memory_stream() override {
        close();
        record_->wake_reader = record_->wake_writer = nullptr;
    }

    void start_read(boost::asio::mutable_buffer buffer, net::io_completion& done) override {
        if (record_->closed) return later(done, boost::asio::error::operation_aborted, 0);
        if (plan_.fails()) return later(done, plan_.with, 0);
        if (record_->input.empty()) {
            if (record_->end_after_input) return later(done, boost::asio::error::eof, 0);
            reader_ = &done;
            room_ = buffer;
            return;
        }
        std::string& next = record_->input.front();
        const std::size_t n = std::min(next.size(), buffer.size());
        std::memcpy(buffer.data(), next.data(), n);
        next.erase(0, n);
        if (next.empty()) record_->input.pop_front();
        later(done, {}, n);
    }

    void start_write(boost::asio::const_buffer buffer, net::io_completion& done) override {
        const net::io_result r = put(buffer);
        if (r.ec != boost::asio::error::would_block) return later(done, r.ec, r.bytes);
        writer_ = &done;
        bytes_ = buffer;
    }

    void start_wait_readable(net::io_completion& done) override { later(done, {}, 0); }

    net::io_result try_write(std::span<const boost::asio::const_buffer> buffers) noexcept override {
        for (const auto& b : buffers)
            if (b.size() > 0) return put(b);
        return {};
    }

    bool has_pending_input() noexcept override { return !record_->input.empty(); }
    bool has_news() noexcept override { return record_->news; }
    bool peer_closed() noexcept override { return record_->input.empty() && record_->end_after_input; }
    void cancel() noexcept override { abort_pending(); }
    void shutdown_send() noexcept override { record_->send_ended = true; }
    void close() noexcept override {
        record_->closed = true;
        abort_pending();
    }
    void reset() noexcept override {
        record_->reset = true;
        close();
    }

  private:
    net::io_result put(boost::asio::const_buffer buffer) {
        if (record_->closed) return {boost::asio::error::operation_aborted, 0};
        if (plan_.fails()) return {plan_.with, 0};
        if (record_->write_limit == 0) return {boost::asio::error::would_block, 0};
        const std::size_t n = std::min(buffer.size(), record_->write_limit);
        record_->written.append(static_cast<const char*>(buffer.data()), n);
        return {{}, n};
    }

    void abort_pending() noexcept {
        for (auto** pending : {&reader_, &writer_})
            if (auto* p = std::exchange(*pending, nullptr))
                later(*p, boost::asio::error::operation_aborted, 0);
    }

    void later(net::io_completion& done, error_code ec, std::size_t n) {
        boost::asio::post(io_, [&done, ec, n] { done.complete(ec, n); });
    }

    boost::asio::io_context& io_;
    std::shared_ptr<stream_record> record_;
    fail_plan& plan_;
    net::io_completion* reader_ = nullptr;
    net::io_completion* writer_ = nullptr;
    boost::asio::mutable_buffer room_;
    boost::asio::const_buffer bytes_;
};

}  // namespace vestibule::test
