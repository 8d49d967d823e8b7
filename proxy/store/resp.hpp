// The Redis protocol as bytes: commands in, replies out. No I/O. Parsing is hiredis' redisReader; its
// types stay in resp.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace vestibule::store {

struct reply {
    enum class kind : std::uint8_t {
        nil,
        integer,
        status,
        error,
        bulk,
        array,  // and RESP3's sets and maps, the latter with keys and values in turn
        push,   // RESP3: nobody asked for it
    };

    kind type = kind::nil;
    std::int64_t integer = 0;
    std::string text;  // status, error, bulk
    std::vector<reply> items;

    bool is_nil() const noexcept { return type == kind::nil; }
    bool is_integer() const noexcept { return type == kind::integer; }
    bool is_bulk() const noexcept { return type == kind::bulk; }
    bool is_push() const noexcept { return type == kind::push; }
    bool is_error() const noexcept { return type == kind::error; }
    bool is_status(std::string_view s) const noexcept { return type == kind::status && text == s; }
};

/// Appends a command as an array of bulk strings, the same bytes as redisFormatCommandArgv makes; but
/// straight into the buffer that is sent, without a block of memory per command.
void append_command(std::string& out, std::initializer_list<std::string_view> words);

/// A command that is sent where there is nothing else to send.
inline constexpr std::string_view ping_command = "*1\r\n$4\r\nPING\r\n";

/// Its words alone, for a command that is put together from several lists.
void append_words(std::string& out, std::initializer_list<std::string_view> words);

/// Appends such commands again, each behind an ASKING (Redis Cluster: the next command is for a slot that
/// is on its way here).
void append_asking(std::string& out, std::string_view commands);

/// First word of an error reply, by which Redis classifies errors: NOSCRIPT, WRONGTYPE, ... All that is
/// ever logged of one, since the rest may repeat what was sent. "?" where it is no such word.
std::string_view error_word(std::string_view error_text) noexcept;

/// Takes bytes in any pieces, gives replies. Bounded: what is buffered for one reply, its elements and
/// their nesting. Once broken, always broken.
class reply_decoder {
  public:
    /// Whether it reads RESP3 (hiredis 1.0 and later); else RESP2 alone.
    static bool reads_resp3() noexcept;

    static constexpr std::size_t max_buffered = 8 * 1024 * 1024;  // so also the largest value
    static constexpr std::size_t max_elements = 64 * 1024;        // in one reply, nested ones included

    static constexpr std::size_t max_nesting = 6;  // arrays around an element

    enum class status : std::uint8_t {
        ready,      // `out` is a reply
        need_more,  // bytes
        broken,     // not RESP, or over a bound: see problem()
    };

    reply_decoder();
    reply_decoder(const reply_decoder&) = delete;
    reply_decoder& operator=(const reply_decoder&) = delete;
    ~reply_decoder();

    void feed(std::string_view bytes);
    status next(reply& out);

    /// What is wrong, without the bytes themselves.
    const char* problem() const noexcept { return problem_; }

  private:
    struct callbacks;
    struct reader_deleter {
        void operator()(redisReader* r) const noexcept;
    };

    std::unique_ptr<redisReader, reader_deleter> reader_;
    reply root_;  // being put together; may span several feeds
    std::size_t elements_ = 0;
    const char* problem_ = nullptr;
};

}  // namespace vestibule::store
