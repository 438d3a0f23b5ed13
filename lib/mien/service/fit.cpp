// SPDX-License-Identifier: MIT
#include <mien/service/fit.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/file_store.hpp>

#include <chrono>

namespace mien::service {
namespace {

gallery::SetExtra keep(const gallery::Gallery& gallery, std::string state) {
    const std::string name(match::k_matcher_extra);
    return {name, std::string(gallery.extra(name)), std::move(state)};
}

}  // namespace

FitSummary fit(const FitOptions& options) {
    gallery::StoreWriter writer(options.store, {"fit", options.wait_seconds, options.user});
    const auto gallery = writer.gallery();
    if (!gallery) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(options.store.native()) +
                                                  "; make one with 'mien train', or name another with --store");
    }
    const auto start = std::chrono::steady_clock::now();
    const auto matcher = match::fit_matcher(options.matcher, gallery);
    auto state = matcher->save();
    FitSummary summary;
    summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    summary.store = options.store;
    summary.matcher = matcher->name();
    summary.method = matcher->method();
    summary.description = matcher->description();
    summary.people = gallery->people();
    summary.encodings = gallery->size();
    summary.bytes = state.size();
    summary.changed = state != gallery->extra(match::k_matcher_extra);
    if (summary.changed) {
        writer.commit("matcher " + summary.matcher, {keep(*gallery, std::move(state))});
    }
    return summary;
}

Json to_json(const FitSummary& summary) {
    return {{"matcher", summary.matcher},
            {"method", summary.method},
            {"description", summary.description},
            {"people", summary.people},
            {"encodings", summary.encodings},
            {"bytes", summary.bytes},
            {"seconds", rounded(summary.seconds, 3)},
            {"store", summary.store.native()},
            {"changed", summary.changed}};
}

std::shared_ptr<const gallery::Gallery> with_fitted_matcher(std::shared_ptr<const gallery::Gallery> gallery,
                                                            const match::MatcherOptions& options) {
    if (options.name == "stored" && !options.vote && gallery->extra(match::k_matcher_extra).empty()) {
        return gallery;
    }
    try {
        auto matcher = match::make_matcher(options, gallery);
        if (matcher->name() == "label-propagation") {
            matcher = match::fit_matcher(options, gallery);  // it was restored with the directions of its day
        }
        auto change = keep(*gallery, matcher->save());
        if (change.before == change.after) {
            return gallery;
        }
        gallery::Draft draft(gallery);
        draft.apply(gallery::Operation{std::move(change)});
        return draft.finish();
    } catch (const Error& error) {
        log::warn("the matcher was not fitted: {}", error.what());
        return gallery;
    }
}

}  // namespace mien::service
