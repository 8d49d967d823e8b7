// A script that runs on the server, and its request in both forms.
//
//     *n EVALSHA <sha>    | <keys> key... argument...      normally
//     *n EVAL    <source> | <keys> key... argument...      where the server does not know it (any more)
//
// Both end the same, so the first is turned into the second in place.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace vestibule::store {

class redis_script {
  public:
    explicit redis_script(std::string_view source);

    /// Its keys have to live in one slot of a Cluster.
    void append_request(std::string& out, std::initializer_list<std::string_view> keys,
                        std::initializer_list<std::string_view> arguments) const;

    /// Makes a request of append_request() bring the script along.
    void bring_source(std::string& request) const;

  private:
    const std::string known_, brought_;  // the words before the number of keys
};

namespace scripts {

/// Keys: session. Arguments: expected value, new value. Sets it and keeps the TTL.
const redis_script& replace();

/// Keys: session, its tombstone. Arguments: expected value, text of the tombstone, its seconds. Removes the
/// session and leaves the tombstone.
const redis_script& retire();

/// Keys: session. Arguments: expected value. Removes it.
const redis_script& remove();

/// What the three answer. Anything else is an error of Redis.
constexpr int absent = -1, conflict = 0, done = 1;

/// Keys: index of a user. Arguments: now, the session's end (both ms, or +inf), sid. Answers how many there
/// are.
const redis_script& enlist();

/// Keys: index of a user. Arguments: sid, how many there may be. Takes those over that out, the soonest to
/// end first, but not the sid; answers them. None where the sid is not in it.
const redis_script& make_room();

}  // namespace scripts

}  // namespace vestibule::store
