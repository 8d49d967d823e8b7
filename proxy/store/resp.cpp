#include "store/resp.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <algorithm>
#include <charconv>
#include <new>

namespace vestibule::store {
namespace {

void append_header(std::string& out, char type, std::size_t n) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out += type;
    out.append(digits, end);
    out += "\r\n";
}

bool is_push([[maybe_unused]] int type) noexcept {
#ifdef REDIS_REPLY_PUSH
    return type == REDIS_REPLY_PUSH;
#else
    return false;
#endif
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> words) {
    std::size_t size = 16;
    for (const auto w : words) size += w.size() + 16;
    if (out.capacity() - out.size() < size) out.reserve(std::max(out.size() + size, 2 * out.capacity()));
    append_header(out, '*', words.size());
    append_words(out, words);
}

void append_words(std::string& out, std::initializer_list<std::string_view> words) {
    for (const auto w : words) {
        append_header(out, '$', w.size());
        out += w;
        out += "\r\n";
    }
}

void append_asking(std::string& out, std::string_view commands) {
    while (!commands.empty()) {
        append_command(out, {"ASKING"});
        std::size_t words = 0;
        std::size_t at = commands.find('\n') + 1;
        std::from_chars(commands.data() + 1, commands.data() + at, words);
        for (; words > 0; --words) {
            std::size_t size = 0;
            std::from_chars(commands.data() + at + 1, commands.data() + commands.size(), size);
            at = commands.find('\n', at) + 1 + size + 2;
        }
        out += commands.substr(0, at);
        commands.remove_prefix(at);
    }
}

std::string_view error_word(std::string_view error_text) noexcept {
    const auto word = error_text.substr(0, error_text.find(' '));
    const bool plain =
        std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
    return plain && !word.empty() && word.size() <= 24 ? word : "?";
}

// Builds root_ as redisReader reports its parts. An array's parts arrive in order, each complete before
// the next begins, so a growing vector never moves a reply that is still being filled.
struct reply_decoder::callbacks {
    static reply* place(const redisReadTask* task) noexcept {
        auto& self = *static_cast<reply_decoder*>(task->privdata);
        if (++self.elements_ > max_elements) {
            self.problem_ = "reply has too many elements";
            return nullptr;
        }
        // hiredis 0.14 has such a bound, 1.x has none; and what is nested is freed by recursion.
        std::size_t depth = 0;
        for (const redisReadTask* t = task; t->parent != nullptr; t = t->parent) {
            if (++depth > max_nesting) {
                self.problem_ = "reply is nested too deeply";
                return nullptr;
            }
        }
        if (!task->parent) return &self.root_;
        try {
            return &static_cast<reply*>(task->parent->obj)->items.emplace_back();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    static void* text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
        auto& self = *static_cast<reply_decoder*>(task->privdata);
        // redisReader steps over the two bytes behind a bulk string without looking at them. Both are
        // in its buffer when it calls this; a line's were found by searching for them.
        if (bytes[size] != '\r' || bytes[size + 1] != '\n') {
            self.problem_ = "bulk string without its end";
            return nullptr;
        }
#ifdef REDIS_REPLY_VERB
        if (task->type == REDIS_REPLY_VERB && size >= 4) {  // "txt:"
            bytes += 4;
            size -= 4;
        }
#endif
        reply* r = place(task);
        if (!r) return nullptr;
        r->type = task->type == REDIS_REPLY_ERROR    ? reply::kind::error
                  : task->type == REDIS_REPLY_STATUS ? reply::kind::status
                                                     : reply::kind::bulk;
        try {
            r->text.assign(bytes, size);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        return r;
    }

    // The count is an int in hiredis 0.14 and a size_t later.
    template <class Count>
    static void* array(const redisReadTask* task, Count) noexcept {
        reply* r = place(task);
        if (r) r->type = is_push(task->type) ? reply::kind::push : reply::kind::array;
        return r;
    }

    static void* integer(const redisReadTask* task, long long n) noexcept {
        reply* r = place(task);
        if (!r) return nullptr;
        r->type = reply::kind::integer;
        r->integer = n;
        return r;
    }

    static void* nil(const redisReadTask* task) noexcept {
        return place(task);
    }

    static void* boolean(const redisReadTask* task, int b) noexcept {
        return integer(task, b);
    }

    static void* real(const redisReadTask* task, double, char* bytes, std::size_t size) noexcept {
        reply* r = place(task);
        if (!r) return nullptr;
        r->type = reply::kind::bulk;
        try {
            r->text.assign(bytes, size);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        return r;
    }

    static void free(void*) noexcept {}  // root_ owns everything

    // Doubles and booleans (RESP3) came with hiredis 1.0.
    template <class Functions>
    static Functions make() noexcept {
        Functions f{};
        f.createString = text;
        f.createArray = array;
        f.createInteger = integer;
        f.createNil = nil;
        f.freeObject = free;
        if constexpr (requires { f.createDouble; }) f.createDouble = real;
        if constexpr (requires { f.createBool; }) f.createBool = boolean;
        return f;
    }
};

void reply_decoder::reader_deleter::operator()(redisReader* r) const noexcept {
    redisReaderFree(r);
}

reply_decoder::reply_decoder() {
    static redisReplyObjectFunctions functions = callbacks::make<redisReplyObjectFunctions>();
    reader_.reset(redisReaderCreateWithFunctions(&functions));
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = this;
}

reply_decoder::~reply_decoder() = default;

bool reply_decoder::reads_resp3() noexcept {
#ifdef REDIS_REPLY_PUSH
    return true;
#else
    return false;
#endif
}

void reply_decoder::feed(std::string_view bytes) {
    if (problem_) return;
    if (reader_->len - reader_->pos + bytes.size() > max_buffered)
        problem_ = "reply larger than 8 MiB";
    else if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK)
        problem_ = "out of memory";
}

reply_decoder::status reply_decoder::next(reply& out) {
    if (problem_) return status::broken;
    void* done = nullptr;
    if (redisReaderGetReply(reader_.get(), &done) != REDIS_OK || problem_) {
        if (!problem_) problem_ = "not the Redis protocol";
        root_ = reply();
        return status::broken;
    }
    if (!done) return status::need_more;
    out = std::move(root_);
    root_ = reply();
    elements_ = 0;
    return status::ready;
}

}  // namespace vestibule::store
