// SPDX-License-Identifier: MIT

/// Pickles made to harm: whatever the bytes, plain data within the promised memory or Error{runtime}, and nothing runs.

#include <mien/core/error.hpp>
#include <mien/exchange/collection.hpp>
#include <mien/exchange/pickle.hpp>

#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using mien::exchange::Pickle;
using mien::exchange::Plain;

/// Looks at everything within a depth; values may hold themselves.
void look_at(const Pickle& pickle, const Plain& value, int depth, std::size_t& left) {
    if (depth == 0 || left == 0) {
        return;
    }
    --left;
    for (const auto& item : pickle.items(value)) {
        look_at(pickle, item, depth - 1, left);
    }
    for (const auto& [key, entry] : pickle.entries(value)) {
        look_at(pickle, key, depth - 1, left);
        look_at(pickle, entry, depth - 1, left);
    }
    static_cast<void>(pickle.text(value).size());
    static_cast<void>(pickle.global_name(value).size());
    if (value.is(Plain::Kind::array)) {
        const auto& array = pickle.array(value);
        double number{};
        std::string text;
        for (std::size_t i = 0; i < array.size() && i < 100; ++i) {
            if (array.dtype.kind == 'O') {
                look_at(pickle, array.objects.at(i), depth - 1, left);
            } else if (array.dtype.size > 0 && !number_at(array.dtype, array.data, i, number)) {
                static_cast<void>(text_at(array.dtype, array.data, i, text));
            }
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    try {
        const Pickle pickle(bytes);
        std::size_t left = 10000;
        look_at(pickle, pickle.root(), 20, left);
    } catch (const mien::Error& error) {
        if (error.code() != mien::ErrorCode::runtime) {
            std::abort();
        }
    }
    try {
        static_cast<void>(mien::exchange::read(bytes, mien::exchange::Format::pickle, {.skip_bad = true}));
    } catch (const mien::Error&) {
    }
    return 0;
}
