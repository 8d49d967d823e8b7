#include "store/redis_script.hpp"

#include "store/resp.hpp"

#include <openssl/evp.h>

namespace vestibule::store::replace_script {
namespace {

// One key, so it runs on a Cluster too. A key of another type is a conflict, by the interface's rule.
constexpr std::string_view source = R"(local old = redis.pcall('GET', KEYS[1])
if type(old) == 'table' then
  if string.find(old.err, 'WRONGTYPE', 1, true) then return 0 end
  return old
end
if not old then return -1 end
if old ~= ARGV[1] then return 0 end
local set = redis.pcall('SET', KEYS[1], ARGV[2], 'KEEPTTL')
if set.err then return set end
return 1)";

std::string sha1_hex(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
    std::string out;
    for (unsigned int i = 0; i < size; ++i)
        for (const int digit : {digest[i] >> 4, digest[i] & 15}) out += "0123456789abcdef"[digit];
    return out;
}

std::string without_count(std::string command) {
    return command.substr(command.find('\n') + 1);
}

std::string head(std::string_view verb, std::string_view script) {
    std::string command;
    append_command(command, {verb, script});
    return without_count(std::move(command));
}

const std::string& known_head() {
    static const std::string text = "*6\r\n" + head("EVALSHA", sha1_hex(source));
    return text;
}

}  // namespace

void append_request(std::string& out, std::string_view key, std::string_view expected,
                    std::string_view value) {
    out += known_head();
    const std::size_t tail = out.size();
    append_command(out, {"1", key, expected, value});
    out.erase(tail, out.find('\n', tail) + 1 - tail);  // its own count of words
}

void bring_source(std::string& request) {
    request.replace(0, known_head().size(), "*6\r\n" + head("EVAL", source));
}

}  // namespace vestibule::store::replace_script
