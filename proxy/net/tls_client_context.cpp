#include <vestibule/net/tls_client_context.hpp>

#include "net/session_cache.hpp"
#include "net/tls_client_files.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>

namespace vestibule::net {
namespace {

std::string_view name_of(tls_file f) noexcept {
    switch (f) {
        case tls_file::ca: return "ca";
        case tls_file::certificate: return "certificate";
        case tls_file::key: break;
    }
    return "key";
}

std::string text_of(const std::vector<tls_problem>& problems, const std::string& key) {
    std::string out;
    for (const tls_problem& p : problems)
        out.append(out.empty() ? "the file of " : "; the file of ")
            .append(key + ".")
            .append(name_of(p.file))
            .append(" " + p.what);
    return out;
}

}  // namespace

std::shared_ptr<tls_client_context> tls_client_context::of(const tls_client_params& p,
                                                           const tls_purpose& purpose) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<tls_client_context>> all;
    const std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& one) { return one.expired(); });
    for (const auto& one : all)
        if (auto found = one.lock(); found && found->params_ == p && found->purpose_ == purpose) return found;
    auto made = std::make_shared<tls_client_context>(p, purpose);
    all.push_back(made);
    return made;
}

tls_client_context::context_ptr tls_client_context::current(std::string& problem) {
    const std::lock_guard lock(mutex_);
    auto stamps = stamp_tls_files(params_);
    if (context_ && stamps == stamps_) return context_;

    std::vector<tls_problem> problems;
    auto context = make_tls_context(params_, problems);
    if (context) {
        if (purpose_.resumes) resume_sessions(context->native_handle());
        if (context_) log::info("TLS files of " + purpose_.whose + " have changed and are in use");
        context_ = std::move(context);
        stamps_ = std::move(stamps);
        told_.clear();
        return context_;
    }
    std::string reason = text_of(problems, purpose_.key);
    if (!context_) {
        problem = std::move(reason);  // told by who cannot connect
        return nullptr;
    }
    if (reason != told_) {
        log::warn("TLS files of " + purpose_.whose + " are of no use, the last good ones stay",
                  {{"reason", reason}});
        told_ = std::move(reason);
    }
    return context_;
}

}  // namespace vestibule::net
