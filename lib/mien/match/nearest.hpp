// SPDX-License-Identifier: MIT
#pragma once

/// Who is nearest: the exact scan over all encodings.

#include <mien/match/compressed.hpp>
#include <mien/match/matcher.hpp>

#include <atomic>
#include <mutex>

namespace mien::match {

class NearestMatcher final : public Matcher {
public:
    /// The few fields of options that concern it: vote, threads, prepare.
    explicit NearestMatcher(std::shared_ptr<const gallery::Gallery> gallery, const MatcherOptions& options = {},
                            const NearestMatcher* before = nullptr);

    [[nodiscard]] std::string_view name() const override { return "nearest"; }
    [[nodiscard]] std::string_view method() const override { return "nearest"; }
    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                           std::size_t k) const override;
    [[nodiscard]] std::string save() const override;
    [[nodiscard]] std::string description() const override;

    /// Bytes that the compressed copy takes; 0 where there is none (yet).
    [[nodiscard]] std::size_t compressed_bytes() const;

private:
    [[nodiscard]] bool first_look_pays(std::size_t probes, std::size_t k) const;
    void compress() const;
    [[nodiscard]] std::vector<std::vector<Candidate>> rank_by_finalists(std::span<const Encoding> probes,
                                                                        std::size_t k) const;
    [[nodiscard]] std::vector<Candidate> rank_in_full(const Encoding& probe, std::size_t k) const;

    std::shared_ptr<const gallery::Gallery> m_gallery;
    Vote m_vote;
    int m_threads;
    /// Of each block of the gallery that is worth it, else null. Made when enough was asked; shared between snapshots.
    mutable std::vector<std::shared_ptr<const CompressedRows>> m_compressed;
    mutable std::once_flag m_once;
    mutable std::atomic<bool> m_ready{false};
    mutable std::atomic<std::size_t> m_asked{0};
};

}  // namespace mien::match
