// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

/// Draws photos of people who do not exist, from a statistical face model (scripts/sample_people/README.md).
namespace mien::test {

/// A small generator (splitmix64) with its own distributions, so that a seed draws the same with every library.
class Random {
public:
    explicit Random(std::uint64_t seed) : m_state{seed} {}

    std::uint64_t next();
    double uniform();                         ///< 0 ≤ x < 1
    double uniform(double low, double high);  ///< low ≤ x < high
    double normal();                          ///< mean 0, deviation 1, within ±6 (a sum of twelve uniforms)
    int below(int count);                     ///< 0 … count−1

private:
    std::uint64_t m_state;
};

/// How a person wears their hair.
enum class HairStyle { Cropped, Short, Receding, Bob, Long, TiedBack };

/// Somebody who does not exist: a point in the face model's identity space, and their hair.
struct Person {
    std::uint64_t seed = 0;
    std::vector<float> identity;  ///< coordinates between people, one standard deviation each
    std::vector<float> scores;    ///< the same in the model's components
    double femininity = 0;        ///< along the model's axis; men lie near −0.4, women near 1.8
    HairStyle hair = HairStyle::Short;
    cv::Vec3d hair_colour;   ///< BGR 0..255
    double hairline = 0;     ///< where the model's own hair begins, chin to bridge of the nose being 1
    double parting = 0;      ///< −1 (their right) … 1
    double fringe = 0;       ///< 0 … 1, how far the hair comes down the forehead
    double hair_volume = 0;  ///< 0 … 1
    double curl = 0;         ///< 0 (straight) … 1
};

/// One photo. Pose, expression and light are in standard deviations of everyday photos; ±1.5 stays natural.
struct PhotoOptions {
    std::uint64_t seed = 1;  ///< background, clothes, noise, and what varies by chance
    int width = 360;         ///< pixels
    int height = 360;
    double face_width = 150;  ///< from ear to ear, pixels
    double centre_x = 0.5;    ///< between the eyes, as a part of the width
    double centre_y = 0.40;   ///< the same of the height
    double yaw = 0;           ///< the head turned to its left
    double pitch = 0;
    double roll = 0;  ///< degrees, clockwise in the photo
    double smile = 0;
    double open = 0;          ///< the mouth
    double lids = 0;          ///< the eyes' opening
    double light_x = 0;       ///< light from the photo's right (positive) or left
    double light_y = 0;       ///< light from below (positive) or above
    double variation = 0.30;  ///< how far the rest of the face may vary between two photos of one person
    double brightness = 1.0;  ///< gain
    double contrast = 1.0;
    double warmth = 0;   ///< −1 (blue) … 1 (orange)
    double blur = 0;     ///< Gaussian, pixels
    double noise = 1.5;  ///< standard deviation, grey levels
};

/// What was drawn, for tests that compare with what is found.
struct DrawnFace {
    std::uint64_t person_seed = 0;
    cv::Rect box;                          ///< around the 68 landmarks (brows to chin)
    std::array<cv::Point2f, 5> landmarks;  ///< eyes, nose tip, mouth corners; the photo's left ones first
};

struct Photo {
    cv::Mat image;                 ///< 8-bit BGR
    std::vector<DrawnFace> faces;  ///< in the order of the people passed
};

/// The model, and the drawing. Immutable after load; draw() may be called from many threads.
class SamplePeople {
public:
    /// Reads a model that scripts/sample_people/fit.py wrote.
    /// throws: std::runtime_error that names the file, when it is missing, cut short or altered
    static SamplePeople load(const std::string& path);

    /// The person with this seed.
    [[nodiscard]] Person person(std::uint64_t seed) const;

    /// How far apart two people are in identity space (two at random: about 13; the same: 0).
    [[nodiscard]] static double distance(const Person& a, const Person& b);

    /// An everyday photo's options: pose, expression, light and frame drawn from the seed. size: pixels, square.
    [[nodiscard]] static PhotoOptions everyday(std::uint64_t seed, int size = 360);

    /// One person in front of a scene.
    [[nodiscard]] Photo draw(const Person& person, const PhotoOptions& options) const;

    /// People side by side in front of one scene; face_width and size follow from the picture's width.
    [[nodiscard]] Photo group(std::span<const Person> people, std::uint64_t seed, int width = 960,
                              int height = 420) const;

    /// A scene with nobody in it.
    [[nodiscard]] static cv::Mat scene(std::uint64_t seed, int width, int height);

private:
    struct Face;

    void add_person(cv::Mat& canvas, const Person& person, const PhotoOptions& options, DrawnFace& drawn) const;
    [[nodiscard]] Face face(const Person& person, const PhotoOptions& options) const;
    [[nodiscard]] Face face_of(std::span<const double> coefficients) const;

    int m_width = 0;
    int m_height = 0;
    int m_chroma = 0;  // the chroma planes' reduction
    std::size_t m_attributes = 0;
    std::size_t m_components = 0;
    std::size_t m_identity_size = 0;
    std::size_t m_variation_size = 0;
    std::vector<cv::Point2d> m_mean_shape;   // 68, the average person
    std::vector<cv::Point2d> m_frame_shape;  // 68, where the texture's landmarks lie
    std::vector<float> m_outer;              // n × 68 weights: points around the face from the landmarks
    std::vector<std::uint16_t> m_triangles;  // 3 each, into landmarks then outer points
    std::vector<int> m_luma_at;              // pixel of each luma value
    std::vector<int> m_chroma_at;
    std::vector<std::size_t> m_skin_luma;  // the luma values between the jaw and the brows
    std::vector<std::size_t> m_skin_chroma;
    cv::Mat m_alpha;                    // how opaque the face is at each pixel of the frame, 0..1
    std::vector<float> m_texture_mean;  // luma, Cr, Cb
    std::vector<float> m_shape_rows;    // (attributes + components) × 136
    std::vector<float> m_identity;      // components × identity
    std::vector<float> m_variation;     // components × variation
    std::vector<float> m_sex_axis;
    std::vector<float> m_skin_axis;
    double m_women = 0;
    double m_men = 0;
    std::vector<float> m_scales;              // attributes + components
    std::vector<std::int8_t> m_texture_rows;  // (attributes + components) × values
};

}  // namespace mien::test
