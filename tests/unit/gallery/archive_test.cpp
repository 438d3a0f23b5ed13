// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/archive.hpp>

#include <support/shared.hpp>
#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace mien::gallery {
namespace {

std::vector<std::byte> bytes_of(const Gallery& gallery) {
    std::vector<std::byte> bytes;
    write_archive(gallery, {0, 7, 3}, [&bytes](Bytes piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    return bytes;
}

std::shared_ptr<const Gallery> read(const std::vector<std::byte>& bytes) {
    const auto copy = std::make_shared<const std::vector<std::byte>>(bytes);
    return read_archive(*copy, copy).gallery;
}

std::vector<std::byte> small_archive() {
    return bytes_of(
        *test::synthetic_gallery({3, 2}, {{"dataset_training/x/empty.jpg", sha256("x"), Outcome::no_face, "no face"}}));
}

/// Puts value at offset and mends the header's checksum, as somebody would who means harm.
template <class Value>
std::vector<std::byte> forged(std::vector<std::byte> bytes, std::size_t offset, Value value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    const auto checksum = xxh3(Bytes(bytes).first(248));
    std::memcpy(bytes.data() + 248, &checksum, sizeof checksum);
    return bytes;
}

TEST(Archive, RoundTripKeepsEverything) {
    auto records = test::synthetic_records({4, 3});
    records[3].quality = k_not_measured;
    const Denial denial{"person_1", sha256("b"), {1, 2, 3, 4}, "b.jpg", 5, {0.5F, 0.25F}};
    const auto before = Gallery::build({test::synthetic_contract(16), "{}", "f"}, records,
                                       {{"a.jpg", sha256("a"), Outcome::several_faces, "2 faces"}}, {denial},
                                       {{"calibration", "bytes"}});
    const auto after = read(bytes_of(*before));
    EXPECT_EQ(after->contract(), before->contract());
    EXPECT_EQ(after->description().settings, before->description().settings);
    EXPECT_EQ(after->description().fingerprint, before->description().fingerprint);
    ASSERT_EQ(after->size(), before->size());
    for (std::size_t i = 0; i < before->size(); ++i) {
        const auto a = before->record(i);
        const auto b = after->record(i);
        EXPECT_EQ(a.id, b.id);
        EXPECT_EQ(a.label, b.label);
        EXPECT_EQ(a.photo, b.photo);
        EXPECT_EQ(a.photo_hash, b.photo_hash);
        EXPECT_EQ(a.box, b.box);
        EXPECT_EQ(a.score, b.score);
        EXPECT_TRUE(a.quality == b.quality || (std::isnan(a.quality) && std::isnan(b.quality)));
        EXPECT_EQ(a.origin, b.origin);
        EXPECT_EQ(a.time, b.time);
        EXPECT_TRUE(std::equal(a.encoding.begin(), a.encoding.end(), b.encoding.begin(), b.encoding.end()));
    }
    ASSERT_EQ(after->skipped().size(), 1U);
    EXPECT_EQ(after->skipped()[0].outcome, Outcome::several_faces);
    EXPECT_EQ(after->skipped()[0].reason, "2 faces");
    ASSERT_EQ(after->denials().size(), 1U);
    EXPECT_EQ(after->denials()[0].label, "person_1");
    EXPECT_EQ(after->denials()[0].encoding, denial.encoding);
    EXPECT_EQ(after->extra("calibration"), "bytes");
    EXPECT_EQ(after->extra("matcher"), "");
}

TEST(Archive, KnowsItsLineage) {
    std::vector<std::byte> bytes;
    const auto id = write_archive(*test::synthetic_gallery({2, 2}), {0, 7, 3},
                                  [&bytes](Bytes piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    const auto lineage = read_archive(bytes, nullptr).lineage;
    EXPECT_EQ(lineage.id, id);
    EXPECT_EQ(lineage.predecessor, 7U);
    EXPECT_EQ(lineage.last_change, 3U);
}

TEST(Archive, TheSameGalleryGivesTheSameBytes) { EXPECT_EQ(small_archive(), small_archive()); }

/// tests/data/stores/format_N.mien were written when format N was released, and never change.
TEST(Archive, StoresOfEveryReleasedFormatLoad) {
    const auto bytes = read_file(test::source_dir() / "tests/data/stores/format_1.mien", 1 << 20);
    const auto gallery = read(bytes);
    EXPECT_EQ(gallery->size(), 6U);
    EXPECT_EQ(gallery->people(), 3U);
    EXPECT_EQ(gallery->contract(), test::synthetic_contract(16));
    EXPECT_EQ(gallery->record(5).label, "person_2");
    EXPECT_EQ(gallery->record(5).photo, "dataset_training/person_2/1.jpg");
    EXPECT_EQ(gallery->record(5).photo_hash, sha256("person_2/1.jpg"));
    EXPECT_EQ(gallery->record(5).box, (Box{1, 2, 30, 40}));
    EXPECT_EQ(gallery->record(5).time, 1769850000);
    EXPECT_EQ(gallery->skipped().at(0).outcome, Outcome::no_face);
    EXPECT_TRUE(std::isnan(gallery->record(5).quality));
    EXPECT_EQ(gallery->rows_of_photo(sha256("person_2/1.jpg")), std::vector<std::size_t>{5});
}

TEST(Archive, AnEmptyGalleryIsAStoreToo) {
    const auto gallery = Gallery::build({test::synthetic_contract(16), {}, {}}, {}, {});
    EXPECT_EQ(read(bytes_of(*gallery))->size(), 0U);
}

TEST(Archive, EveryPrefixIsRefused) {
    const auto bytes = small_archive();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const std::vector<std::byte> prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(read(prefix), Error) << length;
    }
}

TEST(Archive, EveryFlippedByteIsRefused) {
    auto bytes = small_archive();
    for (auto& byte : bytes) {
        byte ^= std::byte{0x40};
        EXPECT_THROW(read(bytes), Error) << &byte - bytes.data();
        byte ^= std::byte{0x40};
    }
}

TEST(Archive, BytesBehindTheEndAreRefused) {
    auto bytes = small_archive();
    bytes.push_back(std::byte{0});
    EXPECT_THROW(read(bytes), Error);
}

TEST(Archive, ForgedHeadersAreRefused) {
    const auto bytes = small_archive();
    ASSERT_NO_THROW(read(forged(bytes, 0, bytes[0])));
    EXPECT_THROW(read(forged(bytes, 8, std::uint32_t{3})), Error);    // format of tomorrow
    EXPECT_THROW(read(forged(bytes, 112, std::uint32_t{0})), Error);  // dim
    EXPECT_THROW(read(forged(bytes, 112, std::uint32_t{0xffffffff})), Error);
    EXPECT_THROW(read(forged(bytes, 116, std::uint32_t{2})), Error);         // metric
    EXPECT_THROW(read(forged(bytes, 120, std::uint64_t{1} << 60U)), Error);  // count
    EXPECT_THROW(read(forged(bytes, 128, ~std::uint64_t{0})), Error);        // length of the table
    EXPECT_THROW(read(forged(bytes, 144, std::uint64_t{0})), Error);         // length of the body
    EXPECT_THROW(read(forged(bytes, 16 + 63, 'x')), Error);                  // name without an end
    for (const std::uint32_t chunk : {0U, 1U, 32U, 65U, 128U, 1U << 17U, 0xffffffffU}) {
        EXPECT_THROW(read(forged(bytes, 168, chunk)), Error) << chunk;
    }
}

TEST(Archive, ForgedTablesAreRefused) {
    const auto bytes = small_archive();
    for (std::size_t part = 0; part < 28; ++part) {
        for (const auto value : {std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 40U}) {
            auto forgery = bytes;
            std::memcpy(forgery.data() + 256 + part * 8, &value, sizeof value);
            std::uint64_t length{};
            std::memcpy(&length, bytes.data() + 128, sizeof length);
            EXPECT_THROW(read(forged(forgery, 136, xxh3(Bytes(forgery).subspan(256, length)))), Error) << part;
        }
    }
}

}  // namespace
}  // namespace mien::gallery
