// SPDX-License-Identifier: MIT

/// Tables, lines and archives made to harm: whatever the bytes, checked records or an Error; and what was read can be
/// written and read again.

#include <mien/core/error.hpp>
#include <mien/exchange/collection.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

using mien::exchange::Format;

/// The first byte says the format.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::array k_formats{Format::jsonl, Format::csv, Format::npz};
    const auto format = k_formats.at(data[0] % k_formats.size());
    try {
        const auto read =
            mien::exchange::read(std::as_bytes(std::span(data, size).subspan(1)), format, {.skip_bad = true});
        if (!read.contract) {
            return 0;
        }
        mien::exchange::Contents contents{{*read.contract, read.settings, read.fingerprint},
                                          read.entries.size(),
                                          [&read](std::size_t i) {
                                              const auto& r = read.entries[i].record;
                                              return mien::gallery::RecordView{
                                                  0,       r.label,   r.photo,  r.photo_hash, r.box,
                                                  r.score, r.quality, r.origin, r.time,       r.encoding};
                                          },
                                          read.skipped,
                                          read.denials,
                                          &read.extras};
        std::string written;
        mien::exchange::write(contents, format, [&written](std::string_view piece) { written += piece; });
        const auto again = mien::exchange::read(std::as_bytes(std::span(written)), format);
        if (again.entries.size() != read.entries.size()) {
            std::abort();
        }
    } catch (const mien::Error&) {
    }
    return 0;
}
