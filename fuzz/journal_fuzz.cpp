// SPDX-License-Identifier: MIT

/// Journals made to harm: entries that a small gallery takes, or Error{store_corrupt, model_mismatch}.

#include <mien/core/error.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/journal.hpp>

#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using namespace mien;
using namespace mien::gallery;

/// Mends the checksums and marks of the frames, as far as their lengths lead.
void mend(std::vector<std::byte>& bytes) {
    const auto whole = to_bytes(LogHeader{LogKind::journal, 0, 0});
    if (bytes.size() < whole.size()) {
        return;
    }
    std::memcpy(bytes.data(), whole.data(), whole.size());
    for (std::size_t at = whole.size(); at + k_entry_header_size + k_entry_trailer_size <= bytes.size();) {
        std::uint64_t length{};
        std::uint64_t number{};
        std::uint32_t kind{};
        std::memcpy(&length, bytes.data() + at + 8, sizeof length);
        std::memcpy(&number, bytes.data() + at + 16, sizeof number);
        std::memcpy(&kind, bytes.data() + at + 24, sizeof kind);
        if (length > bytes.size() - at - k_entry_header_size - k_entry_trailer_size) {
            return;
        }
        const std::string payload(reinterpret_cast<const char*>(bytes.data()) + at + k_entry_header_size, length);
        const auto framed = frame(static_cast<EntryKind>(kind), number, payload);
        std::memcpy(bytes.data() + at, framed.data(), framed.size());
        at += framed.size();
    }
}

std::shared_ptr<const Gallery> small_gallery() {
    static const auto gallery = Gallery::build(
        {{"numbers", std::string(64, '0'), 4, Metric::l2}, {}, {}},
        std::vector<Record>{{"ada", "a.jpg", sha256("a"), {1, 2, 3, 4}, 1, 1, Origin::train, 5, {1, 2, 3, 4}}});
    return gallery;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto* first = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> bytes(first, first + size);
    mend(bytes);
    try {
        static_cast<void>(read_log_header(bytes, LogKind::journal));
        const auto read = read_entries(Bytes(bytes).subspan(k_log_header_size), k_log_header_size);
        Draft draft(small_gallery());
        for (const auto& entry : read.entries) {
            const auto change = change_from_bytes(entry.payload);
            // What was read is what would be written.
            const auto again = to_bytes(change);
            if (again.size() != entry.payload.size()) {
                std::abort();
            }
            draft.apply(change);
        }
        const auto gallery = draft.finish();
        for (std::size_t row = 0; row < gallery->rows(); ++row) {
            if (!gallery->is_vacant(row)) {
                static_cast<void>(gallery->record(row));
            }
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::store_corrupt && error.code() != ErrorCode::model_mismatch) {
            std::abort();
        }
    }
    return 0;
}
