// How much of the sessions a process may keep in memory, and for how long without hearing of the store.
#pragma once

#include <chrono>
#include <cstddef>

namespace vestibule::store {

struct near_cache_params {
    bool enabled = true;
    std::size_t max_bytes = 64 * 1024 * 1024;   // of the whole process, divided among its workers
    std::chrono::milliseconds max_stale{3000};  // bound of an answer's age, whatever happens
};

}  // namespace vestibule::store
