// What one worker counts. Every cell is the worker's own.
#pragma once

#include "server/site.hpp"

#include <vestibule/base/metrics.hpp>

#include <array>
#include <map>
#include <tuple>
#include <vector>

namespace vestibule::server {

/// What came of the session work of one exchange.
enum class session_outcome { off, none, fresh, active, unavailable };
std::string_view to_string(session_outcome o) noexcept;

/// What came of one session cookie (or of there being none).
enum class cookie_outcome { valid, absent, malformed, bad_signature, unknown, expired, ended };

/// Why a session ended here.
enum class end_reason { idle, absolute, logout, limit };

/// What came of a change of a session that a backend's answer asked for.
enum class change_outcome { done, unchanged, gone, denied, refused, failed };

/// What is open for long.
enum class long_lived { tunnel, event_stream };
/// What came of a cookie for the vault that a backend's answer set: `dropped` where there was no session to
/// keep it in.
enum class vault_outcome { kept, deleted, refused, dropped };

class server_metrics {
  public:
    server_metrics(metrics_registry& registry, std::size_t secrets);

    void count_request(std::string_view route, unsigned status, session_outcome o);
    void count_cookie(cookie_outcome o) { cookies_[static_cast<std::size_t>(o)]->add(); }
    void count_secret(std::size_t position);
    void count_end(end_reason r) { ended_[static_cast<std::size_t>(r)]->add(); }
    void count_change(change_outcome o) { changes_[static_cast<std::size_t>(o)]->add(); }
    void count_stream_end(long_lived k) { streams_ended_[static_cast<std::size_t>(k)]->add(); }
    void count_vault(vault_outcome o, std::size_t n) { vault_[static_cast<std::size_t>(o)]->add(n); }
    void count_vault(const session::vault_report& r);
    void count_failure(side s) { failures_[static_cast<std::size_t>(s)]->add(); }

    metric_cell& connections;
    metric_cell& accepted;
    metric_cell& refused;
    metric_cell& refused_for_address;
    metric_cell& proxy_headers_refused;
    metric_cell& shed;
    metric_cell& tunnels;
    metric_cell& event_streams;
    metric_cell& sessions_created;
    metric_cell& sessions_stored;
    metric_cell& sessions_renewed;
    metric_cell& sids_renewed;
    metric_cell& vaults_restored;
    metric_cell& malformed_values;
    metric_cell& stale_retries;
    metric_cell& denied;
    metric_cell& assertions_signed;
    metric_histogram& request_duration;
    metric_histogram& backend_duration;

  private:
    metrics_registry& registry_;
    std::array<metric_cell*, 7> cookies_;
    std::array<metric_cell*, 4> ended_;
    std::array<metric_cell*, 6> changes_;
    std::array<metric_cell*, 2> streams_ended_;
    std::array<metric_cell*, 4> vault_;
    std::array<metric_cell*, 5> failures_;
    std::vector<metric_cell*> secrets_;
    // Filled as combinations appear: bounded by routes x status codes x outcomes.
    std::map<std::tuple<std::string, unsigned, session_outcome>, metric_cell*, std::less<>> requests_;
};

}  // namespace vestibule::server
