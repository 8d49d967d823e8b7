#include "store/redis_tls.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>

namespace vestibule::store {
namespace {

std::string_view name_of(tls_file f) noexcept {
    switch (f) {
        case tls_file::ca: return "ca";
        case tls_file::certificate: return "certificate";
        case tls_file::key: break;
    }
    return "key";
}

std::string text_of(const std::vector<tls_problem>& problems) {
    std::string out;
    for (const tls_problem& p : problems)
        out.append(out.empty() ? "the file of store.tls." : "; the file of store.tls.")
            .append(name_of(p.file))
            .append(" " + p.what);
    return out;
}

}  // namespace

std::shared_ptr<redis_tls> redis_tls::of(const store_tls_params& p) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<redis_tls>> all;
    const std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& one) { return one.expired(); });
    for (const auto& one : all)
        if (auto found = one.lock(); found && found->params_ == p) return found;
    auto made = std::make_shared<redis_tls>(p);
    all.push_back(made);
    return made;
}

redis_tls::context_ptr redis_tls::current(std::string& problem) {
    const std::lock_guard lock(mutex_);
    auto stamps = stamp_tls_files(params_);
    if (context_ && stamps == stamps_) return context_;

    std::vector<tls_problem> problems;
    auto context = make_tls_context(params_, problems);
    if (context) {
        if (context_) log::info("TLS files of the session store have changed and are in use");
        context_ = std::move(context);
        stamps_ = std::move(stamps);
        told_.clear();
        return context_;
    }
    std::string reason = text_of(problems);
    if (!context_) {
        problem = std::move(reason);  // told by who cannot connect
        return nullptr;
    }
    if (reason != told_) {
        log::warn("TLS files of the session store are of no use, the last good ones stay",
                  {{"reason", reason}});
        told_ = std::move(reason);
    }
    return context_;
}

}  // namespace vestibule::store
