// SPDX-License-Identifier: MIT
#include <mien/match/compressed.hpp>

#include <mien/gallery/gallery.hpp>
#include <mien/match/parallel.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

namespace mien::match {
namespace {

constexpr std::size_t k_block = 64;  ///< groups: 128 KiB at 128 numbers, so that a batch's tiles find them in L2
constexpr float k_infinity = std::numeric_limits<float>::infinity();
/// Hits of a probe that are kept at most; a first look that leaves so many has not helped.
constexpr std::size_t k_most_hits = 1U << 16U;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

struct CompressedRow {
    float scale{};
    double residue{};  ///< length of what rounding took away
    double length{};
};

/// bytes: dim numbers -127..127.
[[gnu::always_inline]] inline CompressedRow compress_row(const float* row, std::size_t dim, std::int8_t* bytes) {
    std::uint32_t most_bits = 0;  // magnitudes are in the order of their bits, what is not finite above all
    for (std::size_t i = 0; i < dim; ++i) {
        most_bits = std::max(most_bits, std::bit_cast<std::uint32_t>(row[i]) & 0x7fffffffU);
    }
    const float most = std::bit_cast<float>(most_bits);
    const float scale = most / 127.0F;
    // A row of zeros, or of numbers too small to divide by, keeps its bytes at 0 and is all residue.
    const float inverse = scale > std::numeric_limits<float>::min() ? 1.0F / scale : 0.0F;
    constexpr std::size_t k_lanes = 8;  // sums side by side, because one after the other waits for itself
    std::array<double, k_lanes> lengths{};
    std::array<double, k_lanes> residues{};
    const auto add = [&](std::size_t i, std::size_t lane) {
        constexpr float k_to_nearest = 12582912.0F;  // 1.5 × 2^23: adding it leaves no bits for a fraction
        const float rounded = (row[i] * inverse + k_to_nearest) - k_to_nearest;
        bytes[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(rounded));
        const auto value = static_cast<double>(row[i]);
        const double lost = value - static_cast<double>(scale) * static_cast<double>(rounded);
        lengths[lane] += value * value;
        residues[lane] += lost * lost;
    };
    std::size_t i = 0;
    for (; i + k_lanes <= dim; i += k_lanes) {
        for (std::size_t lane = 0; lane < k_lanes; ++lane) {
            add(i + lane, lane);
        }
    }
    for (; i < dim; ++i) {
        add(i, 0);
    }
    double length = 0;
    double residue = 0;
    for (std::size_t lane = 0; lane < k_lanes; ++lane) {
        length += lengths[lane];
        residue += residues[lane];
    }
    return {scale, std::sqrt(residue), std::sqrt(length)};
}

CompressedRow compress_row_plain(const float* row, std::size_t dim, std::int8_t* bytes) {
    return compress_row(row, dim, bytes);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) CompressedRow compress_row_avx2(const float* row, std::size_t dim, std::int8_t* bytes) {
    return compress_row(row, dim, bytes);
}
#endif

}  // namespace

void Unmap::operator()(std::int8_t* memory) const { ::munmap(memory, bytes); }

CompressedRows::CompressedRows(Metric metric, std::size_t dim, std::span<const float> rows, int threads, ScanIsa isa)
    : m_metric(metric),
      m_dim(dim),
      m_rows(rows.size() / dim),
      m_pairs(divide_up(dim, 2)),
      m_groups(divide_up(m_rows, k_group)),
      m_scans(scans(isa)),
      m_scales(m_groups * k_group, 0.0F),
      m_offsets(m_groups * k_group, k_infinity),
      m_blocks(divide_up(m_groups, k_block)) {
    const std::size_t bytes = std::max<std::size_t>(m_groups * m_pairs * k_group * 2, 1);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    // Large pages spare a scan the look-ups of 4 KiB ones; where there are none it only takes longer.
    static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
    m_bytes = {static_cast<std::int8_t*>(memory), Unmap{bytes}};
    in_parts(m_blocks.size(), threads,
             [&](std::size_t, std::size_t first, std::size_t end) { compress(rows, first, end); });
}

std::size_t CompressedRows::bytes() const {
    return m_bytes.get_deleter().bytes + (m_scales.size() + m_offsets.size()) * sizeof(float);
}

void CompressedRows::compress(std::span<const float> rows, std::size_t first_block, std::size_t end_block) {
    auto* compress_one = compress_row_plain;
#if defined(__x86_64__)
    if (processor_isa() != ScanIsa::plain) {
        compress_one = compress_row_avx2;
    }
#endif
    std::vector<std::int8_t> numbers(m_pairs * 2);  // the last stays 0 where dim is odd
    const bool l2 = m_metric == Metric::l2;
    const std::size_t end = std::min(end_block * k_block * k_group, m_rows);
    for (std::size_t i = first_block * k_block * k_group; i < end; ++i) {
        const auto compressed = compress_one(rows.data() + i * m_dim, m_dim, numbers.data());
        const auto squares = static_cast<float>(compressed.length * compressed.length);
        if (!std::isfinite(compressed.scale) || (l2 && !std::isfinite(squares))) {
            continue;
        }
        m_scales[i] = (l2 ? -2.0F : -1.0F) * compressed.scale;
        m_offsets[i] = l2 ? squares : 1.0F;
        auto& block = m_blocks[i / k_group / k_block];
        block.residue = std::max(block.residue, compressed.residue);
        block.length = std::max(block.length, compressed.length);
        std::int8_t* to = m_bytes.get() + i / k_group * m_pairs * k_group * 2 + i % k_group * 2;
        for (std::size_t pair = 0; pair < m_pairs; ++pair) {
            std::memcpy(to + pair * k_group * 2, numbers.data() + 2 * pair, 2);
        }
    }
}

/// What is known of one probe while the scan goes on.
class CompressedRows::Probe {
public:
    Probe(const CompressedRows& rows, std::span<const float> values, std::size_t people)
        : m_l2(rows.m_metric == Metric::l2), m_dim(rows.m_dim), m_people(people), m_numbers(rows.m_pairs * 2) {
        float most = 0;
        for (const float value : values) {
            most = std::max(most, std::abs(value));
        }
        // As fine as 16 bits and a sum in 32 allow.
        const auto finest = std::min(32767.0, std::floor(static_cast<double>(std::numeric_limits<std::int32_t>::max()) /
                                                         (127.0 * static_cast<double>(2 * rows.m_pairs))));
        m_scale = static_cast<float>(static_cast<double>(most) / finest);
        double residue = 0;
        double length = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto value = static_cast<double>(values[i]);
            const double number =
                m_scale > 0 ? std::clamp(std::round(value / static_cast<double>(m_scale)), -finest, finest) : 0.0;
            m_numbers[i] = static_cast<std::int16_t>(number);
            const double lost = value - static_cast<double>(m_scale) * number;
            residue += lost * lost;
            length += value * value;
        }
        m_residue = std::sqrt(residue);
        m_length = std::sqrt(length);
    }

    [[nodiscard]] float scale() const { return m_scale; }
    [[nodiscard]] std::int32_t pair(std::size_t i) const {
        std::int32_t both{};
        std::memcpy(&both, m_numbers.data() + 2 * i, sizeof both);
        return both;
    }

    /// Scores above this need not be looked at, in this block.
    [[nodiscard]] float cut(const Block& block) const {
        return static_cast<float>(std::min(m_limit + error(block), static_cast<double>(k_infinity_cut)));
    }

    void take(const Hit& hit, const Block& block, std::uint32_t person) {
        const double slack = error(block);
        const double score = static_cast<double>(hit.score);
        if (score - slack > m_limit || m_too_many) {
            return;
        }
        m_hits.push_back({hit.row, score - slack});
        lower(person, score + slack);
        if (m_hits.size() > k_most_hits) {
            prune();
            m_too_many = m_hits.size() > k_most_hits / 2;
        }
    }

    /// Takes over what another thread found in other rows.
    void merge(const Probe& other) {
        for (std::size_t i = 0; i < other.m_best.size(); ++i) {
            lower(other.m_best[i].person, other.m_best[i].upper);
        }
        m_hits.insert(m_hits.end(), other.m_hits.begin(), other.m_hits.end());
        m_too_many = m_too_many || other.m_too_many;
    }

    Finalists finish() {
        if (m_too_many) {
            return std::nullopt;
        }
        prune();
        std::vector<std::uint32_t> rows;
        rows.reserve(m_hits.size());
        for (const auto& hit : m_hits) {
            rows.push_back(hit.row);
        }
        return rows;
    }

private:
    struct Kept {
        std::uint32_t row{};
        double lower{};  ///< the score is not below
    };
    struct Person {
        std::uint32_t person{};
        double upper{};  ///< their nearest row's score is not above
    };
    // The largest cut: offsets of absent rows are infinite and stay above it.
    static constexpr float k_infinity_cut = std::numeric_limits<float>::max();

    /// How far a row's score may be from what distance() makes of its numbers.
    [[nodiscard]] double error(const Block& block) const {
        const double product = m_length * block.residue + m_residue * (block.length + block.residue);
        // The scan's own arithmetic and distance()'s, in 24 bits: generous, and far below the first term.
        const double sum = 1 + m_length + block.length;
        const double arithmetic = static_cast<double>(m_dim + 32) * 0x1p-23 * sum * sum;
        return (m_l2 ? 2 : 1) * product + arithmetic;
    }

    void lower(std::uint32_t person, double upper) {
        const auto known =
            std::find_if(m_best.begin(), m_best.end(), [person](const Person& p) { return p.person == person; });
        if (known != m_best.end()) {
            known->upper = std::min(known->upper, upper);
        } else if (m_best.size() < m_people) {
            m_best.push_back({person, upper});
        } else if (auto worst = std::max_element(m_best.begin(), m_best.end(), by_upper); upper < worst->upper) {
            *worst = {person, upper};
        } else {
            return;
        }
        if (m_best.size() == m_people) {
            m_limit = std::max_element(m_best.begin(), m_best.end(), by_upper)->upper;
        }
    }

    void prune() {
        std::erase_if(m_hits, [this](const Kept& kept) { return kept.lower > m_limit; });
    }

    static bool by_upper(const Person& a, const Person& b) { return a.upper < b.upper; }

    bool m_l2;
    std::size_t m_dim;
    std::size_t m_people;
    std::vector<std::int16_t> m_numbers;
    float m_scale{};
    double m_residue{};
    double m_length{};
    double m_limit{std::numeric_limits<double>::infinity()};
    std::vector<Person> m_best;  ///< at most m_people, the nearest so far
    std::vector<Kept> m_hits;
    bool m_too_many{false};
};

void CompressedRows::search(std::span<Probe> probes, std::span<const std::uint32_t> persons, std::size_t first_block,
                            std::size_t end_block) const {
    // A lone probe needs no tile; else the last tile is filled up with the probes before it.
    const std::size_t width = probes.size() == 1 ? 1 : k_tile;
    const auto scan = width == 1 ? m_scans.one : m_scans.tile;
    const std::size_t tiles = divide_up(probes.size(), width);
    std::vector<std::int32_t> numbers(tiles * m_pairs * width);
    std::vector<float> scales(tiles * width);
    for (std::size_t p = 0; p < tiles * width; ++p) {
        const auto& probe = probes[std::min(p, probes.size() - 1)];
        scales[p] = probe.scale();
        std::int32_t* to = numbers.data() + p / width * m_pairs * width + p % width;
        for (std::size_t i = 0; i < m_pairs; ++i) {
            to[i * width] = probe.pair(i);
        }
    }
    std::vector<Hit> hits(k_block * k_group * width);
    std::array<float, k_tile> cuts{};
    // The first rows all look good; short steps teach the limits soon.
    std::size_t step = 1;
    const std::size_t end = std::min(end_block * k_block, m_groups);
    for (std::size_t group = first_block * k_block; group < end;) {
        const auto& block = m_blocks[group / k_block];
        const std::size_t next = std::min({group + step, (group / k_block + 1) * k_block, end});
        for (std::size_t tile = 0; tile < tiles; ++tile) {
            for (std::size_t p = 0; p < width; ++p) {
                const std::size_t probe = tile * width + p;
                cuts[p] = probe < probes.size() ? probes[probe].cut(block) : -k_infinity;
            }
            const auto found = scan(
                {m_bytes.get() + group * m_pairs * k_group * 2, m_scales.data() + group * k_group,
                 m_offsets.data() + group * k_group, next - group, m_pairs, static_cast<std::uint32_t>(group * k_group),
                 numbers.data() + tile * m_pairs * width, scales.data() + tile * width, cuts.data(), hits.data()});
            for (std::size_t i = 0; i < found; ++i) {
                const auto person = persons[hits[i].row];
                if (person != gallery::k_nobody) {
                    probes[tile * width + hits[i].probe].take(hits[i], block, person);
                }
            }
        }
        group = next;
        step = std::min(2 * step, k_block);
    }
}

std::vector<Finalists> CompressedRows::finalists(std::span<const float> probes, std::span<const std::uint32_t> persons,
                                                 std::size_t people, int threads) const {
    const std::size_t count = probes.size() / m_dim;
    std::vector<Probe> fresh;
    for (std::size_t p = 0; p < count; ++p) {
        fresh.emplace_back(*this, probes.subspan(p * m_dim, m_dim), people);
    }
    std::vector<std::vector<Probe>> parts(static_cast<std::size_t>(std::max(threads, 1)));
    in_parts(m_blocks.size(), threads, [&](std::size_t part, std::size_t first, std::size_t end) {
        parts[part] = fresh;
        search(parts[part], persons, first, end);
    });
    std::vector<Finalists> answers;
    for (std::size_t p = 0; p < count; ++p) {
        for (const auto& part : parts) {
            if (!part.empty()) {
                fresh[p].merge(part[p]);
            }
        }
        answers.push_back(fresh[p].finish());
    }
    return answers;
}

}  // namespace mien::match
