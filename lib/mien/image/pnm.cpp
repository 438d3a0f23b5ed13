// SPDX-License-Identifier: MIT
// Read by ourselves: OpenCV leaves samples as they are when the brightest is not 255, and takes a cut file for a whole
// one.
#include <mien/image/formats.hpp>

#include <algorithm>
#include <array>

namespace mien::image {
namespace {

struct PnmHeader {
    int kind{};  ///< 1..6, as in "P6"
    std::uint64_t width{};
    std::uint64_t height{};
    std::uint32_t max{1};
    std::uint64_t data_at{};

    [[nodiscard]] bool bitmap() const { return kind == 1 || kind == 4; }
    [[nodiscard]] bool binary() const { return kind >= 4; }
    [[nodiscard]] int channels() const { return kind == 3 || kind == 6 ? 3 : 1; }
};

bool is_blank(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }

/// Words of the header and of the plain (ASCII) kinds.
class PnmText {
public:
    PnmText(Bytes file, std::uint64_t at) : m_reader(file, ByteOrder::big, "PNM"), m_at(at) {}

    [[nodiscard]] std::uint64_t at() const { return m_at; }

    /// The next number. Comments run from # to the end of the line.
    std::uint32_t number() {
        skip_blanks();
        constexpr std::uint32_t k_limit = 100'000'000;
        std::uint32_t value = 0;
        if (!is_digit(m_reader.u8(m_at))) {
            refuse_damaged("PNM", "a number is missing");
        }
        for (; m_reader.holds(m_at, 1) && is_digit(m_reader.u8(m_at)); ++m_at) {
            value = value * 10 + (m_reader.u8(m_at) - std::uint32_t{'0'});
            if (value > k_limit) {
                refuse_damaged("PNM", "a number is too large");
            }
        }
        return value;
    }

    /// The next 0 or 1 of a plain bitmap, where blanks between them may be missing.
    bool bit() {
        skip_blanks();
        const auto c = m_reader.u8(m_at++);
        if (c != '0' && c != '1') {
            refuse_damaged("PNM", "a bit is neither 0 nor 1");
        }
        return c == '1';
    }

private:
    void skip_blanks() {
        while (true) {
            const auto c = m_reader.u8(m_at);
            if (c == '#') {
                while (m_reader.u8(m_at) != '\n' && m_reader.u8(m_at) != '\r') {
                    ++m_at;
                }
            } else if (!is_blank(c)) {
                return;
            }
            ++m_at;
        }
    }

    Reader m_reader;
    std::uint64_t m_at;
};

PnmHeader read_pnm_header(Bytes file) {
    const Reader reader(file, ByteOrder::big, "PNM");
    PnmHeader header;
    header.kind = reader.u8(1) - '0';
    PnmText text(file, 2);
    header.width = text.number();
    header.height = text.number();
    if (!header.bitmap()) {
        header.max = text.number();
        if (header.max < 1 || header.max > 65535) {
            refuse_damaged("PNM", "its brightest value is not within 1 and 65535");
        }
    }
    header.data_at = text.at() + (header.binary() ? 1 : 0);  // one blank ends a binary header
    return header;
}

/// The bytes of a row; of a plain kind the fewest that it can take.
std::uint64_t row_size(const PnmHeader& header) {
    const auto samples = header.width * static_cast<std::uint64_t>(header.channels());
    switch (header.kind) {
        case 1: return samples;
        case 2:
        case 3: return samples * 2;  // a digit and what separates it, also from the header
        case 4: return (header.width + 7) / 8;
        default: return samples * (header.max > 255 ? 2 : 1);
    }
}

/// Hands out the samples of one row after the other, 0..255.
class PnmSamples {
public:
    PnmSamples(Bytes file, const PnmHeader& header)
        : m_header(header), m_reader(file, ByteOrder::big, "PNM"), m_text(file, header.data_at), m_at(header.data_at) {}

    void next_row() {
        if (m_header.binary()) {
            const auto size = row_size(m_header);
            m_row = m_reader.part(m_at, size);
            m_at += size;
            m_next = 0;
        }
    }

    std::uint8_t next() {
        switch (m_header.kind) {
            case 1: return m_text.bit() ? 0 : 255;  // 1 is ink
            case 4: {
                const auto bits = byte(m_next / 8);
                return (bits >> (7U - m_next++ % 8) & 1U) != 0 ? 0 : 255;
            }
            case 2:
            case 3: return eight_bits(m_text.number());
            default: break;
        }
        if (m_header.max == 255) {
            return static_cast<std::uint8_t>(byte(m_next++));
        }
        if (m_header.max < 256) {
            return eight_bits(byte(m_next++));
        }
        const auto high = byte(m_next++);
        return eight_bits(high << 8U | byte(m_next++));
    }

private:
    [[nodiscard]] std::uint32_t byte(std::size_t at) const { return std::to_integer<std::uint32_t>(m_row[at]); }
    [[nodiscard]] std::uint8_t eight_bits(std::uint32_t value) const {
        return static_cast<std::uint8_t>((std::min(value, m_header.max) * 255U + m_header.max / 2) / m_header.max);
    }

    PnmHeader m_header;
    Reader m_reader;
    PnmText m_text;
    std::uint64_t m_at;
    Bytes m_row;
    std::size_t m_next{};
};

}  // namespace

Stored read_pnm(Bytes file) {
    const auto header = read_pnm_header(file);
    Stored stored{Format::pnm, header.width, header.height, 1, {}};
    const Reader reader(file, ByteOrder::big, "PNM");
    if (header.width <= k_max_side && header.height <= k_max_side &&
        !reader.holds(header.data_at, row_size(header) * header.height)) {
        stored.refusal = "the PNM file is cut short";
    }
    return stored;
}

cv::Mat decode_pnm(Bytes file) {
    const auto header = read_pnm_header(file);
    PnmSamples samples(file, header);
    cv::Mat bgr(static_cast<int>(header.height), static_cast<int>(header.width), CV_8UC3);
    for (int y = 0; y < bgr.rows; ++y) {
        auto* row = bgr.ptr<cv::Vec3b>(y);
        samples.next_row();
        for (int x = 0; x < bgr.cols; ++x) {
            if (header.channels() == 1) {
                row[x] = cv::Vec3b::all(samples.next());
            } else {
                const auto red = samples.next();
                const auto green = samples.next();
                row[x] = {samples.next(), green, red};
            }
        }
    }
    return bgr;
}

}  // namespace mien::image
