// SPDX-License-Identifier: MIT
#pragma once

/// Faces made from numbers: seeded clusters of unit vectors, to test stores and matchers without photos.

#include <mien/gallery/gallery.hpp>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace mien::test {

struct SyntheticPeople {
    std::size_t people{10};
    std::size_t photos_each{4};
    std::uint32_t dim{16};
    double spread{0.1};  ///< standard deviation of each number around the person's own
    unsigned seed{1};
};

inline std::vector<float> unit(std::vector<float> values) {
    double sum = 0;
    for (const float value : values) {
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    for (float& value : values) {
        value = static_cast<float>(static_cast<double>(value) / std::sqrt(sum));
    }
    return values;
}

inline std::string person_label(std::size_t person) { return "person_" + std::to_string(person); }

inline ModelContract synthetic_contract(std::uint32_t dim, Metric metric = Metric::cosine) {
    return {"synthetic", to_hex(sha256("synthetic")), dim, metric};
}

inline std::vector<gallery::Record> synthetic_records(const SyntheticPeople& wanted) {
    std::mt19937 random(wanted.seed);
    std::normal_distribution<double> normal;
    std::vector<gallery::Record> records;
    for (std::size_t person = 0; person < wanted.people; ++person) {
        std::vector<float> centre(wanted.dim);
        for (float& value : centre) {
            value = static_cast<float>(normal(random));
        }
        centre = unit(centre);
        for (std::size_t photo = 0; photo < wanted.photos_each; ++photo) {
            auto encoding = centre;
            for (float& value : encoding) {
                value += static_cast<float>(wanted.spread * normal(random));
            }
            const auto name = person_label(person) + "/" + std::to_string(photo) + ".jpg";
            records.push_back({person_label(person), "dataset_training/" + name, sha256(name), Box{1, 2, 30, 40}, 0.9F,
                               0.5F, Origin::train, 1769850000, unit(encoding)});
        }
    }
    return records;
}

inline std::shared_ptr<const gallery::Gallery> synthetic_gallery(const SyntheticPeople& wanted,
                                                                 std::vector<gallery::SkippedPhoto> skipped = {}) {
    return gallery::Gallery::build({synthetic_contract(wanted.dim), "{\"revision\":1}", "fingerprint"},
                                   synthetic_records(wanted), std::move(skipped));
}

}  // namespace mien::test
