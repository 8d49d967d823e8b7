// The model of proxy/store/README.md, explored exhaustively: every order in which questions, answers,
// changes, messages, losses (noticed or not) and heartbeats can follow each other, up to a number of each.
// The cache and the rules of tracking are the real ones; the server and the wires are played here.
#include "store/near_cache.hpp"
#include "store/tracking_state.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace vestibule::store {
namespace {

using namespace std::chrono_literals;
using session::session_ptr;

constexpr auto tick = 1s;
constexpr int max_stale = 2;  // ticks
const std::string sid = "a";

// What is on its way in one direction of one connection.
struct message {
    enum class kind { get, track, ping, value, tracked, pong, changed } what;
    int version = 0;                              // of a value
    std::size_t number = 0;                       // of the load that asked
    std::optional<tracking_state::question> q{};  // of track, tracked, ping, pong
};
using wire = std::deque<message>;

struct budget {
    int writes = 2, loads = 2, losses = 2, beats = 2, ticks = 4, arms = 3;
};

class world {
  public:
    world(resp_version v, budget b)
        : version_(v), left_(b), cache_(1 << 20, max_stale * tick), state_(cache_) {
        connect_data();
        if (v == resp_version::two) connect_channel();
    }

    static constexpr int events = 13;

    /// Does event number `e`. False: it cannot happen now.
    bool happens(int e) {
        switch (e) {
            case 0: return change();
            case 1: return load();
            case 2: return serve_data();
            case 3: return serve_channel();
            case 4: return read_data();
            case 5: return read_channel();
            case 6: return lose_data();
            case 7: return lose_channel();
            case 8: return data_dies_unseen();
            case 9: return channel_dies_unseen();
            case 10: return reconnect();
            case 11: return beat();
            default: return pass_time();
        }
    }

    /// Empty: all is well.
    std::string wrong() {
        if (cache_.open() && (!data_up_ || (version_ == resp_version::two && !channel_up_)))
            return "is open although it is known that nobody tells it anything";
        if (const auto s = cache_.find(sid, now())) {
            if (version_of(*s) < told_) return "answers what it was told is gone";
            if (age_of(*s) > max_stale) return "answers what is older than the bound";
        }
        if (const auto s = cache_.find_stale(sid, now())) {
            if (version_of(*s) < std::max(told_, answered_))
                return "answers in an outage what it knows is gone";
            if (age_of(*s) > max_stale) return "answers in an outage what is older than the bound";
        }
        return {};
    }

    /// Whether a session in use is answered from memory at all; else nothing would be proven.
    bool answers() { return cache_.find(sid, now()) != nullptr; }
    bool bridges() { return !cache_.open() && cache_.find_stale(sid, now()) != nullptr; }
    bool bridges_reopened() {
        return cache_.open() && !answers() && cache_.find_stale(sid, now()) != nullptr;
    }

    /// Everything that decides what can follow.
    std::string key() {
        std::string k;
        const auto put = [&k](auto n) { k += std::to_string(n) + ','; };
        for (const wire* w : {&to_data_, &from_data_, &to_channel_, &from_channel_}) {
            for (const message& m : *w) {
                put(int(m.what));
                put(m.version);
                put(m.number);
                if (m.q) put(m.q->asked.time_since_epoch() / tick), put(state_.is_current(*m.q));
            }
            k += '|';
        }
        for (const auto& f : loads_) put(f ? (cache_.in_flight(sid) == f.get() ? 2 : 1) : 0);
        const auto s = peek();
        put(s ? version_of(*s) : -1);
        for (const int n : {int(commits_.size()),
                            clock_,
                            told_,
                            answered_,
                            int(answers()),
                            int(cache_.open()),
                            int(data_up_),
                            int(data_dead_),
                            int(channel_up_),
                            int(channel_dead_),
                            int(tracking_on_),
                            int(key_tracked_),
                            int(redirect_ok_),
                            left_.writes,
                            left_.loads,
                            left_.losses,
                            left_.beats,
                            left_.ticks,
                            left_.arms,
                            horizon(),
                            lasting()})
            put(n);
        return k;
    }

  private:
    mono_time now() const { return mono_time(100s) + clock_ * tick; }
    static int version_of(const session::stored_session& s) { return int(s.value.size() % 10); }
    session_ptr value_of(int version) const {
        std::string text = R"({"cookie":{}})";
        while (int(text.size() % 10) != version) text += ' ';
        return session_ptr(new session::stored_session(text, std::nullopt, now()));
    }
    int current() const { return int(commits_.size()); }
    // Ticks since the version was overwritten.
    int age_of(const session::stored_session& s) const {
        const int v = version_of(s);
        return v == current() ? 0 : clock_ - commits_[std::size_t(v)];
    }
    session_ptr peek() { return cache_.find_stale(sid, now()); }
    // For how long the cache would go on answering.
    int horizon() const { return std::max(int((cache_.last_confirmed() - now()) / tick) + max_stale, -1); }

    // And in an outage, of what was there before it was opened again.
    int lasting() {
        int n = 0;
        for (int t = 1; t <= max_stale; ++t)
            if ((cache_.open() || t <= horizon()) && cache_.find_stale(sid, now() + t * tick)) n = t;
        return n;
    }

    // The server.
    bool change() {
        if (left_.writes == 0) return false;
        --left_.writes;
        commits_.push_back(clock_);
        if (!std::exchange(key_tracked_, false)) return true;
        if (version_ == resp_version::three && data_up_ && !data_dead_)
            from_data_.push_back({message::kind::changed, current()});
        if (version_ == resp_version::two && redirect_ok_ && channel_up_ && !channel_dead_)
            from_channel_.push_back({message::kind::changed, current()});
        return true;
    }
    bool serve_data() {
        if (to_data_.empty() || data_dead_) return false;
        const message m = to_data_.front();
        to_data_.pop_front();
        switch (m.what) {
            case message::kind::get:
                key_tracked_ = key_tracked_ || tracking_on_;
                from_data_.push_back({message::kind::value, current(), m.number});
                break;
            case message::kind::track:
                tracking_on_ = true;
                redirect_ok_ = channel_up_ && !channel_dead_ && m.q->redirect == channel_id_;
                from_data_.push_back({message::kind::tracked, 0, 0, m.q});
                break;
            default: from_data_.push_back({message::kind::pong, 0, 0, m.q});
        }
        return true;
    }
    bool serve_channel() {
        if (to_channel_.empty() || channel_dead_) return false;
        from_channel_.push_back({message::kind::pong, 0, 0, to_channel_.front().q});
        to_channel_.pop_front();
        return true;
    }
    void forget_client() { tracking_on_ = key_tracked_ = redirect_ok_ = false; }

    // The client.
    bool load() {
        if (left_.loads == 0 || !data_up_ || cache_.in_flight(sid) != nullptr) return false;
        --left_.loads;
        loads_.push_back(std::make_unique<near_cache::flight>());
        cache_.take_off(*loads_.back(), sid);
        to_data_.push_back({message::kind::get, 0, loads_.size() - 1});
        return true;
    }
    bool read_data() {
        if (from_data_.empty()) return false;
        const message m = from_data_.front();
        from_data_.pop_front();
        switch (m.what) {
            case message::kind::value:
                cache_.land(*loads_[m.number], sid, value_of(m.version), true);
                answered_ = std::max(answered_, m.version);
                loads_[m.number].reset();
                break;
            case message::kind::tracked: state_.armed(*m.q); break;
            case message::kind::pong:
                if (state_.beaten(*m.q) && channel_up_)
                    to_channel_.push_back({message::kind::ping, 0, 0, m.q});
                break;
            default: heard(m.version);
        }
        return true;
    }
    bool read_channel() {
        if (from_channel_.empty()) return false;
        const message m = from_channel_.front();
        from_channel_.pop_front();
        if (m.what == message::kind::changed)
            heard(m.version);
        else
            state_.channel_beaten(*m.q);
        return true;
    }
    void heard(int version) {
        cache_.invalidate(sid);
        told_ = std::max(told_, version);
    }
    void arm() {
        const auto q = left_.arms > 0 ? state_.arm(now()) : std::nullopt;
        if (!q) return;
        --left_.arms;
        to_data_.push_back({message::kind::track, 0, 0, q});
    }
    void connect_data() {
        data_up_ = true;
        data_dead_ = false;
        state_.connected(version_);
        arm();
    }
    void connect_channel() {
        channel_up_ = true;
        channel_dead_ = false;
        state_.channel_ready(++channel_id_);
        arm();
    }
    bool lose_data() {  // both sides know; or the client finds out at last
        if (!data_up_ || (!data_dead_ && left_.losses-- == 0))
            return left_.losses = std::max(left_.losses, 0), false;
        data_up_ = data_dead_ = false;
        to_data_.clear();
        from_data_.clear();
        for (auto& f : loads_) f.reset();
        forget_client();
        state_.disconnected();
        return true;
    }
    bool lose_channel() {
        if (!channel_up_ || (!channel_dead_ && left_.losses-- == 0))
            return left_.losses = std::max(left_.losses, 0), false;
        channel_up_ = channel_dead_ = redirect_ok_ = false;
        to_channel_.clear();
        from_channel_.clear();
        state_.channel_lost();
        return true;
    }
    // The server lets go of the connection, what is under way is lost, and the client sees nothing of it.
    bool data_dies_unseen() {
        if (!data_up_ || data_dead_ || left_.losses == 0) return false;
        --left_.losses;
        data_dead_ = true;
        from_data_.clear();
        forget_client();
        return true;
    }
    bool channel_dies_unseen() {
        if (!channel_up_ || channel_dead_ || left_.losses == 0) return false;
        --left_.losses;
        channel_dead_ = true;
        redirect_ok_ = false;
        from_channel_.clear();
        return true;
    }
    bool reconnect() {
        if (!data_up_)
            connect_data();
        else if (version_ == resp_version::two && !channel_up_)
            connect_channel();
        else
            return false;
        return true;
    }
    bool beat() {
        if (left_.beats == 0 || !data_up_) return false;
        const auto q = state_.beat(now());
        if (!q) return false;
        --left_.beats;
        to_data_.push_back({message::kind::ping, 0, 0, q});
        return true;
    }
    bool pass_time() {
        if (left_.ticks == 0) return false;
        --left_.ticks;
        ++clock_;
        return true;
    }

    const resp_version version_;
    budget left_;
    near_cache cache_;
    tracking_state state_;
    int clock_ = 0;
    std::vector<int> commits_;  // when version n + 1 replaced version n
    int told_ = 0;              // the newest version that the client has heard of
    int answered_ = 0;          // the newest version that it was answered
    wire to_data_, from_data_, to_channel_, from_channel_;
    std::vector<std::unique_ptr<near_cache::flight>> loads_;
    bool data_up_ = false, data_dead_ = false, channel_up_ = false, channel_dead_ = false;
    bool tracking_on_ = false, key_tracked_ = false, redirect_ok_ = false;
    std::int64_t channel_id_ = 0;
};

struct outcome {
    std::size_t states = 0, answering = 0, bridging = 0, reopened = 0;
};

// Breadth first, each state once; a state is reached again by doing its events again.
outcome explore(resp_version v, budget b) {
    using path = std::vector<signed char>;
    std::deque<path> frontier{{}};
    std::unordered_set<std::string> seen;
    outcome out;
    while (!frontier.empty()) {
        const path p = std::move(frontier.front());
        frontier.pop_front();
        for (int e = 0; e < world::events; ++e) {
            world w(v, b);
            for (const int done : p) w.happens(done);
            if (!w.happens(e) || !seen.insert(w.key()).second) continue;
            path longer = p;
            longer.push_back(static_cast<signed char>(e));
            if (const std::string wrong = w.wrong(); !wrong.empty()) {
                std::string story;
                for (const int done : longer) story += std::to_string(done) + ' ';
                ADD_FAILURE() << wrong << " after events " << story;
                return out;
            }
            ++out.states;
            out.answering += w.answers();
            out.bridging += w.bridges();
            out.reopened += w.bridges_reopened();
            frontier.push_back(std::move(longer));
        }
    }
    return out;
}

// Each with another event in abundance; all of all at once would take hours.
constexpr budget budgets[] = {
    {.writes = 2, .loads = 2, .losses = 1, .beats = 1, .ticks = 3, .arms = 2},
    {.writes = 1, .loads = 1, .losses = 2, .beats = 1, .ticks = 4, .arms = 3},
    {.writes = 1, .loads = 1, .losses = 1, .beats = 2, .ticks = 4, .arms = 2},
    {.writes = 2, .loads = 3, .losses = 0, .beats = 0, .ticks = 1, .arms = 1},
};

class coherence : public testing::TestWithParam<resp_version> {};

TEST_P(coherence, no_order_of_events_makes_it_answer_what_is_gone) {
    for (const budget& b : budgets) {
        const outcome o = explore(GetParam(), b);
        EXPECT_GT(o.states, 500u);
        EXPECT_GT(o.answering, 50u) << "nothing is proven by a cache that never answers";
        if (b.losses > 0) {
            EXPECT_GT(o.bridging, 5u);
            EXPECT_GT(o.reopened, 5u);
        }
        RecordProperty("states", std::to_string(o.states));
        std::printf("%zu states, %zu answer, %zu bridge an outage, %zu of these opened again\n", o.states,
                    o.answering, o.bridging, o.reopened);
    }
}

INSTANTIATE_TEST_SUITE_P(resp, coherence, testing::Values(resp_version::two, resp_version::three),
                         [](const auto& p) { return p.param == resp_version::two ? "2" : "3"; });

}  // namespace
}  // namespace vestibule::store
