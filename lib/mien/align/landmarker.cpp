// SPDX-License-Identifier: MIT
#include <mien/align/landmarker.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

extern "C" const unsigned char mien_starter_landmarks[];
extern "C" const unsigned char mien_starter_landmarks_end[];

namespace mien::align {
namespace {

/// What is wrong with a file, for the message that its owner writes.
struct Damage {
    const char* what;
};

/// dlib's portable serialisation: integers as a byte that says their length and sign and then their bytes, lowest
/// first; floats as an integer and the power of two to multiply it with. dlib's own reader takes 0.4 s for the 100 MB
/// of the 68-point file, this one a fraction of that.
class DlibReader {
public:
    explicit DlibReader(Bytes bytes) : m_at(bytes.data()), m_end(bytes.data() + bytes.size()) {}

    std::int64_t integer() {
        const auto control = next();
        const unsigned length = control & 0x0FU;
        if ((control & 0x70U) != 0 || length == 0 || length > 8) {
            throw Damage{"a number is damaged"};
        }
        std::uint64_t value = 0;
        for (unsigned i = 0; i < length; ++i) {
            value |= static_cast<std::uint64_t>(next()) << (8 * i);
        }
        if (value > static_cast<std::uint64_t>(INT64_MAX)) {
            throw Damage{"a number is damaged"};
        }
        const auto magnitude = static_cast<std::int64_t>(value);
        return (control & 0x80U) != 0 ? -magnitude : magnitude;
    }

    float real() {
        const auto mantissa = integer();
        const auto exponent = integer();
        if (exponent < -1000 || exponent > 1000) {
            throw Damage{"a number is not finite"};
        }
        const auto whole = static_cast<float>(mantissa);
        const auto biased = exponent + 127;
        const float value = biased > 0 && biased < 255
                                ? whole * std::bit_cast<float>(static_cast<std::uint32_t>(biased) << 23)
                                : std::ldexp(whole, static_cast<int>(exponent));
        if (!std::isfinite(value)) {
            throw Damage{"a number is not finite"};
        }
        return value;
    }

    /// The length of a list whose elements take at least `least` bytes each: bounded by what the file can hold.
    std::size_t length(std::size_t least) {
        const auto value = integer();
        if (value < 0 || static_cast<std::uint64_t>(value) > static_cast<std::uint64_t>(m_end - m_at) / least) {
            throw Damage{"it ends too early"};
        }
        return static_cast<std::size_t>(value);
    }

    /// A column of floats.
    std::size_t column_size() {
        const auto rows = integer();
        const auto columns = integer();
        if (rows > 0 || columns != -1 || -rows > (m_end - m_at) / 4) {
            throw Damage{"a list of points is damaged"};
        }
        return static_cast<std::size_t>(-rows);
    }

    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(m_end - m_at); }

private:
    unsigned next() {
        if (m_at == m_end) {
            throw Damage{"it ends too early"};
        }
        return std::to_integer<unsigned>(*m_at++);
    }

    const std::byte* m_at;
    const std::byte* m_end;
};

/// A box in whole pixels whose last column and row belong to it, as dlib counts.
struct PixelBox {
    long left{};
    long top{};
    long right{};
    long bottom{};
};

/// An ensemble of regression trees.
/// source: V. Kazemi, J. Sullivan: One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR 2014;
/// the order of the arithmetic is dlib's shape_predictor's
class Predictor {
public:
    explicit Predictor(Bytes bytes) {
        DlibReader reader(bytes);
        if (reader.integer() != 1) {
            throw Damage{"it is no shape predictor"};
        }
        m_mean.resize(reader.column_size());
        if (m_mean.size() < 4 || m_mean.size() % 2 != 0) {
            throw Damage{"it is no shape predictor"};
        }
        for (auto& value : m_mean) {
            value = reader.real();
        }
        m_cascades.resize(reader.length(1));
        for (auto& cascade : m_cascades) {
            read_trees(reader, cascade);
        }
        if (reader.length(1) != m_cascades.size()) {
            throw Damage{"its parts do not fit each other"};
        }
        for (auto& cascade : m_cascades) {
            cascade.places.resize(reader.length(2));
            for (auto& place : cascade.places) {
                const auto anchor = reader.integer();
                if (anchor < 0 || static_cast<std::size_t>(anchor) >= points()) {
                    throw Damage{"its parts do not fit each other"};
                }
                place.anchor = static_cast<std::uint32_t>(anchor);
            }
        }
        if (reader.length(1) != m_cascades.size()) {
            throw Damage{"its parts do not fit each other"};
        }
        for (auto& cascade : m_cascades) {
            if (reader.length(8) != cascade.places.size() || cascade.places.size() <= cascade.largest_place) {
                throw Damage{"its parts do not fit each other"};
            }
            for (auto& place : cascade.places) {
                place.x = reader.real();
                place.y = reader.real();
            }
        }
    }

    [[nodiscard]] std::size_t points() const { return m_mean.size() / 2; }

    /// Whole pixels, as dlib gives them.
    [[nodiscard]] std::vector<Point> predict(const cv::Mat& bgr, const PixelBox& box) const {
        auto shape = m_mean;
        std::vector<float> seen;
        std::vector<const float*> leaves;
        const auto width = static_cast<double>(box.right - box.left);
        const auto height = static_cast<double>(box.bottom - box.top);
        const auto to_pixel = [&box, width, height](double x, double y) {
            return std::pair{std::floor(static_cast<double>(box.left) + width * x + 0.5),
                             std::floor(static_cast<double>(box.top) + height * y + 0.5)};
        };
        for (const auto& cascade : m_cascades) {
            look(bgr, shape, cascade, to_pixel, seen);
            // Which leaf of each tree first, then their sums: the leaves lie far apart in memory, and the processor
            // can be told early which ones are coming.
            leaves.clear();
            for (std::size_t tree = 0; tree < cascade.trees; ++tree) {
                const auto* splits = cascade.splits.data() + tree * cascade.splits_per_tree;
                std::size_t node = 0;
                while (node < cascade.splits_per_tree) {
                    const auto& split = splits[node];
                    node = 2 * node + (seen[split.one] - seen[split.other] > split.threshold ? 1 : 2);
                }
                leaves.push_back(cascade.leaves.data() +
                                 (tree * (cascade.splits_per_tree + 1) + node - cascade.splits_per_tree) *
                                     shape.size());
            }
            constexpr std::size_t k_ahead = 8;
            for (std::size_t tree = 0; tree < leaves.size(); ++tree) {
                if (tree + k_ahead < leaves.size()) {
                    for (std::size_t i = 0; i < shape.size(); i += 16) {
                        __builtin_prefetch(leaves[tree + k_ahead] + i);
                    }
                }
                const float* leaf = leaves[tree];
                for (std::size_t i = 0; i < shape.size(); ++i) {
                    shape[i] += leaf[i];
                }
            }
        }
        std::vector<Point> answer(points());
        for (std::size_t i = 0; i < answer.size(); ++i) {
            const auto [x, y] = to_pixel(static_cast<double>(shape[2 * i]), static_cast<double>(shape[2 * i + 1]));
            answer[i] = {static_cast<float>(x), static_cast<float>(y)};
        }
        return answer;
    }

private:
    struct Split {
        std::uint16_t one{};
        std::uint16_t other{};
        float threshold{};
    };
    /// A pixel to look at: relative to a point of the mean shape.
    struct Place {
        std::uint32_t anchor{};
        float x{};
        float y{};
    };
    struct Cascade {
        std::size_t trees{};
        std::size_t splits_per_tree{};
        std::size_t largest_place{};
        std::vector<Split> splits;
        std::vector<float> leaves;  ///< trees × (splits + 1) × shape
        std::vector<Place> places;
    };

    void read_trees(DlibReader& reader, Cascade& cascade) const {
        cascade.trees = reader.length(2);
        for (std::size_t tree = 0; tree < cascade.trees; ++tree) {
            const auto splits = reader.length(8);
            if (tree == 0) {
                if (splits == 0 || !std::has_single_bit(splits + 1) || splits > 0xFFFF) {
                    throw Damage{"a tree is damaged"};
                }
                cascade.splits_per_tree = splits;
            }
            if (splits != cascade.splits_per_tree) {
                throw Damage{"its trees differ in depth"};
            }
            for (std::size_t i = 0; i < splits; ++i) {
                Split split;
                split.one = place_index(reader, cascade);
                split.other = place_index(reader, cascade);
                split.threshold = reader.real();
                cascade.splits.push_back(split);
            }
            if (reader.length(4) != splits + 1) {
                throw Damage{"a tree is damaged"};
            }
            if (tree == 0) {  // what the file promises, where it can hold it
                const auto values = cascade.trees * (splits + 1) * m_mean.size();
                cascade.leaves.reserve(std::min(values, reader.left() / 4));
                cascade.splits.reserve(std::min(cascade.trees * splits, reader.left() / 4));
            }
            for (std::size_t leaf = 0; leaf <= splits; ++leaf) {
                if (reader.column_size() != m_mean.size()) {
                    throw Damage{"a tree is damaged"};
                }
                const auto at = cascade.leaves.size();
                cascade.leaves.resize(at + m_mean.size());
                for (std::size_t i = 0; i < m_mean.size(); ++i) {
                    cascade.leaves[at + i] = reader.real();
                }
            }
        }
    }

    template <typename ToPixel>
    void look(const cv::Mat& bgr, const std::vector<float>& shape, const Cascade& cascade, const ToPixel& to_pixel,
              std::vector<float>& seen) const {
        const auto turn = turn_to(shape);
        seen.resize(cascade.places.size());
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto& place = cascade.places[i];
            const float x = turn.first * place.x - turn.second * place.y + shape[2 * place.anchor];
            const float y = turn.second * place.x + turn.first * place.y + shape[2 * place.anchor + 1];
            const auto [column, row] = to_pixel(static_cast<double>(x), static_cast<double>(y));
            if (column >= 0 && row >= 0 && column < bgr.cols && row < bgr.rows) {
                const auto& pixel = bgr.at<cv::Vec3b>(static_cast<int>(row), static_cast<int>(column));
                seen[i] = static_cast<float>((pixel[0] + pixel[1] + pixel[2]) / 3);
            } else {
                seen[i] = 0;
            }
        }
    }

    /// Rotation and scale (cosine and sine parts) that bring the mean shape closest to this one.
    [[nodiscard]] std::pair<float, float> turn_to(const std::vector<float>& shape) const {
        const auto count = static_cast<double>(points());
        double from_x = 0, from_y = 0, to_x = 0, to_y = 0;
        for (std::size_t i = 0; i < shape.size(); i += 2) {
            from_x += static_cast<double>(m_mean[i]);
            from_y += static_cast<double>(m_mean[i + 1]);
            to_x += static_cast<double>(shape[i]);
            to_y += static_cast<double>(shape[i + 1]);
        }
        from_x /= count, from_y /= count, to_x /= count, to_y /= count;
        double along = 0, across = 0, size = 0;
        for (std::size_t i = 0; i < shape.size(); i += 2) {
            const double x = static_cast<double>(m_mean[i]) - from_x;
            const double y = static_cast<double>(m_mean[i + 1]) - from_y;
            const double u = static_cast<double>(shape[i]) - to_x;
            const double v = static_cast<double>(shape[i + 1]) - to_y;
            along += x * u + y * v;
            across += x * v - y * u;
            size += x * x + y * y;
        }
        return size > 0 ? std::pair{static_cast<float>(along / size), static_cast<float>(across / size)}
                        : std::pair{1.0F, 0.0F};
    }

    static std::uint16_t place_index(DlibReader& reader, Cascade& cascade) {
        const auto index = reader.integer();
        if (index < 0 || index > 0xFFFF) {
            throw Damage{"a tree is damaged"};
        }
        cascade.largest_place = std::max(cascade.largest_place, static_cast<std::size_t>(index));
        return static_cast<std::uint16_t>(index);
    }

    std::vector<float> m_mean;
    std::vector<Cascade> m_cascades;
};

PixelBox square(double centre_x, double centre_y, double side) {
    const long pixels = std::max(1L, std::lround(side));
    const long left = std::lround(centre_x) - pixels / 2;
    const long top = std::lround(centre_y) - pixels / 2;
    return {left, top, left + pixels - 1, top + pixels - 1};
}

/// The predictors were trained on the square boxes of the hog detector; theirs stay as they are.
PixelBox square(const Rect& box) {
    if (std::abs(box.width - box.height) <= 1.5F) {
        const long left = std::lround(box.left);
        const long top = std::lround(box.top);
        return {left, top, left + std::max(1L, std::lround(box.width)) - 1,
                top + std::max(1L, std::lround(box.height)) - 1};
    }
    return square(static_cast<double>(box.left + box.width / 2), static_cast<double>(box.top + box.height / 2),
                  static_cast<double>(box.width + box.height) / 2);
}

/// The box that the hog detector would have put around a face with these five points.
PixelBox box_around(const std::vector<Point>& points) {
    double x = 0;
    double y = 0;
    for (const auto& point : points) {
        x += static_cast<double>(point.x);
        y += static_cast<double>(point.y);
    }
    const auto count = static_cast<double>(points.size());
    x /= count;
    y /= count;
    double spread = 0;
    for (const auto& point : points) {
        spread += std::pow(static_cast<double>(point.x) - x, 2) + std::pow(static_cast<double>(point.y) - y, 2);
    }
    spread = std::sqrt(spread / count);
    // figures: align/starter/README.md
    return square(x + 0.056 * spread, y - 0.04 * spread, 3.93 * spread);
}

}  // namespace

struct Landmarker::Impl {
    Impl(Bytes bytes, LandmarkScheme made) : predictor(bytes), scheme(made) {
        if (predictor.points() != (scheme == LandmarkScheme::dlib68 ? 68U : 5U)) {
            throw Damage{"it predicts another number of points"};
        }
    }
    Predictor predictor;
    LandmarkScheme scheme;
    int passes{1};
};

Landmarker::Landmarker(const std::string& name, const models::Finder& finder) : m_name(name) {
    if (name == "starter5") {
        const auto bytes = std::as_bytes(std::span(mien_starter_landmarks, mien_starter_landmarks_end));
        m_weights = to_hex(sha256(bytes));
        try {
            m_impl = std::make_unique<Impl>(bytes, LandmarkScheme::arcface5);
        } catch (const Damage& damage) {
            throw Error(ErrorCode::runtime, std::string("the built-in landmarks are damaged: ") + damage.what);
        }
        m_impl->passes = 2;
        return;
    }
    const auto& card = models::card(models::Kind::landmarks, name);
    const auto file = finder.require(card);
    m_weights = finder.digest(file);
    try {
        const MappedFile mapped(file);
        m_impl =
            std::make_unique<Impl>(mapped.bytes(), name == "dlib68" ? LandmarkScheme::dlib68 : LandmarkScheme::dlib5);
    } catch (const Damage& damage) {
        throw Error(ErrorCode::model_missing, file.native() + " does not hold the landmarks \"" + name +
                                                  "\": " + damage.what + "; get it with: mien models fetch " + name);
    }
}

Landmarker::~Landmarker() = default;
Landmarker::Landmarker(Landmarker&&) noexcept = default;
Landmarker& Landmarker::operator=(Landmarker&&) noexcept = default;

Landmarks Landmarker::predict(const cv::Mat& bgr, const Rect& box) const {
    if (bgr.type() != CV_8UC3 || bgr.empty()) {
        throw Error(ErrorCode::runtime, "landmarks are found in 8-bit colour pictures only");
    }
    auto at = square(box);
    Landmarks landmarks{m_impl->scheme, m_impl->predictor.predict(bgr, at)};
    for (int pass = 1; pass < m_impl->passes; ++pass) {
        at = box_around(landmarks.points);
        landmarks.points = m_impl->predictor.predict(bgr, at);
    }
    return landmarks;
}

}  // namespace mien::align
