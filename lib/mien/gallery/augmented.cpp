// SPDX-License-Identifier: MIT
#include <mien/gallery/augmented.hpp>

#include <mien/core/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <set>

namespace mien::gallery {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are kept as they lie in memory");

std::size_t copies_in(std::string_view bytes, std::size_t dim) {
    const std::size_t each = dim * sizeof(float);
    if (bytes.size() % each != 0 || bytes.size() / each > k_most_augmented) {
        throw Error(ErrorCode::store_corrupt,
                    "the encodings of altered copies of a face are damaged; 'mien train --augment 0' drops them");
    }
    return bytes.size() / each;
}

}  // namespace

std::string augmented_name(const RecordKey& key) {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx",
                  static_cast<unsigned long long>(record_id(key.photo_hash, key.box)));
    return std::string(k_augmented_prefix) + digits.data();
}

std::string augmented_bytes(std::span<const float> encodings) {
    return {reinterpret_cast<const char*>(encodings.data()), encodings.size_bytes()};
}

std::vector<float> augmented_of(const Gallery& gallery, const RecordKey& key) {
    const auto bytes = gallery.extra(augmented_name(key));
    std::vector<float> encodings(copies_in(bytes, gallery.contract().dim) * gallery.contract().dim);
    if (!encodings.empty()) {
        std::memcpy(encodings.data(), bytes.data(), bytes.size());
    }
    return encodings;
}

bool keeps_augmented(const Gallery& gallery) {
    const auto first = gallery.extras().lower_bound(k_augmented_prefix);
    return first != gallery.extras().end() && first->first.starts_with(k_augmented_prefix);
}

std::size_t augmented_copies(const Gallery& gallery) {
    std::size_t most = 0;
    const auto& extras = gallery.extras();
    for (auto extra = extras.lower_bound(k_augmented_prefix);
         extra != extras.end() && extra->first.starts_with(k_augmented_prefix); ++extra) {
        most = std::max(most, copies_in(extra->second, gallery.contract().dim));
    }
    return most;
}

std::vector<Operation> without_augmented(const Gallery& gallery, std::span<const Operation> operations) {
    if (!keeps_augmented(gallery)) {
        return {};
    }
    std::set<std::string> gone;
    for (const auto& operation : operations) {
        if (const auto* remove = std::get_if<Remove>(&operation)) {
            gone.insert(augmented_name(remove->record.key()));
        }
    }
    for (const auto& operation : operations) {
        if (const auto* add = std::get_if<Add>(&operation)) {
            gone.erase(augmented_name(add->record.key()));
        } else if (const auto* extra = std::get_if<SetExtra>(&operation)) {
            gone.erase(extra->name);
        }
    }
    std::vector<Operation> more;
    for (const auto& name : gone) {
        if (const auto before = gallery.extra(name); !before.empty()) {
            more.emplace_back(SetExtra{name, std::string(before), {}});
        }
    }
    return more;
}

}  // namespace mien::gallery
