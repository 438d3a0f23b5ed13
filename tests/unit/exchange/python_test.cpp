// SPDX-License-Identifier: MIT

/// Pickles that Python, numpy and scikit-learn write while the test runs: Debian's, whatever else is on PATH.

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/exchange/collection.hpp>
#include <mien/exchange/pickle.hpp>

#include <support/shared.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace mien::exchange {
namespace {

using Kind = Plain::Kind;

bool runs(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

#define MIEN_NEEDS_PYTHON_LIBRARIES()                                \
    if (!runs("/usr/bin/python3 -c 'import numpy, sklearn'")) {      \
        GTEST_SKIP() << "needs python3 with numpy and scikit-learn"; \
    }

class PythonPickles : public testing::Test {
protected:
    void SetUp() override {
        MIEN_NEEDS_PYTHON_LIBRARIES();
        ASSERT_TRUE(runs("/usr/bin/python3 " + (test::source_dir() / "tests/support/make_pickles.py").native() + " " +
                         m_folder.path().native()));
    }

    /// Calls use(name, bytes) for every pickle whose name starts so, of every protocol.
    template <class Use>
    void each(const std::string& start, const Use& use) {
        std::size_t found = 0;
        for (const auto& entry : std::filesystem::directory_iterator(m_folder.path())) {
            const auto name = entry.path().filename().native();
            if (name.starts_with(start)) {
                SCOPED_TRACE(name);
                ++found;
                use(name, read_file(entry.path(), 1U << 30U));
            }
        }
        EXPECT_EQ(found % 18, 0U);  // six protocols, three ways of writing
        EXPECT_GT(found, 0U);
    }

private:
    test::TemporaryFolder m_folder;
};

TEST_F(PythonPickles, OldStoresOfEveryForm) {
    each("store_", [](const std::string& name, const std::vector<std::byte>& bytes) {
        EXPECT_EQ(sniff(bytes), Format::pickle);
        const auto collection = read(bytes, Format::pickle);
        ASSERT_EQ(collection.entries.size(), 3U);
        EXPECT_FALSE(collection.contract);
        for (std::size_t i = 0; i < 3; ++i) {
            const auto& entry = collection.entries[i];
            const std::string label = i == 1 ? "Zoé" : "Ada";
            EXPECT_EQ(entry.record.label, label) << name;
            EXPECT_EQ(entry.record.photo, "dataset_training/" + label + std::to_string(i) + ".jpg");
            EXPECT_EQ(entry.record.box, (Box{20, 10 + static_cast<int>(i), 90, 110 - static_cast<int>(i)}));
            EXPECT_EQ(entry.record.origin, Origin::import);
            EXPECT_FALSE(entry.has_hash);
            EXPECT_FALSE(entry.has_time);
            ASSERT_EQ(entry.record.encoding.size(), 128U);
            for (std::size_t j = 0; j < 128; ++j) {
                ASSERT_EQ(entry.record.encoding[j],
                          static_cast<float>(std::sin(1.0 + static_cast<double>(i * 128 + j))));
            }
        }
    });
}

/// What a value says, with arrays unfolded: as the plain lists, numbers and texts beside it say it.
std::string said(const Pickle& pickle, const Plain& value);

std::string in_quotes(std::string_view text) { return std::string("'").append(text).append("'"); }
std::string number(double value) { return std::to_string(value); }

std::string element(const PlainArray& array, std::size_t index, const Pickle& pickle) {
    if (array.dtype.kind == 'O') {
        return said(pickle, array.objects[index]);
    }
    double value{};
    std::string text;
    if (number_at(array.dtype, array.data, index, value)) {
        return number(value);
    }
    EXPECT_TRUE(text_at(array.dtype, array.data, index, text));
    return in_quotes(text);
}

std::string said(const Pickle& pickle, const Plain& value) {
    switch (value.kind()) {
        case Kind::none: return "None";
        case Kind::boolean:
        case Kind::integer: return number(static_cast<double>(value.integer()));
        case Kind::real: return number(value.real());
        case Kind::text:
        case Kind::bytes: return in_quotes(pickle.text(value));
        case Kind::list: {
            std::string all = "[";
            for (const auto& item : pickle.items(value)) {
                all += said(pickle, item) + " ";
            }
            return all + "]";
        }
        case Kind::array: {
            const auto& array = pickle.array(value);
            if (array.shape.empty()) {
                return element(array, 0, pickle);
            }
            const std::size_t rows = array.shape[0];
            const std::size_t columns = array.shape.size() == 2 ? array.shape[1] : 1;
            std::string all = "[";
            for (std::size_t row = 0; row < rows; ++row) {
                all += array.shape.size() == 2 ? "[" : "";
                for (std::size_t column = 0; column < columns; ++column) {
                    all += element(array, array.fortran ? column * rows + row : row * columns + column, pickle) + " ";
                }
                all += array.shape.size() == 2 ? "] " : "";
            }
            return all + "]";
        }
        default: return "?";
    }
}

TEST_F(PythonPickles, ArraysAndScalarsOfEveryProtocol) {
    each("values_", [](const std::string& name, const std::vector<std::byte>& bytes) {
        const Pickle pickle(bytes);
        const auto pairs = pickle.items(pickle.root());
        ASSERT_EQ(pairs.size(), 39U);
        for (const auto& pair : pairs) {
            const auto both = pickle.items(pair);
            ASSERT_EQ(both.size(), 2U);
            EXPECT_EQ(said(pickle, both[0]), said(pickle, both[1])) << name;
        }
    });
}

TEST_F(PythonPickles, BytesOfEveryProtocol) {
    std::string all;
    for (int i = 0; i < 256 * 300; ++i) {
        all += static_cast<char>(i);
    }
    each("bytes_", [&all](const std::string&, const std::vector<std::byte>& bytes) {
        const Pickle pickle(bytes);
        const auto items = pickle.items(pickle.root());
        ASSERT_EQ(items.size(), 3U);
        EXPECT_EQ(pickle.text(items[0]), "");
        EXPECT_EQ(pickle.text(items[1]), "abc");
        EXPECT_EQ(pickle.text(items[2]), all);
    });
}

}  // namespace
}  // namespace mien::exchange
