// SPDX-License-Identifier: MIT
// Draws the sample people: dataset_training/, dataset_reserve/ and tests/data/photos/, the same bytes every time;
// or any number of other people, for load tests.
#include "sample_people.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace {

using mien::test::Person;
using mien::test::Photo;
using mien::test::PhotoOptions;
using mien::test::SamplePeople;
using Bytes = std::vector<unsigned char>;
namespace fs = std::filesystem;

struct Named {
    const char* label;
    std::uint64_t seed;
};

// Seeds chosen so that no two of all these people look alike (scripts/sample_people/README.md says how).
constexpr std::array k_cast{
    Named{"ada", 41},    Named{"bruno", 161}, Named{"chiara", 439}, Named{"dario", 54},    Named{"felix", 171},
    Named{"greta", 257}, Named{"hugo", 12},   Named{"imani", 253},  Named{"kenji", 84},    Named{"liam", 9},
    Named{"mei", 51},    Named{"otto", 433},  Named{"priya", 237},  Named{"zo\u00e9", 40},
};
constexpr std::array k_flat{Named{"Nora", 418}, Named{"Oskar", 335}, Named{"Rafael", 162}};
constexpr std::array<std::uint64_t, 8> k_strangers{322, 285, 367, 122, 312, 331, 116, 428};

constexpr std::uint64_t k_training_photos = 5;
constexpr std::uint64_t k_reserve_photos = 3;
constexpr std::uint64_t k_held_out_photos = 2;
constexpr std::size_t k_largest_photo = 25 * 1024;

void write_bytes(const fs::path& path, const Bytes& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
        throw std::runtime_error(path.string() + ": cannot write");
    }
}

Bytes encoded(const std::string& extension, const cv::Mat& image, const std::vector<int>& settings = {}) {
    Bytes bytes;
    if (!cv::imencode(extension, image, bytes, settings)) {
        throw std::runtime_error("cannot encode " + extension);
    }
    return bytes;
}

/// A JPEG no larger than the limit.
Bytes jpeg(const cv::Mat& image, std::size_t limit = k_largest_photo) {
    for (int quality = 90;; quality -= 4) {
        Bytes bytes = encoded(".jpg", image, {cv::IMWRITE_JPEG_QUALITY, quality});
        if (bytes.size() <= limit || quality <= 40) {
            return bytes;
        }
    }
}

std::uint64_t photo_seed(std::uint64_t person, std::uint64_t number) { return person * 1000 + number; }

cv::Mat everyday_photo(const SamplePeople& people, std::uint64_t seed, std::uint64_t number) {
    return people.draw(people.person(seed), SamplePeople::everyday(photo_seed(seed, number))).image;
}

// ------------------------------------------------------------------------------------------ files by hand

void append(Bytes& bytes, std::initializer_list<int> values) {
    for (const int value : values) {
        bytes.push_back(static_cast<unsigned char>(value));
    }
}

/// Puts an EXIF segment right after the JPEG's start marker.
Bytes with_segment(const Bytes& plain, const Bytes& tiff) {
    Bytes bytes(plain.begin(), plain.begin() + 2);
    const int length = static_cast<int>(tiff.size()) + 8;
    append(bytes, {0xff, 0xe1, length >> 8, length & 0xff, 'E', 'x', 'i', 'f', 0, 0});
    bytes.insert(bytes.end(), tiff.begin(), tiff.end());
    bytes.insert(bytes.end(), plain.begin() + 2, plain.end());
    return bytes;
}

/// A TIFF header with one entry, the orientation; odd ones big-endian, even ones little-endian.
Bytes orientation_tiff(int orientation) {
    Bytes tiff;
    if (orientation % 2 == 1) {
        append(tiff,
               {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0});
    } else {
        append(tiff,
               {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0});
    }
    return tiff;
}

/// The pixels to store so that a reader who honours this orientation sees the upright picture.
cv::Mat stored_for(const cv::Mat& upright, int orientation) {
    cv::Mat out;
    switch (orientation) {
        case 2: cv::flip(upright, out, 1); break;
        case 3: cv::rotate(upright, out, cv::ROTATE_180); break;
        case 4: cv::flip(upright, out, 0); break;
        case 5: cv::transpose(upright, out); break;
        case 6: cv::rotate(upright, out, cv::ROTATE_90_COUNTERCLOCKWISE); break;
        case 7:
            cv::transpose(upright, out);
            cv::rotate(out, out, cv::ROTATE_180);
            break;
        case 8: cv::rotate(upright, out, cv::ROTATE_90_CLOCKWISE); break;
        default: out = upright; break;
    }
    return out;
}

std::uint32_t crc32(const Bytes& bytes, std::size_t from) {
    std::uint32_t crc = 0xffffffffU;
    for (std::size_t i = from; i < bytes.size(); ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0U ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

void append_big_endian(Bytes& bytes, std::uint32_t value) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<unsigned char>(value >> shift & 0xffU));
    }
}

void append_chunk(Bytes& png, const char* name, const Bytes& data) {
    append_big_endian(png, static_cast<std::uint32_t>(data.size()));
    const std::size_t from = png.size();
    append(png, {name[0], name[1], name[2], name[3]});
    png.insert(png.end(), data.begin(), data.end());
    append_big_endian(png, crc32(png, from));
}

/// A PNG whose header claims this size and whose pixels are missing.
Bytes hollow_png(std::uint32_t width, std::uint32_t height) {
    Bytes png;
    append(png, {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a});
    Bytes header;
    append_big_endian(header, width);
    append_big_endian(header, height);
    append(header, {8, 2, 0, 0, 0});
    append_chunk(png, "IHDR", header);
    Bytes data;
    append(data, {0x78, 0x01, 0x01, 0x04, 0x00, 0xfb, 0xff, 0, 0, 0, 0, 0x00, 0x04, 0x00,
                  0x01});  // one stored block of four zeros
    append_chunk(png, "IDAT", data);
    append_chunk(png, "IEND", {});
    return png;
}

/// The same JPEG with another size in its frame header.
Bytes with_size(Bytes bytes, int width, int height) {
    for (std::size_t i = 2; i + 9 < bytes.size() && bytes[i] == 0xff;) {
        if (bytes[i + 1] >= 0xc0 && bytes[i + 1] <= 0xc2) {
            bytes[i + 5] = static_cast<unsigned char>(height >> 8);
            bytes[i + 6] = static_cast<unsigned char>(height & 0xff);
            bytes[i + 7] = static_cast<unsigned char>(width >> 8);
            bytes[i + 8] = static_cast<unsigned char>(width & 0xff);
            break;
        }
        i += 2U + (static_cast<std::size_t>(bytes[i + 2]) << 8U) + bytes[i + 3];
    }
    return bytes;
}

// ------------------------------------------------------------------------------------------ the committed photos

void make_datasets(const SamplePeople& people, const fs::path& root) {
    const fs::path training = root / "dataset_training";
    const fs::path reserve = root / "dataset_reserve";
    for (const Named& named : k_cast) {
        fs::create_directories(training / named.label);
        fs::create_directories(reserve / named.label);
        for (std::uint64_t number = 1; number <= k_training_photos; ++number) {
            const Bytes bytes = jpeg(everyday_photo(people, named.seed, number));
            const std::string name = std::to_string(number) + ".jpg";
            write_bytes(training / named.label / name, bytes);
            if (number <= k_reserve_photos) {
                write_bytes(reserve / named.label / name, bytes);
            }
        }
    }
    for (const Named& named : k_flat) {
        const Bytes bytes = jpeg(everyday_photo(people, named.seed, 1));
        write_bytes(training / (std::string(named.label) + ".jpg"), bytes);
        write_bytes(reserve / (std::string(named.label) + ".jpg"), bytes);
    }
}

/// Writes photos and remembers what a recogniser trained on dataset_training/ should say about them.
class Album {
public:
    explicit Album(fs::path folder) : m_folder{std::move(folder)} { fs::create_directories(m_folder); }

    void add(const std::string& name, const Bytes& bytes, const std::string& verdict, const std::string& label = {}) {
        write_bytes(m_folder / name, bytes);
        std::string entry = R"({"verdict": ")" + verdict + '"';
        if (!label.empty()) {
            entry += R"(, "label": ")" + label + '"';
        }
        m_expected[name] = entry + '}';
    }

    /// A photo about which more than one answer is right. verdicts: JSON strings, comma-separated.
    void add_open(const std::string& name, const Bytes& bytes, const std::string& verdicts) {
        write_bytes(m_folder / name, bytes);
        m_expected[name] = R"({"verdict_any": [)" + verdicts + "]}";
    }

    void add_group(const std::string& name, const Photo& photo, const std::vector<std::string>& labels) {
        write_bytes(m_folder / name, jpeg(photo.image, 64 * 1024));
        std::string entry = R"({"faces": [)";
        for (std::size_t i = 0; i < photo.faces.size(); ++i) {
            const cv::Rect box = photo.faces[i].box;
            entry += (i == 0 ? "" : ", ") + std::string(R"({"box": {"left": )") + std::to_string(box.x) +
                     R"(, "top": )" + std::to_string(box.y) + R"(, "width": )" + std::to_string(box.width) +
                     R"(, "height": )" + std::to_string(box.height) + R"(}, "verdict": )" +
                     (labels[i].empty() ? R"("unknown")" : R"("known", "label": ")" + labels[i] + '"') + '}';
        }
        m_expected[name] = entry + "]}";
    }

    void finish() const {
        std::string json = "{\n";
        for (auto it = m_expected.begin(); it != m_expected.end(); ++it) {
            json += "  \"" + it->first + "\": " + it->second + (std::next(it) == m_expected.end() ? "\n" : ",\n");
        }
        json += "}\n";
        write_bytes(m_folder / "expected.json", Bytes(json.begin(), json.end()));
    }

private:
    fs::path m_folder;
    std::map<std::string, std::string> m_expected;
};

void make_album(const SamplePeople& people, const fs::path& root) {
    Album album(root / "tests" / "data" / "photos");
    for (const Named& named : k_cast) {
        for (std::uint64_t number = 1; number <= k_held_out_photos; ++number) {
            album.add(std::string(named.label) + "_held_out_" + std::to_string(number) + ".jpg",
                      jpeg(everyday_photo(people, named.seed, 500 + number)), "known", named.label);
        }
    }
    for (std::size_t i = 0; i < k_strangers.size(); ++i) {
        album.add("stranger_" + std::to_string(i + 1) + ".jpg", jpeg(everyday_photo(people, k_strangers[i], 501)),
                  "unknown");
    }

    std::vector<Person> together;
    std::vector<std::string> labels;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
        together.push_back(people.person(k_cast.at(i).seed));
        labels.emplace_back(k_cast.at(i).label);
    }
    together.insert(together.begin() + 2, people.person(k_strangers[0]));
    labels.insert(labels.begin() + 2, "");
    album.add_group("group.jpg", people.group(together, 41), labels);
    together.resize(2);
    labels.resize(2);
    album.add_group("two_people.jpg", people.group(together, 42, 520, 400), labels);
    album.add("nobody.jpg", jpeg(SamplePeople::scene(9, 360, 360)), "no_face");

    const Named hero = k_cast[0];
    const Person person = people.person(hero.seed);
    PhotoOptions options = SamplePeople::everyday(photo_seed(hero.seed, 601));
    options.width = 300;
    options.height = 360;
    options.face_width = 140;
    const cv::Mat upright = people.draw(person, options).image;
    for (int orientation = 1; orientation <= 8; ++orientation) {
        album.add("exif_" + std::to_string(orientation) + ".jpg",
                  with_segment(jpeg(stored_for(upright, orientation)), orientation_tiff(orientation)), "known",
                  hero.label);
    }
    Bytes wrong = orientation_tiff(6);
    wrong[4] = 0xf0;  // the directory lies far outside the segment
    wrong[5] = 0xff;
    wrong[8] = 0xff;  // and would hold 65,535 entries
    wrong[9] = 0xff;
    album.add("corrupt_exif.jpg", with_segment(jpeg(upright), wrong), "known", hero.label);

    options = SamplePeople::everyday(photo_seed(hero.seed, 602));
    options.width = 320;
    options.height = 240;
    options.face_width = 28;
    options.centre_y = 0.5;
    options.blur = 0;
    album.add_open("tiny_face.jpg", jpeg(people.draw(person, options).image),
                   R"("low_quality", "no_face", "unknown", "known")");
    options = SamplePeople::everyday(photo_seed(hero.seed, 603));
    options.blur = 7;
    options.noise = 0.5;
    album.add_open("blurred.jpg", jpeg(people.draw(person, options).image),
                   R"("low_quality", "no_face", "unknown", "known")");
    options = SamplePeople::everyday(photo_seed(hero.seed, 604));
    options.brightness = 0.16;
    album.add_open("dark.jpg", jpeg(people.draw(person, options).image),
                   R"("low_quality", "no_face", "unknown", "known")");

    // Broken files.
    const Bytes whole = jpeg(everyday_photo(people, hero.seed, 605));
    album.add_open("truncated.jpg", Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 4)),
                   R"("unreadable", "no_face")");
    album.add("truncated_header.jpg", Bytes(whole.begin(), whole.begin() + 100), "unreadable");
    album.add("empty.jpg", {}, "unreadable");
    const std::string text = "This is a text file that somebody named .jpg.\n";
    album.add("text_as.jpg", Bytes(text.begin(), text.end()), "unreadable");
    album.add("zero_dimension.png", hollow_png(0, 0), "unreadable");
    album.add("bomb.png", hollow_png(60'000, 60'000), "unreadable");
    album.add("bomb.jpg", with_size(jpeg(cv::Mat(16, 16, CV_8UC3, cv::Scalar(90, 120, 150))), 65'000, 65'000),
              "unreadable");

    // One photo in every format.
    options = SamplePeople::everyday(photo_seed(hero.seed, 606), 216);
    options.face_width = 104;
    options.noise = 0.6;
    options.blur = 0;
    const cv::Mat small = people.draw(person, options).image;
    cv::Mat grey;
    cv::Mat alpha;
    cv::Mat deep;
    cv::cvtColor(small, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(small, alpha, cv::COLOR_BGR2BGRA);
    for (int y = 0; y < alpha.rows; ++y) {
        for (int x = 0; x < alpha.cols; ++x) {
            alpha.at<cv::Vec4b>(y, x)[3] = y < 12 ? 128 : 255;
        }
    }
    small.convertTo(deep, CV_16U, 257);
    const std::string label = hero.label;
    album.add("format.png", encoded(".png", small, {cv::IMWRITE_PNG_COMPRESSION, 9}), "known", label);
    album.add("png_named.jpg", encoded(".png", small, {cv::IMWRITE_PNG_COMPRESSION, 9}), "known", label);
    album.add("format_rgba.png", encoded(".png", alpha, {cv::IMWRITE_PNG_COMPRESSION, 9}), "known", label);
    album.add("format_16_bit.png", encoded(".png", deep, {cv::IMWRITE_PNG_COMPRESSION, 9}), "known", label);
    album.add("format_grey.png", encoded(".png", grey, {cv::IMWRITE_PNG_COMPRESSION, 9}), "known", label);
    album.add("format.webp", encoded(".webp", small, {cv::IMWRITE_WEBP_QUALITY, 85}), "known", label);
    album.add("format.bmp", encoded(".bmp", small), "known", label);
    album.add("format.tiff", encoded(".tiff", small), "known", label);
    album.add("format.pgm", encoded(".pgm", grey), "known", label);
    album.add("format_grey.jpg", encoded(".jpg", grey, {cv::IMWRITE_JPEG_QUALITY, 90}), "known", label);
    album.add("format_progressive.jpg",
              encoded(".jpg", small, {cv::IMWRITE_JPEG_QUALITY, 90, cv::IMWRITE_JPEG_PROGRESSIVE, 1}), "known", label);
    album.finish();
}

// ------------------------------------------------------------------------------------------ the command line

struct Arguments {
    std::string model = "tests/support/sample_people.model";
    std::string out;
    std::optional<std::uint64_t> people;
    std::uint64_t photos = 4;
    std::uint64_t seed = 1'000'000;
    int size = 360;
};

constexpr std::string_view k_usage =
    "usage: make_sample_people [--model FILE] --out ROOT\n"
    "           draw dataset_training/, dataset_reserve/ and tests/data/photos/ below ROOT\n"
    "       make_sample_people [--model FILE] --people N [--photos M] [--seed S] [--size PIXELS] --out DIR\n"
    "           draw N other people, M photos each: DIR/person_<seed>/<n>.jpg\n";

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::invalid_argument("not a number: " + std::string(text));
    }
    return value;
}

Arguments parse(int count, char** values) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view name = values[i];
        if (name == "--help") {
            std::cout << k_usage;
            std::exit(0);
        }
        if (i + 1 >= count) {
            throw std::invalid_argument("a value is missing after " + std::string(name));
        }
        const std::string_view value = values[++i];
        if (name == "--model") {
            arguments.model = value;
        } else if (name == "--out") {
            arguments.out = value;
        } else if (name == "--people") {
            arguments.people = number(value);
        } else if (name == "--photos") {
            arguments.photos = number(value);
        } else if (name == "--seed") {
            arguments.seed = number(value);
        } else if (name == "--size") {
            arguments.size = static_cast<int>(std::clamp<std::uint64_t>(number(value), 64, 2000));
        } else {
            throw std::invalid_argument("unknown option: " + std::string(name));
        }
    }
    if (arguments.out.empty()) {
        throw std::invalid_argument("--out is missing");
    }
    return arguments;
}

}  // namespace

int main(int count, char** values) {
    Arguments arguments;
    try {
        arguments = parse(count, values);
    } catch (const std::invalid_argument& error) {
        std::cerr << "make_sample_people: " << error.what() << '\n' << k_usage;
        return 2;
    }
    try {
        cv::setNumThreads(1);
        const SamplePeople people = SamplePeople::load(arguments.model);
        const fs::path out = fs::path(reinterpret_cast<const char8_t*>(arguments.out.c_str()));
        if (!arguments.people) {
            make_datasets(people, out);
            make_album(people, out);
            return 0;
        }
        for (std::uint64_t i = 0; i < *arguments.people; ++i) {
            const Person person = people.person(arguments.seed + i);
            const fs::path folder = out / ("person_" + std::to_string(person.seed));
            fs::create_directories(folder);
            for (std::uint64_t photo = 1; photo <= arguments.photos; ++photo) {
                const PhotoOptions options = SamplePeople::everyday(photo_seed(person.seed, photo), arguments.size);
                write_bytes(folder / (std::to_string(photo) + ".jpg"), jpeg(people.draw(person, options).image));
            }
        }
    } catch (const std::exception& error) {
        std::cerr << "make_sample_people: " << error.what() << '\n';
        return 3;
    }
    return 0;
}
