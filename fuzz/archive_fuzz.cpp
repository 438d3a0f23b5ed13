// SPDX-License-Identifier: MIT

/// Stores made to harm: whatever the bytes, a gallery or Error{store_corrupt}. Then what fsck does with them.

#include <mien/core/error.hpp>
#include <mien/gallery/archive.hpp>
#include <mien/gallery/draft.hpp>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

template <class Value>
Value at(const std::vector<std::byte>& bytes, std::size_t offset) {
    Value value{};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

void put_sum(std::vector<std::byte>& bytes, std::size_t to, std::size_t from, std::size_t length) {
    if (from <= bytes.size() && length <= bytes.size() - from && to + 8 <= bytes.size()) {
        const auto sum = mien::xxh3(mien::Bytes(bytes).subspan(from, length));
        std::memcpy(bytes.data() + to, &sum, sizeof sum);
    }
}

/// Mends the checksums, or no input would come past them.
void mend(std::vector<std::byte>& bytes) {
    constexpr std::size_t k_parts = 14 * 16;
    if (bytes.size() < mien::gallery::k_header_size) {
        return;
    }
    if (at<std::uint32_t>(bytes, 8) == 1) {
        put_sum(bytes, 160, at<std::uint64_t>(bytes, 128), at<std::uint64_t>(bytes, 136));
        put_sum(bytes, 168, at<std::uint64_t>(bytes, 144), at<std::uint64_t>(bytes, 152));
    } else {
        const auto table = at<std::uint64_t>(bytes, 128);
        if (table <= bytes.size() - 256) {
            const auto body = 256 + table;
            const auto said = at<std::uint32_t>(bytes, 168);
            const auto chunk = std::max<std::size_t>(said == 0 ? std::size_t{64} << 10U : said, 64);
            for (std::size_t i = 0; body + i * chunk < bytes.size(); ++i) {
                const auto to = 256 + k_parts + i * 8;
                if (to + 8 <= body) {
                    put_sum(bytes, to, body + i * chunk, std::min(chunk, bytes.size() - body - i * chunk));
                }
            }
            put_sum(bytes, 136, 256, table);
            put_sum(bytes, 176, 256, std::min<std::size_t>(k_parts, table));
        }
    }
    put_sum(bytes, 248, 0, 248);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto* first = reinterpret_cast<const std::byte*>(data);
    const auto bytes = std::make_shared<std::vector<std::byte>>(first, first + size);
    mend(*bytes);
    try {
        const auto archive = mien::gallery::read_archive(*bytes, bytes);
        for (std::size_t row = 0; row < archive.gallery->rows(); ++row) {
            const auto record = archive.gallery->record(row);
            static_cast<void>(archive.gallery->find(record.key()));
        }
        static_cast<void>(mien::gallery::check_order(*archive.gallery));
        mien::gallery::Draft draft(archive.gallery);
        if (archive.gallery->rows() > 0) {
            draft.apply(mien::gallery::Operation{mien::gallery::Remove{archive.gallery->record(0).copy()}});
        }
        static_cast<void>(draft.finish()->persons());
    } catch (const mien::Error& error) {
        if (error.code() != mien::ErrorCode::store_corrupt) {
            std::abort();
        }
    }
    try {
        static_cast<void>(mien::gallery::salvage_archive(*bytes));
    } catch (const mien::Error&) {  // two records of one face: Gallery::build says so
    }
    return 0;
}
