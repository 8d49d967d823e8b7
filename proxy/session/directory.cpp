#include <vestibule/session/directory.hpp>

#include <vestibule/session/identity.hpp>
#include <vestibule/session/user_sessions.hpp>

#include "session/together.hpp"

#include <algorithm>

namespace vestibule::session {
namespace {

constexpr std::size_t page_size = 500;  // sids that are known at a time
constexpr std::size_t batch_size = 32;  // sessions that are
constexpr std::size_t pages_of_a_list = 20;
constexpr std::size_t longest_mark = 200;

bool is_base64url(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Users are compared, and listed by the store, in the form in which a header carries them.
std::string as_in_header(std::string_view user) {
    return user.empty() ? std::string() : header_text(json_string(user));
}

task<void> load_into(session_store& store, std::string_view sid, result<session_ptr>& out) {
    out = co_await store.load(sid);
}

// A place in the store: a page, and in it, in the order of handles, the session behind which to go on.
// Others than by a number, removed sessions do not let one be missed that stayed.
struct place {
    std::string page, after;

    explicit place(std::string_view mark) {
        const auto dot = mark.find('.');
        page = mark.substr(0, dot);
        if (dot != mark.npos) after = mark.substr(dot + 1);
    }
};

}  // namespace

bool is_handle(std::string_view text) noexcept {
    return text.size() == handle_size && std::all_of(text.begin(), text.end(), is_base64url);
}

bool is_page_mark(std::string_view text) noexcept {
    const auto dot = text.find('.');
    const std::string_view page = text.substr(0, dot);
    const bool digits =
        std::all_of(page.begin(), page.end(), [](char c) { return (c >= '0' && c <= '9') || c == ':'; });
    return text.size() <= longest_mark && digits && (dot == text.npos || is_handle(text.substr(dot + 1)));
}

// From page to page of the store.
struct directory::walk {
    std::string next{};
    bool begun = false, over = false;
    page found{};
};

directory::directory(session_store& store, handle_maker make_handle, lifecycle_params life,
                     pause_function pause)
    : store_(store), make_handle_(std::move(make_handle)), life_(std::move(life)), pause_(std::move(pause)) {}

// Beyond the last, the walk is over. What is no acceptable sid is nobody's session.
task<error_code> directory::next_page(walk& w) const {
    w.over = w.begun && w.next.empty();
    if (w.over) co_return error_code();
    if (w.begun && pause_) {
        const bool on = co_await pause_();
        if (!on) co_return make_error_code(errc::shutting_down);
    }
    auto scanned = co_await store_.scan(w.next, page_size);
    if (!scanned) co_return scanned.error();
    w.begun = true;
    w.next = std::move(scanned->next);
    w.found.clear();
    for (std::string& sid : scanned->sids)
        if (acceptable_sid(sid)) w.found.push_back({make_handle_(sid), std::move(sid)});
    std::sort(w.found.begin(), w.found.end(),
              [](const named& a, const named& b) { return a.handle < b.handle; });
    const auto twice = std::unique(w.found.begin(), w.found.end(),
                                   [](const named& a, const named& b) { return a.handle == b.handle; });
    w.found.erase(twice, w.found.end());
    co_return error_code();
}

task<error_code> directory::load(page& p, std::size_t begin, std::size_t end) const {
    std::vector<result<session_ptr>> answers(end - begin);
    std::vector<task<void>> questions;
    for (std::size_t i = begin; i < end; ++i)
        questions.push_back(load_into(store_, p[i].sid, answers[i - begin]));
    co_await together(std::move(questions));
    for (std::size_t i = begin; i < end; ++i) {
        result<session_ptr>& answer = answers[i - begin];
        if (!answer) co_return answer.error();
        p[i].session = *answer && (*answer)->state == standing::live ? std::move(*answer) : session_ptr();
    }
    co_return error_code();
}

bool directory::is_of(const named& n, const std::string& user) const {
    if (!n.session) return false;
    if (user.empty()) return true;
    return n.session->parsed() != nullptr && user_of(*n.session->parsed(), life_) == user;
}

session_summary directory::summary(const named& n) const {
    return summary_of(n.handle, *n.session, life_, wall_now(), mono_now());
}

task<result<session_page>> directory::list(std::string user, std::string from, std::size_t limit) const {
    user = as_in_header(user);
    limit = std::max<std::size_t>(limit, 1);
    place at(from);
    walk w{.next = at.page};
    session_page out;
    for (std::size_t pages = 0; pages < pages_of_a_list; ++pages) {
        error_code failed = co_await next_page(w);
        if (failed) co_return failed;
        if (w.over) co_return out;
        std::size_t i = 0;
        while (i < w.found.size() && w.found[i].handle <= at.after) ++i;
        while (i < w.found.size()) {
            std::size_t end = std::min(w.found.size(), i + batch_size);
            if (user.empty()) end = std::min(end, i + limit - out.sessions.size());
            failed = co_await load(w.found, i, end);
            if (failed) co_return failed;
            for (; i < end; ++i) {
                const session_ptr held = std::move(w.found[i].session);
                const named one{w.found[i].handle, {}, held};
                if (!is_of(one, user)) continue;
                out.sessions.push_back(summary(one));
                if (out.sessions.size() < limit) continue;
                out.next = i + 1 == w.found.size() ? w.next : at.page + '.' + one.handle;
                co_return out;
            }
        }
        at = place(w.next);
    }
    out.next = w.next;
    co_return out;
}

// Its sid, with the session where that could be loaded.
task<result<std::optional<directory::named>>> directory::look_up(std::string handle, std::string user) const {
    using found = std::optional<named>;
    walk w;
    for (;;) {
        error_code failed = co_await next_page(w);
        if (failed) co_return failed;
        if (w.over) co_return found();
        const auto at = std::lower_bound(w.found.begin(), w.found.end(), handle,
                                         [](const named& n, const std::string& h) { return n.handle < h; });
        if (at == w.found.end() || at->handle != handle) continue;
        const std::size_t i = std::size_t(at - w.found.begin());
        failed = co_await load(w.found, i, i + 1);
        if (failed) co_return failed;
        if (!is_of(*at, user)) co_return found();
        co_return found(std::move(*at));
    }
}

task<result<std::optional<session_details>>> directory::find(std::string handle, std::string user,
                                                             bool content) const {
    using details = std::optional<session_details>;
    const auto n = co_await look_up(std::move(handle), as_in_header(user));
    if (!n) co_return n.error();
    if (!*n) co_return details();
    co_return details({summary(**n), members_of(*(*n)->session, (*n)->sid, content)});
}

task<result<std::size_t>> directory::count(std::string user) const {
    user = as_in_header(user);
    walk w;
    std::size_t number = 0;
    for (;;) {
        error_code failed = co_await next_page(w);
        if (failed) co_return failed;
        if (w.over) co_return number;
        if (user.empty()) number += w.found.size();
        for (std::size_t i = 0; !user.empty() && i < w.found.size(); i += batch_size) {
            const std::size_t end = std::min(w.found.size(), i + batch_size);
            failed = co_await load(w.found, i, end);
            if (failed) co_return failed;
            for (std::size_t k = i; k < end; ++k) {
                number += is_of(w.found[k], user);
                w.found[k].session.reset();
            }
        }
    }
}

task<result<revocation>> directory::revoke(std::string handle, std::string user) const {
    const auto n = co_await look_up(std::move(handle), as_in_header(user));
    if (!n) co_return n.error();
    if (!*n) co_return revocation::not_found;
    const document* const d = (*n)->session->parsed();
    if (d == nullptr) co_return revocation::malformed;
    const auto there = co_await end_wherever(store_, (*n)->sid);
    if (!there) co_return there.error();
    const std::string whose = user_of(*d, life_);
    if (!whose.empty()) {
        const auto gone = co_await store_.delist(whose, (*n)->sid);
        if (!gone) co_return gone.error();
    }
    co_return there->existed ? revocation::ended : revocation::not_found;
}

task<error_code> directory::end_those_of(std::string user, page& p, std::size_t& ended) const {
    for (std::size_t i = 0; i < p.size(); i += batch_size) {
        const std::size_t end = std::min(p.size(), i + batch_size);
        const error_code failed = co_await load(p, i, end);
        if (failed) co_return failed;
        for (std::size_t k = i; k < end; ++k) {
            const session_ptr held = std::move(p[k].session);
            if (!is_of({{}, {}, held}, user)) continue;
            const auto there = co_await end_wherever(store_, p[k].sid);
            if (!there) co_return there.error();
            ended += there->existed;
            const auto gone = co_await store_.delist(user, p[k].sid);
            if (!gone) co_return gone.error();
        }
    }
    co_return error_code();
}

// Those in the user's list first: they are the ones in use.
task<mass_revocation> directory::revoke_all(std::string user) const {
    user = as_in_header(user);
    mass_revocation out;
    if (user.empty()) co_return out;
    auto listed = co_await store_.sessions_of(user);
    if (!listed) {
        out.failed = listed.error();
        co_return out;
    }
    page first;
    for (std::string& sid : *listed) first.push_back({{}, std::move(sid)});
    out.failed = co_await end_those_of(user, first, out.ended);
    walk w;
    while (!out.failed) {
        out.failed = co_await next_page(w);
        if (out.failed || w.over) break;
        out.failed = co_await end_those_of(user, w.found, out.ended);
    }
    co_return out;
}

}  // namespace vestibule::session
