// SPDX-License-Identifier: MIT
#include <mien/gallery/journal.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mien::gallery {
namespace {

// As the archive's: no text, and a transfer that took the file for text shows.
constexpr std::array<char, 8> k_log_magic{'\x89', 'M', 'J', 'L', '\r', '\n', '\x1a', '\n'};
constexpr std::uint32_t k_log_version = 1;
constexpr std::uint64_t k_sync = 0xD6E1A0F35C9B7A42ULL;     // begins each frame, so that one can be found again
constexpr std::uint64_t k_trailer = 0xB5A94E1F7D3C8663ULL;  // ends it: no byte is zero
constexpr std::size_t k_sector = 512;                       // what a disk writes whole or not at all

struct RawLogHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t kind;
    std::uint64_t archive;
    std::uint64_t folded;
    std::array<std::uint8_t, 24> reserved;
    std::uint64_t checksum;  ///< of all bytes before it
};
static_assert(sizeof(RawLogHeader) == k_log_header_size);

struct RawEntryHeader {
    std::uint64_t sync;
    std::uint64_t length;  ///< of the payload
    std::uint64_t number;
    std::uint32_t kind;
    std::uint32_t reserved;
    std::uint64_t payload_checksum;
    std::uint64_t header_checksum;  ///< of all bytes before it
};
static_assert(sizeof(RawEntryHeader) == k_entry_header_size);

template <class Header>
Bytes before_checksum(const Header& header) {
    return std::as_bytes(std::span(&header, 1)).first(sizeof(Header) - sizeof(std::uint64_t));
}

[[noreturn]] void corrupt(const std::string& what, std::uint64_t offset) {
    throw Error(ErrorCode::store_corrupt, what + " (at byte " + std::to_string(offset) + ")");
}

template <class Raw>
std::string bytes_of(const Raw& raw) {
    return {reinterpret_cast<const char*>(&raw), sizeof raw};
}

/// The header at the start of the bytes, if it is whole.
std::optional<RawEntryHeader> entry_header(Bytes bytes) {
    RawEntryHeader header{};
    if (bytes.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    const bool good = header.sync == k_sync && header.header_checksum == xxh3(before_checksum(header));
    return good ? std::optional(header) : std::nullopt;
}

/// The whole frame at the start of the bytes: its size, or nothing.
std::optional<std::size_t> whole_frame(Bytes bytes) {
    const auto header = entry_header(bytes);
    const auto room = bytes.size() - std::min(bytes.size(), k_entry_header_size + k_entry_trailer_size);
    if (!header || header->length > room || header->length > bytes.size()) {
        return std::nullopt;
    }
    const auto payload = bytes.subspan(k_entry_header_size, header->length);
    std::uint64_t trailer{};
    std::memcpy(&trailer, bytes.data() + k_entry_header_size + header->length, sizeof trailer);
    if (trailer != k_trailer || xxh3(payload) != header->payload_checksum) {
        return std::nullopt;
    }
    return k_entry_header_size + header->length + k_entry_trailer_size;
}

/// Whether what lies from `at` to the end of the file is what a crash leaves of an append: less than the frame says, or
/// a sector that never reached the disk.
bool is_torn(Bytes rest, std::uint64_t at) {
    const auto header = entry_header(rest);
    const auto least = k_entry_header_size + k_entry_trailer_size;
    if (rest.size() < least || (header && header->length > rest.size() - least)) {
        return true;
    }
    for (std::size_t begin = 0; begin < rest.size();) {
        const auto end = std::min<std::size_t>(rest.size(), begin + k_sector - (at + begin) % k_sector);
        if (std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(begin),
                        rest.begin() + static_cast<std::ptrdiff_t>(end),
                        [](std::byte byte) { return byte == std::byte{0}; })) {
            return true;
        }
        begin = end;
    }
    return false;
}

}  // namespace

std::string to_bytes(const LogHeader& header) {
    RawLogHeader raw{
        k_log_magic, k_log_version, static_cast<std::uint32_t>(header.kind), header.archive, header.folded, {}, 0};
    raw.checksum = xxh3(before_checksum(raw));
    return bytes_of(raw);
}

LogHeader read_log_header(Bytes file, LogKind kind) {
    RawLogHeader raw{};
    if (file.size() < sizeof raw) {
        corrupt("the file is shorter than its header", file.size());
    }
    std::memcpy(&raw, file.data(), sizeof raw);
    if (raw.magic != k_log_magic) {
        corrupt("this is no journal of mien", 0);
    }
    if (raw.checksum != xxh3(before_checksum(raw))) {
        corrupt("the header is damaged", 0);
    }
    if (raw.version != k_log_version || raw.kind != static_cast<std::uint32_t>(kind)) {
        corrupt("the file has another format than this mien reads", offsetof(RawLogHeader, version));
    }
    return {kind, raw.archive, raw.folded};
}

std::string frame(EntryKind kind, std::uint64_t number, std::string_view payload) {
    RawEntryHeader header{k_sync, payload.size(), number, static_cast<std::uint32_t>(kind), 0, 0, 0};
    header.payload_checksum = xxh3(std::as_bytes(std::span(payload)));
    header.header_checksum = xxh3(before_checksum(header));
    std::string bytes;
    bytes.reserve(k_entry_header_size + payload.size() + k_entry_trailer_size);
    bytes += bytes_of(header);
    bytes += payload;
    bytes += bytes_of(k_trailer);
    return bytes;
}

Entries read_entries(Bytes bytes, std::uint64_t at) {
    Entries result;
    std::size_t good = 0;
    while (good < bytes.size()) {
        const auto rest = bytes.subspan(good);
        const auto size = whole_frame(rest);
        if (!size) {
            if (find_entry(bytes, good + 1) || !is_torn(rest, at + good)) {
                corrupt("an entry is damaged", at + good);
            }
            result.torn = true;
            break;
        }
        const auto header = *entry_header(rest);
        if (header.kind != static_cast<std::uint32_t>(EntryKind::change) &&
            header.kind != static_cast<std::uint32_t>(EntryKind::finished)) {
            corrupt("an entry is of a kind that this mien does not know", at + good);
        }
        result.entries.push_back({static_cast<EntryKind>(header.kind), header.number, at + good,
                                  rest.subspan(k_entry_header_size, header.length)});
        good += *size;
    }
    result.end = at + good;
    return result;
}

std::size_t entry_size(Bytes bytes) { return whole_frame(bytes).value_or(0); }

std::optional<std::size_t> find_entry(Bytes bytes, std::size_t from) {
    std::array<std::byte, sizeof k_sync> sync{};
    std::memcpy(sync.data(), &k_sync, sizeof k_sync);
    for (auto at = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, bytes.size()));; ++at) {
        at = std::search(at, bytes.end(), sync.begin(), sync.end());
        if (at == bytes.end()) {
            return std::nullopt;
        }
        const auto offset = static_cast<std::size_t>(at - bytes.begin());
        if (whole_frame(bytes.subspan(offset))) {
            return offset;
        }
    }
}

LogFile::LogFile(std::filesystem::path path, LogKind kind) : m_path(std::move(path)) {
    const auto state = file_state(m_path);
    if (!state) {
        return;
    }
    m_fd = FileDescriptor(::open(m_path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!m_fd.is_open()) {
        throw_errno("cannot open " + printable(m_path.native()));
    }
    try {
        const auto header = read(0, std::min<std::uint64_t>(state->size, k_log_header_size));
        m_header = read_log_header(std::as_bytes(std::span(header)), kind);
        find_places(state->size);
    } catch (const Error& error) {
        throw Error(error.code(), printable(m_path.native()) + ": " + error.what());
    }
}

void LogFile::find_places(std::uint64_t size) {
    for (m_end = k_log_header_size; m_end < size;) {
        const auto bytes = read(m_end, std::min<std::uint64_t>(size - m_end, k_entry_header_size));
        const auto header = entry_header(std::as_bytes(std::span(bytes)));
        const auto left = size - m_end;
        if (!header || left < k_entry_header_size + k_entry_trailer_size ||
            header->length > left - k_entry_header_size - k_entry_trailer_size) {
            // Damaged, or cut off: whoever reads the rest can tell.
            const auto rest = read(m_end, left);
            m_end = read_entries(std::as_bytes(std::span(rest)), m_end).end;
            return;
        }
        m_places.push_back({static_cast<EntryKind>(header->kind), header->number, m_end, header->length});
        m_end += k_entry_header_size + header->length + k_entry_trailer_size;
    }
}

std::string LogFile::payload(const Place& place) const {
    const auto bytes = read(place.offset, k_entry_header_size + place.length + k_entry_trailer_size);
    if (!whole_frame(std::as_bytes(std::span(bytes)))) {
        throw Error(ErrorCode::store_corrupt, printable(m_path.native()) + ": an entry is damaged (at byte " +
                                                  std::to_string(place.offset) + ")");
    }
    return bytes.substr(k_entry_header_size, place.length);
}

std::string LogFile::read(std::uint64_t offset, std::uint64_t length) const {
    std::string bytes(length, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto got =
            ::pread(m_fd.get(), bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(offset + filled));
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_errno("cannot read " + printable(m_path.native()));
        }
        if (got == 0) {
            break;  // shortened meanwhile
        }
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

}  // namespace mien::gallery
