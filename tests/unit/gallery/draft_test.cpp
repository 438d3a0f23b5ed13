// SPDX-License-Identifier: MIT
#include <mien/gallery/draft.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

namespace mien::gallery {
namespace {

constexpr std::size_t k_dim = 16;

Record record_of(const std::string& label, int number) {
    const auto name = std::to_string(number) + ".jpg";
    return {label, name, sha256(name), {1, 2, 3, 4}, 1, 1, Origin::enroll, 0, std::vector<float>(k_dim, 0.25F)};
}

std::shared_ptr<const Gallery> nobody() { return Gallery::build({test::synthetic_contract(k_dim), {}, {}}, {}); }

using Labels = std::map<std::string, std::string>;  ///< by photo

/// The gallery says of people and rows what the labels do.
void expect_says(const Gallery& gallery, const Labels& labels) {
    std::map<std::string, std::set<std::string>> photos;
    for (const auto& [photo, label] : labels) {
        photos[label].insert(photo);
    }
    ASSERT_EQ(gallery.people(), photos.size());
    ASSERT_EQ(gallery.size(), labels.size());
    ASSERT_EQ(gallery.persons().size(), gallery.rows());
    std::uint32_t person = 0;
    for (const auto& [label, own] : photos) {
        ASSERT_EQ(gallery.label(person), label);
        ASSERT_EQ(gallery.find_person(label), person);
        std::set<std::string> found;
        for (const auto row : gallery.rows_of_person(person)) {
            EXPECT_FALSE(gallery.is_vacant(row));
            EXPECT_EQ(gallery.record(row).label, label);
            found.emplace(gallery.photo(row));
        }
        ASSERT_EQ(found, own) << label;
        ++person;
    }
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        ASSERT_EQ(gallery.is_vacant(row), gallery.persons()[row] == k_nobody);
    }
    EXPECT_FALSE(gallery.find_person("nobody at all"));
}

class Changes : public testing::TestWithParam<int> {};

/// One change after the other; of the parameter's many snapshots one is asked for its people.
TEST_P(Changes, EachSnapshotKnowsItsPeopleWheneverItIsAsked) {
    std::minstd_rand random(7);
    auto gallery = nobody();
    Labels labels;
    std::vector<std::pair<std::shared_ptr<const Gallery>, Labels>> kept;
    for (int i = 0; i < 1500; ++i) {
        const auto name = "person_" + std::to_string(random() % 60);
        Draft draft(gallery);
        const auto kind = random() % 8;
        auto some = labels.begin();
        if (!labels.empty()) {
            std::advance(some, static_cast<std::ptrdiff_t>(random() % labels.size()));
        }
        if (kind < 3 || labels.empty()) {
            draft.apply(Add{record_of(name, i)});
            labels[std::to_string(i) + ".jpg"] = name;
        } else if (kind < 6) {
            draft.apply(Remove{record_of(some->second, std::stoi(some->first))});
            labels.erase(some);
        } else if (kind == 6) {
            const auto record = record_of(some->second, std::stoi(some->first));
            draft.apply(Relabel{record.key(), some->second, name, some->first, some->first});
            some->second = name;
        } else {
            draft.apply(SetExtra{"calibration", {}, std::to_string(i)});
        }
        gallery = draft.finish();
        if (i % GetParam() == 0) {
            expect_says(*gallery, labels);
        }
        if (i % 500 == 3) {
            kept.emplace_back(gallery, labels);
        }
    }
    expect_says(*gallery, labels);
    for (const auto& [earlier, said] : kept) {
        expect_says(*earlier, said);
    }
}
INSTANTIATE_TEST_SUITE_P(Asked, Changes, testing::Values(1, 7, 5000));

TEST(Draft, SomebodyWhoCameAndWentIsNobody) {
    Draft draft(nobody());
    draft.apply(Add{record_of("ada", 1)});
    draft.apply(Remove{record_of("ada", 1)});
    draft.apply(Add{record_of("bruno", 2)});
    expect_says(*draft.finish(), {{"2.jpg", "bruno"}});
}

TEST(Draft, ManyMayAskASnapshotFirst) {
    Draft draft(test::synthetic_gallery({200, 5}));
    draft.apply(Add{record_of("person_00", 1)});
    const auto gallery = draft.finish();
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            const auto person = gallery->find_person("person_00");
            right += person && gallery->people() == 201 && gallery->persons().back() == *person ? 1 : 0;
        });
    }
    for (int more = 0; more < 50; ++more) {
        Draft next(gallery);
        next.apply(Add{record_of("zelda", 2)});
        EXPECT_EQ(next.finish()->size(), 1002U);
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 8);
}

TEST(RowSet, CopiesAreTheirOwn) {
    RowSet first;
    EXPECT_FALSE(first.contains(0));
    first.insert(4095);
    first.insert(20000);
    RowSet second = first;
    second.insert(4096);
    second.insert(4094);
    for (const auto row : {4095U, 20000U}) {
        EXPECT_TRUE(first.contains(row));
        EXPECT_TRUE(second.contains(row));
    }
    for (const auto row : {4094U, 4096U}) {
        EXPECT_FALSE(first.contains(row));
        EXPECT_TRUE(second.contains(row));
    }
    EXPECT_FALSE(second.contains(20001));
    EXPECT_FALSE(second.contains(1'000'000));
}

}  // namespace
}  // namespace mien::gallery
