// The idle connections of a worker, longest first: which of them goes when room is needed. Those that have
// been idle for a moment only are not in it, so that busy ones never touch it.
#pragma once

namespace vestibule::server {

/// What a connection brings along to stand in the list; out of it by itself when it goes.
class idle_link {
  public:
    idle_link() = default;
    ~idle_link() { unlink(); }
    idle_link(const idle_link&) = delete;
    idle_link& operator=(const idle_link&) = delete;

    void unlink() noexcept {
        if (before_ == nullptr) return;
        before_->after_ = after_;
        after_->before_ = before_;
        before_ = after_ = nullptr;
    }

  private:
    friend class idle_list;
    idle_link *before_ = nullptr, *after_ = nullptr;
};

class idle_list {
  public:
    idle_list() { ends_.before_ = ends_.after_ = &ends_; }

    void append(idle_link& l) noexcept {
        l.unlink();
        l.before_ = ends_.before_;
        l.after_ = &ends_;
        l.before_->after_ = ends_.before_ = &l;
    }

    /// Whoever is in it for the longest time; nullptr: nobody.
    idle_link* longest() const noexcept { return ends_.after_ == &ends_ ? nullptr : ends_.after_; }

  private:
    idle_link ends_;
};

}  // namespace vestibule::server
