// SPDX-License-Identifier: MIT
#pragma once

/// The frames of train.mien.journal and train.mien.history; man mien-store.5 specifies them.

#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mien::gallery {

inline constexpr std::size_t k_log_header_size = 64;
inline constexpr std::size_t k_entry_header_size = 48;
inline constexpr std::size_t k_entry_trailer_size = 8;

enum class LogKind : std::uint32_t {
    journal = 1,  ///< changes that the archive beside it does not hold yet
    history = 2,  ///< changes that it does
};

struct LogHeader {
    LogKind kind{LogKind::journal};
    std::uint64_t archive{};  ///< a journal's archive (Lineage::id); 0 in a history
    std::uint64_t folded{};   ///< the last change that is not in this log because it is in what it continues
};

enum class EntryKind : std::uint32_t {
    change = 1,
    finished = 2,  ///< the files of the change with this number are where it wants them; no payload
};

struct Entry {
    EntryKind kind{EntryKind::change};
    std::uint64_t number{};
    std::uint64_t offset{};  ///< of the frame in the file
    Bytes payload;
};

std::string to_bytes(const LogHeader& header);

/// throws: Error{store_corrupt}
LogHeader read_log_header(Bytes file, LogKind kind);

/// The frame around a payload, to be appended with one write.
std::string frame(EntryKind kind, std::uint64_t number, std::string_view payload);

struct Entries {
    std::vector<Entry> entries;
    std::uint64_t end{};  ///< offset behind the last whole entry
    bool torn{};          ///< something follows that was never finished
};

/// Reads the entries from `at` to the end of the file. What a crash leaves at the end of a log is told from damage: it
/// is shorter than what it says, or has a sector of zeros, and nothing whole follows.
/// bytes: those of the file from `at` on; entries point into them
/// throws: Error{store_corrupt} with the offset of the damage
Entries read_entries(Bytes bytes, std::uint64_t at);

/// The size of the whole frame at the start of the bytes; 0: there is none.
std::size_t entry_size(Bytes bytes);

/// Where the next whole frame begins in the bytes, at or after `from`.
std::optional<std::size_t> find_entry(Bytes bytes, std::size_t from);

/// A log that may be larger than memory should hold: it knows where the entries are and reads them one by one.
class LogFile {
public:
    struct Place {
        EntryKind kind{EntryKind::change};
        std::uint64_t number{};
        std::uint64_t offset{};  ///< of the frame
        std::uint64_t length{};  ///< of the payload
    };

    /// A file that is absent is an empty log.
    /// throws: Error{store_corrupt} with the file and the offset
    LogFile(std::filesystem::path path, LogKind kind);

    [[nodiscard]] bool exists() const { return m_fd.is_open(); }
    [[nodiscard]] const LogHeader& header() const { return m_header; }
    [[nodiscard]] const std::vector<Place>& places() const { return m_places; }
    /// Behind the last whole entry.
    [[nodiscard]] std::uint64_t end() const { return m_end; }
    /// throws: Error{store_corrupt} if it is damaged
    [[nodiscard]] std::string payload(const Place& place) const;

private:
    [[nodiscard]] std::string read(std::uint64_t offset, std::uint64_t length) const;
    void find_places(std::uint64_t size);

    std::filesystem::path m_path;
    FileDescriptor m_fd;
    LogHeader m_header;
    std::vector<Place> m_places;
    std::uint64_t m_end{};
};

}  // namespace mien::gallery
