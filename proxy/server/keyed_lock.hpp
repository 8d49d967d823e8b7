// One coroutine at a time for each key; the others wait in the order they came. Single-threaded.
//
//     const auto mine = co_await locks.acquire(sid);   // until `mine` goes
#pragma once

#include <coroutine>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace vestibule::server {

class keyed_lock {
    using queue = std::deque<std::coroutine_handle<>>;
    using table = std::map<std::string, queue>;  // keys that somebody holds, with who waits

  public:
    class hold {
      public:
        hold(keyed_lock& lock, table::iterator key, bool waited) noexcept
            : lock_(&lock), key_(key), waited_(waited) {}
        hold(hold&& other) noexcept
            : lock_(std::exchange(other.lock_, nullptr)), key_(other.key_), waited_(other.waited_) {}
        hold& operator=(hold&&) = delete;
        ~hold() {
            if (lock_ != nullptr) lock_->release(key_);
        }
        /// Whether somebody else held it in between.
        bool waited() const noexcept { return waited_; }

      private:
        keyed_lock* lock_;
        table::iterator key_;
        bool waited_;
    };

    auto acquire(std::string key) {
        struct awaiter {
            keyed_lock& lock;
            table::iterator key;
            bool free;
            bool await_ready() const noexcept { return free; }
            void await_suspend(std::coroutine_handle<> h) { key->second.push_back(h); }
            hold await_resume() const noexcept { return {lock, key, !free}; }
        };
        const auto [at, free] = held_.try_emplace(std::move(key));
        return awaiter{*this, at, free};
    }

  private:
    void release(table::iterator key) {
        if (key->second.empty()) {
            held_.erase(key);
            return;
        }
        const auto next = key->second.front();
        key->second.pop_front();
        next.resume();
    }

    table held_;
};

}  // namespace vestibule::server
