// What a store tells about itself: how long its operations take, and which fail how.
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/base/metrics.hpp>

#include <array>
#include <chrono>
#include <cstddef>

namespace vestibule::store {

enum class operation {
    load,
    create,
    compare_and_set,
    touch,
    destroy,
    retire,
    enlist,
    delist,
    sessions_of,
    scan,
    ping
};
constexpr std::size_t operation_count = 11;

const char* to_string(operation o) noexcept;

/// The cells of one store object of one worker.
class store_metrics {
  public:
    explicit store_metrics(metrics_registry& registry);

    void observe(operation o, std::chrono::steady_clock::duration took, error_code ec) noexcept;

  private:
    static constexpr std::array kinds{errc::store_unavailable, errc::store_timeout, errc::store_refused,
                                      errc::store_protocol, errc::store_overloaded};
    std::array<metric_histogram*, operation_count> duration_{};
    std::array<std::array<metric_cell*, kinds.size()>, operation_count> errors_{};
};

/// Times one operation; its outcome passes through.
///     measurement m(metrics, operation::load);  ...  co_return m.done<bool>(true);
class measurement {
  public:
    measurement(store_metrics& metrics, operation o) noexcept
        : metrics_(metrics), operation_(o), started_(std::chrono::steady_clock::now()) {}

    template <class T>
    result<T> done(result<T> r) noexcept {
        metrics_.observe(operation_, std::chrono::steady_clock::now() - started_,
                         r.has_error() ? r.error() : error_code());
        return r;
    }

    template <class T>
    result<T> failed(error_code ec) noexcept {
        return done(result<T>(boost::system::in_place_error, ec));
    }

    std::chrono::steady_clock::time_point started() const noexcept { return started_; }

  private:
    store_metrics& metrics_;
    operation operation_;
    std::chrono::steady_clock::time_point started_;
};

}  // namespace vestibule::store
