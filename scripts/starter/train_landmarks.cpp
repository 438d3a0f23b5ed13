// SPDX-License-Identifier: MIT
// Trains the starter's 5-point dlib shape predictor. Three steps, single-threaded:
//
//   train_landmarks detect WORK MMOD.dat SP68.dat      writes WORK/boxes.txt
//   train_landmarks train  WORK OUT.dat                trains, measures, writes OUT.dat
//   train_landmarks points WORK OUT.dat                writes WORK/points5.txt for evaluate.py
//
// WORK/faces.txt comes from list_faces.py. Points, in order: image-left eye centre, image-right eye
// centre, nose tip, image-left mouth corner, image-right mouth corner. Truth is dlib's 68-point
// predictor on the HOG box (or, where HOG finds nothing, on a box of HOG's convention).
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <dlib/dnn.h>
#include <dlib/image_io.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

namespace {

using dlib::dpoint;
using dlib::rectangle;
using grey = dlib::array2d<unsigned char>;
using five = std::array<dpoint, 5>;

// dlib's mmod face detector, as its example program spells the network.
template <long n, typename S>
using con5d = dlib::con<n, 5, 5, 2, 2, S>;
template <long n, typename S>
using con5 = dlib::con<n, 5, 5, 1, 1, S>;
template <typename S>
using down = dlib::relu<dlib::affine<con5d<32, dlib::relu<dlib::affine<con5d<32,
             dlib::relu<dlib::affine<con5d<16, S>>>>>>>>>;
template <typename S>
using rcon5 = dlib::relu<dlib::affine<con5<45, S>>>;
using mmod_net = dlib::loss_mmod<dlib::con<1, 9, 9, 1, 1,
    rcon5<rcon5<rcon5<down<dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>>>>>>>;

struct face
{
    std::string source, photo;
    bool held_out = false;
    std::array<double, 4> yunet{};   // x, y, width, height
    five seen{};                     // YuNet's points
    std::map<std::string, rectangle> boxes;   // hog, mmod, yunet (made square)
    std::optional<five> truth;
};

rectangle square(double cx, double cy, double side)
{
    return dlib::centered_rect(dlib::point(std::lround(cx), std::lround(cy)),
                               static_cast<unsigned long>(std::lround(side)),
                               static_cast<unsigned long>(std::lround(side)));
}

/// A box w x h of any detector as this predictor wants it: side (w + h) / 2, same centre.
rectangle squared(double x, double y, double w, double h)
{
    return square(x + w / 2, y + h / 2, (w + h) / 2);
}

dpoint centroid(const five& p) { return (p[0] + p[1] + p[2] + p[3] + p[4]) / 5.0; }

double spread(const five& p)
{
    const dpoint c = centroid(p);
    double sum = 0;
    for (const auto& q : p)
        sum += dlib::length_squared(q - c);
    return std::sqrt(sum / 5);
}

double interocular(const five& p) { return dlib::length(p[1] - p[0]); }

double error(const five& a, const five& truth)
{
    double sum = 0;
    for (int i = 0; i < 5; ++i)
        sum += dlib::length(a[i] - truth[i]);
    return sum / 5 / interocular(truth);
}

/// Where a detector puts its box, in units of the points' spread: centre offset and side.
struct convention
{
    double dx = 0, dy = 0, side = 0, sx = 0, sy = 0, sside = 0;

    template <typename random>
    rectangle draw(const five& p, random& rng, double widen) const
    {
        std::normal_distribution<double> n(0, widen);
        const double d = spread(p);
        const dpoint c = centroid(p);
        return square(c.x() + d * (dx + sx * n(rng)), c.y() + d * (dy + sy * n(rng)),
                      d * std::max(side + sside * n(rng), side * 0.6));
    }
};

convention measure(const std::vector<face>& faces, const std::string& detector)
{
    dlib::running_stats<double> x, y, s;
    for (const auto& f : faces)
        if (const auto b = f.boxes.find(detector); b != f.boxes.end() && f.truth && !f.held_out)
        {
            const double d = spread(*f.truth);
            const dpoint o = (dpoint(dlib::dcenter(b->second)) - centroid(*f.truth)) / d;
            x.add(o.x()), y.add(o.y()), s.add(b->second.width() / d);
        }
    std::cout << detector << " boxes: " << x.current_n() << ", centre " << x.mean() << " " << y.mean()
              << ", side " << s.mean() << " (sd " << x.stddev() << " " << y.stddev() << " " << s.stddev()
              << ") in spreads\n";
    return {x.mean(), y.mean(), s.mean(), x.stddev(), y.stddev(), s.stddev()};
}

five from68(const dlib::full_object_detection& shape)
{
    dpoint left, right;
    for (int i = 0; i < 6; ++i)
        left += dpoint(shape.part(36 + i)) / 6.0, right += dpoint(shape.part(42 + i)) / 6.0;
    return {left, right, dpoint(shape.part(30)), dpoint(shape.part(48)), dpoint(shape.part(54))};
}

std::vector<face> read_faces(const std::string& path)
{
    std::ifstream in(path);
    std::vector<face> faces;
    for (std::string line; std::getline(in, line);)
    {
        std::istringstream words(line);
        face f;
        words >> f.source >> f.held_out;
        for (auto& v : f.yunet)
            words >> v;
        for (auto& p : f.seen)
            words >> p.x() >> p.y();
        words >> std::ws;
        std::getline(words, f.photo);
        f.boxes["yunet"] = squared(f.yunet[0], f.yunet[1], f.yunet[2], f.yunet[3]);
        faces.push_back(std::move(f));
    }
    return faces;
}

/// Of several boxes the one around the face that YuNet saw.
template <typename boxes>
std::optional<rectangle> around(const boxes& found, const face& f)
{
    const dpoint c = centroid(f.seen);
    for (const rectangle& box : found)
        if (dlib::length(dpoint(dlib::dcenter(box)) - c) < 0.35 * box.width() && box.width() < 4 * f.yunet[2])
            return box;
    return std::nullopt;
}

int detect(const std::string& work, const std::string& mmod_file, const std::string& sp_file)
{
    auto faces = read_faces(work + "/faces.txt");
    auto hog = dlib::get_frontal_face_detector();
    mmod_net mmod;
    dlib::deserialize(mmod_file) >> mmod;
    dlib::shape_predictor sp68;
    dlib::deserialize(sp_file) >> sp68;
    std::ofstream out(work + "/boxes.txt");
    int number = 0;
    for (auto& f : faces)
    {
        dlib::matrix<dlib::rgb_pixel> image;
        dlib::load_image(image, f.photo);
        const auto line = [&](const char* what, const rectangle& b) {
            out << number << ' ' << what << ' ' << b.left() << ' ' << b.top() << ' ' << b.right() << ' '
                << b.bottom() << '\n';
        };
        auto box = around(hog(image), f);
        if (box)
            line("hog", *box);
        // The network is slow: a seeded tenth of the training faces, a third of the held-out ones.
        if (number % (f.held_out ? 3 : 10) == 0)
        {
            std::vector<rectangle> found;
            for (const auto& d : mmod(image))
                found.push_back(d.rect);
            if (const auto b = around(found, f))
                line("mmod", *b);
            else
                out << number << " mmod_none 0 0 0 0\n";
        }
        if (!box)
        {   // HOG's usual place, from YuNet's points (see the README for where the numbers come from)
            const double d = spread(f.seen);
            const dpoint c = centroid(f.seen);
            box = square(c.x(), c.y() - 0.05 * d, 4.0 * d);
        }
        const five truth = from68(sp68(image, *box));
        out << number << " truth";
        for (const auto& p : truth)
            out << ' ' << p.x() << ' ' << p.y();
        out << '\n';
        if (++number % 500 == 0)
            std::cout << number << " of " << faces.size() << std::endl;
    }
    return 0;
}

void read_boxes(const std::string& path, std::vector<face>& faces)
{
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
    {
        std::istringstream words(line);
        std::size_t number;
        std::string what;
        words >> number >> what;
        if (what == "truth")
        {
            five p;
            for (auto& q : p)
                words >> q.x() >> q.y();
            faces.at(number).truth = p;
        }
        else
        {
            long l, t, r, b;
            words >> l >> t >> r >> b;
            faces.at(number).boxes[what] = rectangle(l, t, r, b);
        }
    }
}

dlib::full_object_detection labelled(const rectangle& box, const five& p)
{
    std::vector<dlib::point> parts;
    for (const auto& q : p)
        parts.emplace_back(std::lround(q.x()), std::lround(q.y()));
    return {box, parts};
}

/// Points on a box; a second pass starts from the box that HOG would have put around the first's points.
five run(const dlib::shape_predictor& predictor, const grey& image, const rectangle& box, int passes)
{
    five p;
    rectangle at = box;
    for (int pass = 0; pass < passes; ++pass)
    {
        const auto shape = predictor(image, at);
        for (int i = 0; i < 5; ++i)
            p[i] = shape.part(i);
        const double d = spread(p);
        at = square(centroid(p).x() + 0.056 * d, centroid(p).y() - 0.04 * d, 3.93 * d);
    }
    return p;
}

int measure_held_out(const std::vector<face>& faces, const dlib::shape_predictor& predictor)
{
    std::map<std::string, std::vector<double>> errors;
    std::map<std::string, int> doubtful;
    for (const auto& f : faces)
    {
        if (!f.held_out || !f.truth)
            continue;
        if (error(f.seen, *f.truth) > 0.20)
        {   // the two witnesses disagree: no truth
            ++doubtful[f.source];
            continue;
        }
        grey image;
        dlib::load_image(image, f.photo);
        for (const auto& [name, box] : f.boxes)
            if (name != "mmod_none")
                for (const int passes : {1, 2})
                    errors[f.source + " " + name + " boxes, passes " + std::to_string(passes)].push_back(
                        error(run(predictor, image, box, passes), *f.truth));
    }
    for (const auto& [source, n] : doubtful)
        std::cout << source << ": " << n << " held-out faces without a trusted truth\n";
    std::mt19937 rng(9);
    for (auto& [name, e] : errors)
    {
        std::vector<double> means;
        std::uniform_int_distribution<std::size_t> draw(0, e.size() - 1);
        for (int round = 0; round < 500; ++round)
        {
            double sum = 0;
            for (std::size_t i = 0; i < e.size(); ++i)
                sum += e[draw(rng)];
            means.push_back(sum / e.size());
        }
        std::sort(means.begin(), means.end());
        std::sort(e.begin(), e.end());
        double sum = 0;
        for (const double v : e)
            sum += v;
        const auto bad = std::count_if(e.begin(), e.end(), [](double v) { return v > 0.1; });
        std::printf("%s: %zu faces, mean %.2f %% of the eye distance (95 %%: %.2f-%.2f), median %.2f %%, above 10 %%: %.1f %%\n",
                    name.c_str(), e.size(), 100 * sum / e.size(), 100 * means[12], 100 * means[487],
                    100 * e[e.size() / 2], 100.0 * bad / e.size());
    }
    return 0;
}

int train(const std::string& work, const std::string& target)
{
    auto faces = read_faces(work + "/faces.txt");
    read_boxes(work + "/boxes.txt", faces);
    std::map<std::string, convention> conventions;
    for (const auto* name : {"hog", "mmod", "yunet"})
        conventions[name] = measure(faces, name);

    std::mt19937 rng(5);
    std::normal_distribution<double> normal;
    dlib::array<grey> images;
    std::vector<std::vector<dlib::full_object_detection>> objects;
    int left_out = 0;
    for (const auto& f : faces)
    {
        if (f.held_out || !f.truth)
            continue;
        if (error(f.seen, *f.truth) > 0.20)
        {   // the two witnesses disagree: no truth
            ++left_out;
            continue;
        }
        grey image;
        dlib::load_image(image, f.photo);
        std::vector<dlib::full_object_detection> own;
        for (const auto& [name, rule] : conventions)
        {
            if (const auto b = f.boxes.find(name); b != f.boxes.end())
                own.push_back(labelled(b->second, *f.truth));
            own.push_back(labelled(rule.draw(*f.truth, rng, 1.5), *f.truth));
        }
        // A mirrored copy, turned a little.
        grey flipped, turned;
        dlib::flip_image_left_right(image, flipped);
        const auto m = [&](const dpoint& p) { return dpoint(image.nc() - 1 - p.x(), p.y()); };
        const five& t = *f.truth;
        five mirrored{m(t[1]), m(t[0]), m(t[2]), m(t[4]), m(t[3])};
        const auto to_source = dlib::rotate_image(flipped, turned, normal(rng) * 0.2);
        const auto to_turned = dlib::inv(to_source);
        for (auto& p : mirrored)
            p = to_turned(p);
        std::vector<dlib::full_object_detection> other;
        for (const auto& [name, rule] : conventions)
            other.push_back(labelled(rule.draw(mirrored, rng, 1.2), mirrored));
        images.push_back(image);
        objects.push_back(std::move(own));
        images.push_back(turned);
        objects.push_back(std::move(other));
    }
    std::size_t boxes = 0;
    for (const auto& o : objects)
        boxes += o.size();
    std::cout << images.size() << " images, " << boxes << " boxes, left out " << left_out << std::endl;

    dlib::shape_predictor_trainer trainer;
    trainer.set_cascade_depth(10);
    trainer.set_tree_depth(4);
    trainer.set_num_trees_per_cascade_level(300);
    trainer.set_nu(0.1);
    trainer.set_oversampling_amount(1);
    trainer.set_feature_pool_size(400);
    trainer.set_feature_pool_region_padding(0.1);
    trainer.set_lambda(0.1);
    trainer.set_num_test_splits(20);
    trainer.set_num_threads(1);
    trainer.set_random_seed("mien");
    trainer.be_verbose();
    const auto start = std::chrono::steady_clock::now();
    const auto predictor = trainer.train(images, objects);
    std::cout << "trained in "
              << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << " s\n";
    dlib::serialize(target) << predictor;

    return measure_held_out(faces, predictor);
}

/// The predictor's points on every held-out face and box, for evaluate.py.
int points(const std::string& work, const std::string& file)
{
    auto faces = read_faces(work + "/faces.txt");
    read_boxes(work + "/boxes.txt", faces);
    dlib::shape_predictor predictor;
    const auto start = std::chrono::steady_clock::now();
    dlib::deserialize(file) >> predictor;
    std::cout << "loaded in "
              << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()
              << " ms\n";
    measure_held_out(faces, predictor);
    std::ofstream out(work + "/points5.txt");
    for (std::size_t i = 0; i < faces.size(); ++i)
        if (faces[i].held_out && faces[i].source == "lfw")
        {
            grey image;
            dlib::load_image(image, faces[i].photo);
            for (const auto& [name, box] : faces[i].boxes)
                if (name != "mmod_none")
                {
                    out << i << ' ' << name;
                    for (const auto& p : run(predictor, image, box, 2))
                        out << ' ' << p.x() << ' ' << p.y();
                    out << '\n';
                }
        }
    return 0;
}

}  // namespace

int main(int argc, char** argv)
try
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 4 && words[0] == "detect")
        return detect(words[1], words[2], words[3]);
    if (words.size() == 3 && words[0] == "train")
        return train(words[1], words[2]);
    if (words.size() == 3 && words[0] == "points")
        return points(words[1], words[2]);
    std::cerr << "usage: train_landmarks detect WORK MMOD.dat SP68.dat | train WORK OUT.dat | points WORK OUT.dat\n";
    return 2;
}
catch (const std::exception& e)
{
    std::cerr << e.what() << '\n';
    return 3;
}
