#include "store/redis_script.hpp"

#include "store/resp.hpp"

#include <openssl/evp.h>

#include <vector>

namespace vestibule::store {
namespace {

std::string sha1_hex(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
    std::string out;
    for (unsigned int i = 0; i < size; ++i)
        for (const int digit : {digest[i] >> 4, digest[i] & 15}) out += "0123456789abcdef"[digit];
    return out;
}

// A command's words without their count.
std::string words(std::initializer_list<std::string_view> list) {
    std::string command;
    append_command(command, list);
    return command.substr(command.find('\n') + 1);
}

// A key of another type is a conflict, by the interface's rule. Where the condition holds, `act` goes on.
std::string where_expected(std::string_view act) {
    return std::string(R"(local old = redis.pcall('GET', KEYS[1])
if type(old) == 'table' then
  if string.find(old.err, 'WRONGTYPE', 1, true) then return 0 end
  return old
end
if not old then return -1 end
if old ~= ARGV[1] then return 0 end
)") + std::string(act);
}

}  // namespace

redis_script::redis_script(std::string_view source)
    : known_(words({"EVALSHA", sha1_hex(source)})), brought_(words({"EVAL", source})) {}

void redis_script::append_request(std::string& out, std::initializer_list<std::string_view> keys,
                                  std::initializer_list<std::string_view> arguments) const {
    const auto count = [](std::size_t n) { return std::to_string(n); };
    out += '*' + count(3 + keys.size() + arguments.size()) + "\r\n" + known_;
    append_words(out, {count(keys.size())});
    append_words(out, keys);
    append_words(out, arguments);
}

void redis_script::bring_source(std::string& request) const {
    request.replace(request.find('\n') + 1, known_.size(), brought_);
}

namespace scripts {

const redis_script& replace() {
    static const redis_script script(
        where_expected(R"(local set = redis.pcall('SET', KEYS[1], ARGV[2], 'KEEPTTL')
if set.err then return set end
return 1)"));
    return script;
}

const redis_script& remove() {
    static const redis_script script(where_expected("redis.call('DEL', KEYS[1])\nreturn 1"));
    return script;
}

// The tombstone first: where there is no memory for it, nothing has happened.
const redis_script& retire() {
    static const redis_script script(
        where_expected(R"(local set = redis.pcall('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
if set.err then return set end
redis.call('DEL', KEYS[1])
return 1)"));
    return script;
}

// The index ends with the last of its sessions.
const redis_script& enlist() {
    static const redis_script script(R"(local added = redis.pcall('ZADD', KEYS[1], ARGV[2], ARGV[3])
if type(added) == 'table' then return added end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIREAT', KEYS[1], last) end
return redis.call('ZCARD', KEYS[1]))");
    return script;
}

const redis_script& make_room() {
    static const redis_script script(R"(local all = redis.call('ZRANGE', KEYS[1], 0, -1)
local over, out, there = #all - ARGV[2], {}, false
for _, sid in ipairs(all) do
  if sid == ARGV[1] then there = true elseif #out < over then out[#out + 1] = sid end
end
if not there then return {} end
for _, sid in ipairs(out) do redis.call('ZREM', KEYS[1], sid) end
return out)");
    return script;
}

}  // namespace scripts

}  // namespace vestibule::store
