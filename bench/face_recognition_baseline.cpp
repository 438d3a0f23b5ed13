// SPDX-License-Identifier: MIT

/// What the Python package `face_recognition` asks of dlib, without Python: the yardstick of mien's speed.
///
/// For every photo, one after the other: load_image_file (RGB), face_locations with one upsampling (hog or cnn),
/// the 68 points, a 150-pixel chip with padding 0.25, and the 29-layer ResNet. The ResNet's weights are random (the
/// official file is not needed: the arithmetic is the same); --write-resnet leaves them in a file that
/// `--encoder dlib` can load, so that both programs run the very same network.

#include <mien/encode/dlib_nets.hpp>

#include <dlib/dnn.h>
#include <dlib/image_io.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Pixels = dlib::matrix<dlib::rgb_pixel>;

// dlib's examples/dnn_mmod_face_detection_ex describes the network that the published weights belong to.
template <long filters, typename Below>
using Conv5Half = dlib::con<filters, 5, 5, 2, 2, Below>;
template <typename Below>
using Shrink8 = dlib::relu<dlib::affine<
    Conv5Half<32, dlib::relu<dlib::affine<Conv5Half<32, dlib::relu<dlib::affine<Conv5Half<16, Below>>>>>>>>>;
template <typename Below>
using Conv5Block = dlib::relu<dlib::affine<dlib::con<45, 5, 5, 1, 1, Below>>>;
using MmodNet = dlib::loss_mmod<dlib::con<
    1, 9, 9, 1, 1, Conv5Block<Conv5Block<Conv5Block<Shrink8<dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>>>>>>>;

/// Wall and processor seconds of one stage, summed over the photos.
struct Stage {
    double wall{};
    double cpu{};
};

class Stopwatch {
public:
    explicit Stopwatch(Stage& stage) : m_stage(stage), m_wall(wall()), m_cpu(cpu()) {}
    ~Stopwatch() {
        m_stage.wall += wall() - m_wall;
        m_stage.cpu += cpu() - m_cpu;
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

    static double wall() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    static double cpu() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }

private:
    Stage& m_stage;
    double m_wall;
    double m_cpu;
};

std::vector<fs::path> list_photos(const fs::path& where) {
    std::vector<fs::path> photos;
    const auto is_photo = [](const fs::path& path) {
        auto extension = path.extension().string();
        std::transform(extension.begin(), extension.end(), extension.begin(),
                       [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
        constexpr std::array<const char*, 4> k_known{".jpg", ".jpeg", ".png", ".bmp"};
        return std::find(k_known.begin(), k_known.end(), extension) != k_known.end();
    };
    if (fs::is_directory(where)) {
        for (const auto& entry : fs::recursive_directory_iterator(where)) {
            if (entry.is_regular_file() && is_photo(entry.path())) {
                photos.push_back(entry.path());
            }
        }
        std::sort(photos.begin(), photos.end());
    } else if (is_photo(where)) {
        photos.push_back(where);
    } else {
        std::ifstream list(where);
        for (std::string line; std::getline(list, line);) {
            if (!line.empty()) {
                photos.emplace_back(line);
            }
        }
    }
    return photos;
}

/// An even sample over the sorted list, so that a limit does not mean "one person's photos".
std::vector<fs::path> sample(const std::vector<fs::path>& photos, std::size_t limit) {
    if (limit == 0 || limit >= photos.size()) {
        return photos;
    }
    std::vector<fs::path> chosen;
    for (std::size_t i = 0; i < limit; ++i) {
        chosen.push_back(photos[i * photos.size() / limit]);
    }
    return chosen;
}

struct Options {
    fs::path where;
    std::string model{"hog"};
    std::size_t limit{0};
    int upsample{1};
    bool json{false};
    fs::path predictor{"/usr/share/dlib/shape_predictor_68_face_landmarks.dat"};
    fs::path mmod;
    fs::path list_file;
    fs::path write_resnet;
};

int measure(const Options& options) {
    std::array<Stage, 6> stages{};
    auto& [prepare, load, detect, points, chip, encode] = stages;
    std::optional<dlib::frontal_face_detector> hog;
    std::optional<MmodNet> cnn;
    dlib::shape_predictor predictor;
    mien::encode::dlib_nets::ResNet resnet;
    {
        const Stopwatch watch(prepare);
        if (options.model == "hog") {
            hog = dlib::get_frontal_face_detector();
        } else {
            cnn.emplace();
            dlib::deserialize(options.mmod.string()) >> *cnn;
        }
        dlib::deserialize(options.predictor.string()) >> predictor;
        mien::encode::dlib_nets::randomise(resnet, 1);
    }
    if (!options.write_resnet.empty()) {
        resnet.clean();
        dlib::serialize(options.write_resnet.string()) << resnet;
    }
    if (options.where.empty()) {
        return 0;
    }

    const auto photos = sample(list_photos(options.where), options.limit);
    if (!options.list_file.empty()) {
        std::ofstream list(options.list_file);
        for (const auto& photo : photos) {
            list << photo.string() << '\n';
        }
    }
    std::size_t faces = 0;
    std::size_t with_face = 0;
    std::size_t unreadable = 0;
    Stage all;
    {
        const Stopwatch total(all);
        for (const auto& photo : photos) {
            Pixels pixels;
            try {
                const Stopwatch watch(load);
                dlib::load_image(pixels, photo.string());
            } catch (const std::exception& error) {
                std::cerr << photo.string() << ": " << error.what() << '\n';
                ++unreadable;
                continue;
            }
            std::vector<dlib::rectangle> boxes;
            {
                const Stopwatch watch(detect);
                // python's detector(img, n): pyramid_up n times, detect, and take the boxes back down
                dlib::pyramid_down<2> pyramid;
                Pixels large = pixels;
                for (int i = 0; i < options.upsample; ++i) {
                    dlib::pyramid_up(large, pyramid);
                }
                const auto take_down = [&](const dlib::rectangle& box) {
                    return pyramid.rect_down(box, static_cast<unsigned int>(options.upsample));
                };
                if (hog) {
                    for (const auto& box : (*hog)(large)) {
                        boxes.push_back(take_down(box));
                    }
                } else {
                    for (const auto& found : (*cnn)(large)) {
                        boxes.push_back(take_down(found.rect));
                    }
                }
            }
            faces += boxes.size();
            with_face += boxes.empty() ? 0U : 1U;
            for (const auto& box : boxes) {
                dlib::full_object_detection shape;
                {
                    const Stopwatch watch(points);
                    shape = predictor(pixels, box);
                }
                Pixels face;
                {
                    const Stopwatch watch(chip);
                    dlib::extract_image_chip(pixels, dlib::get_face_chip_details(shape, 150, 0.25), face);
                }
                {
                    const Stopwatch watch(encode);
                    resnet(face);
                }
            }
        }
    }

    const auto read = photos.size() - unreadable;
    const auto rate = [&](double seconds) { return seconds > 0 ? static_cast<double>(read) / seconds : 0.0; };
    constexpr std::array<const char*, 6> k_names{"prepare", "load", "detect", "landmarks", "chip", "encode"};
    if (options.json) {
        nlohmann::ordered_json answer{
            {"model", options.model},   {"upsample", options.upsample}, {"photos", read},
            {"unreadable", unreadable}, {"with_face", with_face},       {"faces", faces},
            {"seconds", all.wall},      {"cpu_seconds", all.cpu},       {"photos_per_second", rate(all.wall)}};
        for (std::size_t i = 0; i < stages.size(); ++i) {
            answer["stages"][k_names.at(i)] = {{"seconds", stages.at(i).wall}, {"cpu_seconds", stages.at(i).cpu}};
        }
        std::cout << answer.dump() << '\n';
    } else {
        std::printf("%s, upsampled %d times: %zu photos (%zu unreadable), %zu with a face, %zu faces\n",
                    options.model.c_str(), options.upsample, read, unreadable, with_face, faces);
        std::printf("%.2f s wall, %.2f s cpu, %.2f photos/s (%.2f per cpu second)\n", all.wall, all.cpu, rate(all.wall),
                    rate(all.cpu));
        for (std::size_t i = 0; i < stages.size(); ++i) {
            std::printf("  %-10s %8.3f s wall %8.3f s cpu\n", k_names.at(i), stages.at(i).wall, stages.at(i).cpu);
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"What the face_recognition package asks of dlib, measured"};
    app.add_option("photos", options.where, "A folder (recursive), a photo, or a text file with one path a line");
    app.add_option("--model", options.model, "hog or cnn")->check(CLI::IsMember({"hog", "cnn"}));
    app.add_option("--limit", options.limit, "At most so many photos, evenly over the sorted list");
    app.add_option("--upsample", options.upsample, "Doublings before detection (face_recognition: 1)");
    app.add_flag("--json", options.json, "One JSON object");
    app.add_option("--predictor", options.predictor, "dlib's 68-point file");
    app.add_option("--mmod", options.mmod, "mmod_human_face_detector.dat, for --model cnn");
    app.add_option("--write-list", options.list_file, "Write the sampled photos' paths here");
    app.add_option("--write-resnet", options.write_resnet, "Write the random ResNet here");
    CLI11_PARSE(app, argc, argv);
    try {
        return measure(options);
    } catch (const std::exception& error) {
        std::cerr << "face_recognition_baseline: " << error.what() << '\n';
        return 3;
    }
}
