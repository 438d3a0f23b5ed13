// SPDX-License-Identifier: MIT

/// Stores made to harm: whatever the bytes, a gallery or Error{store_corrupt}.

#include <mien/core/error.hpp>
#include <mien/gallery/archive.hpp>

#include <cstring>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto* first = reinterpret_cast<const std::byte*>(data);
    const auto bytes = std::make_shared<std::vector<std::byte>>(first, first + size);
    // Mend the checksums, or no input would come past them.
    const auto mend = [&bytes](std::size_t at, std::size_t offset_at, std::size_t length_at) {
        std::uint64_t offset{};
        std::uint64_t length{};
        std::memcpy(&offset, bytes->data() + offset_at, sizeof offset);
        std::memcpy(&length, bytes->data() + length_at, sizeof length);
        if (offset <= bytes->size() && length <= bytes->size() - offset) {
            const auto sum = mien::xxh3(mien::Bytes(*bytes).subspan(offset, length));
            std::memcpy(bytes->data() + at, &sum, sizeof sum);
        }
    };
    if (size >= mien::gallery::k_header_size) {
        mend(160, 128, 136);
        mend(168, 144, 152);
        const auto sum = mien::xxh3(mien::Bytes(*bytes).first(248));
        std::memcpy(bytes->data() + 248, &sum, sizeof sum);
    }
    try {
        const auto gallery = mien::gallery::read_archive(*bytes, bytes);
        for (std::size_t i = 0; i < gallery->size(); ++i) {
            static_cast<void>(gallery->record(i));
        }
    } catch (const mien::Error&) {
    }
    return 0;
}
