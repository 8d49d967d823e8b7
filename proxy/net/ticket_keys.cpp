#include "net/ticket_keys.hpp"

#include <vestibule/base/crypto.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace vestibule::net {

ticket_keys::~ticket_keys() {
    for (entry& e : ring_) OPENSSL_cleanse(&e.key, sizeof e.key);
}

void ticket_keys::rotate(mono_time now) {
    if (ring_[0].made != mono_time{} && now < ring_[0].made + lifetime) return;
    std::shift_right(ring_.begin(), ring_.end(), 1);
    random_bytes(ring_[0].key.name);
    random_bytes(ring_[0].key.cipher);
    random_bytes(ring_[0].key.mac);
    ring_[0].made = now;
}

ticket_key ticket_keys::sealing(mono_time now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    return ring_[0].key;
}

std::optional<ticket_keys::opener> ticket_keys::opening(std::span<const unsigned char> name, mono_time now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    for (const entry& e : ring_)
        if (e.made != mono_time{} && now < e.made + kept * lifetime && std::ranges::equal(e.key.name, name))
            return opener{e.key, &e == &ring_[0]};
    return std::nullopt;
}

}  // namespace vestibule::net
