// SPDX-License-Identifier: MIT
#include <mien/pipeline/result_log.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>

#include <cstring>
#include <limits>

namespace mien::pipeline {
namespace {

constexpr std::string_view k_magic = "mien results 2\n";
constexpr std::uint64_t k_largest_log = 1ULL << 36U;
constexpr std::size_t k_entry_header = sizeof(std::uint32_t) + sizeof(std::uint64_t);  // length, XXH3
constexpr std::size_t k_longest_reason = 4096;

/// Appends plain values to a buffer.
class Writer {
public:
    template <class Value>
    void put(const Value& value) {
        static_assert(std::is_trivially_copyable_v<Value>);
        put_block(&value, sizeof value);
    }
    void put_block(const void* data, std::size_t size) {
        const auto* bytes = static_cast<const std::byte*>(data);
        m_bytes.insert(m_bytes.end(), bytes, bytes + size);
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return m_bytes; }

private:
    std::vector<std::byte> m_bytes;
};

/// Takes plain values from bytes; past the end everything is zero and ok() false.
class Reader {
public:
    explicit Reader(Bytes bytes) : m_bytes(bytes) {}
    template <class Value>
    Value get() {
        Value value{};
        get_block(&value, sizeof value);
        return value;
    }
    void get_block(void* to, std::size_t size) {
        if (size > m_bytes.size()) {
            m_ok = false;
            m_bytes = {};
            return;
        }
        std::memcpy(to, m_bytes.data(), size);
        m_bytes = m_bytes.subspan(size);
    }
    [[nodiscard]] bool ok() const { return m_ok; }
    [[nodiscard]] std::size_t left() const { return m_bytes.size(); }

private:
    Bytes m_bytes;
    bool m_ok{true};
};

std::vector<std::byte> to_entry(const Sha256& photo, const FinishedPhoto& result) {
    const auto reason = std::string_view(result.reason).substr(0, k_longest_reason);
    Writer body;
    body.put(photo);
    body.put(static_cast<std::uint8_t>(result.verdict));
    body.put(static_cast<std::uint32_t>(reason.size()));
    body.put_block(reason.data(), reason.size());
    body.put(static_cast<std::uint32_t>(result.faces.size()));
    for (const auto& face : result.faces) {
        body.put(face.box);
        body.put(face.score);
        body.put(face.quality);
        body.put_block(face.encoding.data(), face.encoding.size() * sizeof(float));
    }
    Writer entry;
    entry.put(static_cast<std::uint32_t>(body.bytes().size()));
    entry.put(xxh3(body.bytes()));
    entry.put_block(body.bytes().data(), body.bytes().size());
    return entry.bytes();
}

/// Nothing where the bytes do not make sense.
std::optional<std::pair<Sha256, FinishedPhoto>> from_body(Bytes bytes, std::uint32_t dim) {
    Reader body(bytes);
    const auto photo = body.get<Sha256>();
    FinishedPhoto result;
    const auto verdict = body.get<std::uint8_t>();
    const auto reason_length = body.get<std::uint32_t>();
    if (verdict > static_cast<std::uint8_t>(Verdict::unreadable) || reason_length > body.left()) {
        return std::nullopt;
    }
    result.verdict = static_cast<Verdict>(verdict);
    result.reason.resize(reason_length);
    body.get_block(result.reason.data(), reason_length);
    const auto faces = body.get<std::uint32_t>();
    const std::size_t face_size = sizeof(Box) + 2 * sizeof(float) + dim * sizeof(float);
    if (!body.ok() || faces != body.left() / face_size || body.left() % face_size != 0) {
        return std::nullopt;
    }
    for (std::uint32_t i = 0; i < faces; ++i) {
        FinishedFace face{body.get<Box>(), body.get<float>(), body.get<float>(), std::vector<float>(dim)};
        body.get_block(face.encoding.data(), dim * sizeof(float));
        result.faces.push_back(std::move(face));
    }
    return std::pair{photo, std::move(result)};
}

}  // namespace

FinishedPhoto to_finished(PhotoResult&& result) {
    FinishedPhoto finished{result.verdict, std::move(result.reason), {}};
    for (auto& face : result.faces) {
        finished.faces.push_back({face.box, face.score, face.quality.score, std::move(face.encoding.values)});
    }
    return finished;
}

ResultLog::ResultLog(std::filesystem::path file, const std::string& fingerprint, std::uint32_t dim)
    : m_file(std::move(file)), m_header(std::string(k_magic) + fingerprint + "\n") {
    std::uint64_t good = 0;
    if (std::filesystem::exists(m_file)) {
        good = load(read_file(m_file, k_largest_log), dim);
    }
    m_out.emplace(m_file);
    m_out->truncate(good);
    if (good == 0) {
        m_out->append(std::as_bytes(std::span(m_header)));
    }
}

std::uint64_t ResultLog::load(Bytes bytes, std::uint32_t dim) {
    if (bytes.size() < m_header.size() || std::memcmp(bytes.data(), m_header.data(), m_header.size()) != 0) {
        return 0;  // made with other models or settings: worth nothing now
    }
    std::uint64_t good = m_header.size();
    for (;;) {
        Reader reader(bytes.subspan(good));
        const auto length = reader.get<std::uint32_t>();
        const auto checksum = reader.get<std::uint64_t>();
        if (!reader.ok() || length > reader.left()) {
            break;
        }
        const auto body = bytes.subspan(good + k_entry_header, length);
        auto entry = xxh3(body) == checksum ? from_body(body, dim) : std::nullopt;
        if (!entry) {
            break;
        }
        m_entries.insert_or_assign(entry->first, std::move(entry->second));
        good += k_entry_header + length;
    }
    if (good < bytes.size()) {
        log::warn("{}: the last {} bytes were not finished and are dropped", printable(m_file.native()),
                  bytes.size() - good);
    }
    return good;
}

const FinishedPhoto* ResultLog::find(const Sha256& photo) const {
    const auto found = m_entries.find(photo);
    return found == m_entries.end() ? nullptr : &found->second;
}

void ResultLog::append(const Sha256& photo, const FinishedPhoto& result) { m_out->append(to_entry(photo, result)); }

void ResultLog::remove() {
    m_out.reset();
    std::filesystem::remove(m_file);
}

}  // namespace mien::pipeline
