// SPDX-License-Identifier: MIT

/// Runs while mien is built: unpacks dlib's frontal face detector and writes its filters the way hog.cpp reads them
/// (see read_filters there). Unpacking takes a quarter of a second, too long for every start of the program.

#include <dlib/image_processing/frontal_face_detector.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace {

template <typename T>
void put(std::ofstream& out, T value) {
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

/// hog_scan.cpp is written for these figures.
void expect(bool fits, const char* what) {
    if (!fits) {
        std::cerr << "dlib's frontal face detector has another " << what << " than mien's scan is made for\n";
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " FILE\n";
        return 2;
    }
    const auto detector = dlib::get_frontal_face_detector();
    const auto& scanner = detector.get_scanner();
    expect(scanner.get_fhog_window_width() == 10 && scanner.get_fhog_window_height() == 10, "window");
    expect(scanner.get_cell_size() == 8 && scanner.get_padding() == 0, "cell");
    expect(scanner.get_min_pyramid_layer_width() == 64 && scanner.get_min_pyramid_layer_height() == 64 &&
               scanner.get_max_pyramid_levels() >= 1000,
           "pyramid");

    std::ofstream out(argv[1], std::ios::binary);
    put(out, detector.get_overlap_tester().get_iou_thresh());
    put(out, detector.get_overlap_tester().get_percent_covered_thresh());
    put(out, static_cast<std::uint64_t>(detector.num_detectors()));
    for (unsigned long i = 0; i < detector.num_detectors(); ++i) {
        const auto& filters = detector.get_processed_w(i).get_detect_argument();
        expect(filters.row_filters.size() == 31, "number of planes");
        expect(filters.num_separable_filters() * 3 <= 31 * 10, "kind of filter");
        const auto& weights = detector.get_w(i);
        put(out, static_cast<double>(weights(scanner.get_num_dimensions())));
        for (std::size_t plane = 0; plane < 31; ++plane) {
            const auto& rows = filters.row_filters[plane];
            const auto& columns = filters.col_filters[plane];
            put(out, static_cast<std::uint64_t>(rows.size()));
            for (std::size_t rank = 0; rank < rows.size(); ++rank) {
                expect(rows[rank].size() == 10 && columns[rank].size() == 10, "filter size");
                for (const float value : rows[rank]) {
                    put(out, value);
                }
                for (const float value : columns[rank]) {
                    put(out, value);
                }
            }
        }
    }
    out.flush();
    expect(static_cast<bool>(out), "place to write to");
    return 0;
}
