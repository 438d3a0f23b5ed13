// SPDX-License-Identifier: MIT
#pragma once

/// Finds the points of a face in its box (dlib shape predictors).

#include <mien/core/types.hpp>
#include <mien/models/models.hpp>

#include <opencv2/core/mat.hpp>

#include <memory>
#include <string>

namespace mien::align {

/// One instance may be shared by any number of threads: predicting only reads.
class Landmarker {
public:
    /// name: "dlib68" (Debian's libdlib-data ships it), "dlib5" (dlib's official file), "starter5" (compiled in)
    /// throws: Error{usage}, Error{model_missing}
    Landmarker(const std::string& name, const models::Finder& finder);
    ~Landmarker();
    Landmarker(Landmarker&&) noexcept;
    Landmarker& operator=(Landmarker&&) noexcept;

    [[nodiscard]] const std::string& name() const { return m_name; }
    [[nodiscard]] const std::string& weights() const { return m_weights; }  ///< sha256, 64 hexadecimal digits

    /// bgr: 8-bit BGR. box: any detector's box in pixels of bgr (made square inside where the predictor wants that).
    /// returns: points in pixels of bgr
    [[nodiscard]] Landmarks predict(const cv::Mat& bgr, const Rect& box) const;

private:
    struct Impl;
    std::string m_name;
    std::string m_weights;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace mien::align
