// A reply of Redis from its bytes.
#pragma once

#include "store/resp.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace vestibule::test {

inline store::reply decoded(std::string_view bytes) {
    store::reply_decoder d;
    store::reply r;
    d.feed(bytes);
    EXPECT_EQ(d.next(r), store::reply_decoder::status::ready);
    return r;
}

}  // namespace vestibule::test
