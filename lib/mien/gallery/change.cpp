// SPDX-License-Identifier: MIT
#include <mien/gallery/change.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/payload.hpp>

#include <algorithm>
#include <filesystem>
#include <map>

namespace mien::gallery {
namespace {

// An operation's number in the journal is its place in the variant: new ones go to its end.
constexpr std::size_t k_operations = std::variant_size_v<Operation>;

struct OperationWriter {
    PayloadWriter& out;

    void operator()(const Add& op) const { write_members(out, op.record); }
    void operator()(const Remove& op) const { write_members(out, op.record); }
    void operator()(const Relabel& op) const {
        out.write(op.key.photo_hash);
        out.write(op.key.box);
        out.write(op.from);
        out.write(op.to);
        out.write(op.photo_from);
        out.write(op.photo_to);
    }
    void operator()(const Deny& op) const { write_members(out, op.denial); }
    void operator()(const Allow& op) const { write_members(out, op.denial); }
    void operator()(const Skip& op) const { write_members(out, op.photo); }
    void operator()(const Unskip& op) const { write_members(out, op.photo); }
    void operator()(const SetExtra& op) const {
        out.write(op.name);
        out.write(op.before);
        out.write(op.after);
    }
    void operator()(const SetDescription& op) const {
        write_members(out, op.before);
        write_members(out, op.after);
    }
    void operator()(const MoveFile& op) const {
        out.write(op.from);
        out.write(op.to);
    }
    void operator()(const AddFile& op) const { out.write(op.path); }
    void operator()(const Replace& op) const { out.write(op.kept); }
};

/// A path of the workspace or of the store's folder of kept things, that leads nowhere else.
std::string read_path(PayloadReader& in) {
    std::string text;
    in.read(text);
    const std::filesystem::path path(text);
    const bool inside = !path.empty() && path.is_relative() && text.find('\0') == std::string::npos &&
                        std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
    if (!inside) {
        throw Error(ErrorCode::store_corrupt, "a change names a file outside its workspace");
    }
    return text;
}

Operation read_operation(PayloadReader& in) {
    std::uint8_t kind{};
    in.read(kind);
    static_assert(k_operations == 12);
    switch (kind) {
        case 0: return Add{read_members<Record>(in)};
        case 1: return Remove{read_members<Record>(in)};
        case 2: {
            Relabel op;
            in.read(op.key.photo_hash);
            in.read(op.key.box);
            in.read(op.from);
            in.read(op.to);
            in.read(op.photo_from);
            in.read(op.photo_to);
            return op;
        }
        case 3: return Deny{read_members<Denial>(in)};
        case 4: return Allow{read_members<Denial>(in)};
        case 5: return Skip{read_members<SkippedPhoto>(in)};
        case 6: return Unskip{read_members<SkippedPhoto>(in)};
        case 7: {
            SetExtra op;
            in.read(op.name);
            in.read(op.before);
            in.read(op.after);
            return op;
        }
        case 8: {
            SetDescription op;
            op.before = read_members<Description>(in);
            op.after = read_members<Description>(in);
            return op;
        }
        case 9: {
            MoveFile op;
            op.from = read_path(in);
            op.to = read_path(in);
            return op;
        }
        case 10: return AddFile{read_path(in)};
        case 11: {
            Replace op;
            in.read(op.kept);
            if (op.kept.find('/') != std::string::npos || op.kept == ".." || op.kept.find('\0') != std::string::npos) {
                throw Error(ErrorCode::store_corrupt, "a change names a kept archive that cannot be");
            }
            return op;
        }
        default: throw Error(ErrorCode::store_corrupt, "a change has an operation that this mien does not know");
    }
}

bool same_but_label(const RecordView& a, const RecordView& b) {
    const auto same_float = [](float x, float y) { return x == y || (x != x && y != y); };
    return a.origin == b.origin && a.time == b.time && same_float(a.score, b.score) &&
           same_float(a.quality, b.quality) &&
           std::memcmp(a.encoding.data(), b.encoding.data(), a.encoding.size_bytes()) == 0;
}

}  // namespace

std::optional<Operation> inverse(const Operation& operation, const std::string& kept) {
    return std::visit(
        [&kept](const auto& op) -> std::optional<Operation> {
            using Op = std::decay_t<decltype(op)>;
            if constexpr (std::is_same_v<Op, Add>) {
                return Remove{op.record};
            } else if constexpr (std::is_same_v<Op, Remove>) {
                return Add{op.record};
            } else if constexpr (std::is_same_v<Op, Relabel>) {
                return Relabel{op.key, op.to, op.from, op.photo_to, op.photo_from};
            } else if constexpr (std::is_same_v<Op, Deny>) {
                return Allow{op.denial};
            } else if constexpr (std::is_same_v<Op, Allow>) {
                return Deny{op.denial};
            } else if constexpr (std::is_same_v<Op, Skip>) {
                return Unskip{op.photo};
            } else if constexpr (std::is_same_v<Op, Unskip>) {
                return Skip{op.photo};
            } else if constexpr (std::is_same_v<Op, SetExtra>) {
                return SetExtra{op.name, op.after, op.before};
            } else if constexpr (std::is_same_v<Op, SetDescription>) {
                return SetDescription{op.after, op.before};
            } else if constexpr (std::is_same_v<Op, MoveFile>) {
                return MoveFile{op.to, op.from};
            } else if constexpr (std::is_same_v<Op, AddFile>) {
                return MoveFile{op.path, kept};
            } else {
                return std::nullopt;
            }
        },
        operation);
}

std::vector<Operation> difference(const Gallery& from, const Gallery& to) {
    if (from.contract() != to.contract()) {
        throw Error(ErrorCode::model_mismatch,
                    "the store holds encodings of " + from.contract().encoder + ", not of " + to.contract().encoder);
    }
    std::vector<Operation> operations;
    if (from.description() != to.description()) {
        operations.push_back(SetDescription{from.description(), to.description()});
    }
    std::vector<Operation> added;
    for (std::size_t row = 0; row < from.rows(); ++row) {
        if (!from.is_vacant(row) && !to.find({from.photo_hash(row), from.box(row)})) {
            operations.push_back(Remove{from.record(row).copy()});
        }
    }
    for (std::size_t row = 0; row < to.rows(); ++row) {
        if (to.is_vacant(row)) {
            continue;
        }
        const auto after = to.record(row);
        const auto found = from.find(after.key());
        if (!found) {
            added.push_back(Add{after.copy()});
            continue;
        }
        const auto before = from.record(*found);
        if (!same_but_label(before, after)) {
            operations.push_back(Remove{before.copy()});
            added.push_back(Add{after.copy()});
        } else if (before.label != after.label || before.photo != after.photo) {
            added.push_back(Relabel{after.key(), std::string(before.label), std::string(after.label),
                                    std::string(before.photo), std::string(after.photo)});
        }
    }
    std::move(added.begin(), added.end(), std::back_inserter(operations));

    // Lists of what is not a record are short, or equal.
    const auto compare = [&operations]<class Value, class Came, class Went>(
                             const std::vector<Value>& before, const std::vector<Value>& after, Came came, Went went) {
        const auto key = [](const Value& value) {
            PayloadWriter out;
            write_members(out, value);
            return out.finish();
        };
        std::map<std::string, const Value*> left;
        for (const auto& value : before) {
            left.emplace(key(value), &value);
        }
        std::vector<const Value*> fresh;
        for (const auto& value : after) {
            if (left.erase(key(value)) == 0) {
                fresh.push_back(&value);
            }
        }
        for (const auto& value : before) {
            if (left.contains(key(value))) {
                operations.push_back(went(value));
            }
        }
        for (const auto* value : fresh) {
            operations.push_back(came(*value));
        }
    };
    compare(
        from.skipped(), to.skipped(), [](const SkippedPhoto& photo) -> Operation { return Skip{photo}; },
        [](const SkippedPhoto& photo) -> Operation { return Unskip{photo}; });
    compare(
        from.denials(), to.denials(), [](const Denial& denial) -> Operation { return Deny{denial}; },
        [](const Denial& denial) -> Operation { return Allow{denial}; });
    for (const auto& [name, blob] : from.extras()) {
        if (to.extra(name) != blob) {
            operations.push_back(SetExtra{name, blob, std::string(to.extra(name))});
        }
    }
    for (const auto& [name, blob] : to.extras()) {
        if (from.extra(name).empty() && !blob.empty()) {
            operations.push_back(SetExtra{name, {}, blob});
        }
    }
    return operations;
}

std::string to_bytes(const Change& change) {
    PayloadWriter out;
    out.write(change.number);
    out.write(change.time);
    out.write(change.user);
    out.write(change.verb);
    out.write(change.summary);
    out.write_count(change.operations.size());
    for (const auto& operation : change.operations) {
        out.write(static_cast<std::uint8_t>(operation.index()));
        std::visit(OperationWriter{out}, operation);
    }
    return out.finish();
}

Change change_from_bytes(Bytes bytes) {
    try {
        Change change;
        PayloadReader in(bytes);
        in.read(change.number);
        in.read(change.time);
        in.read(change.user);
        in.read(change.verb);
        in.read(change.summary);
        const auto operations = in.read_count(2);
        for (std::size_t i = 0; i < operations; ++i) {
            change.operations.push_back(read_operation(in));
        }
        if (!in.at_end()) {
            throw Error(ErrorCode::store_corrupt, "a change is longer than what it says");
        }
        return change;
    } catch (const cereal::Exception&) {
        throw Error(ErrorCode::store_corrupt, "a change ends early");
    }
}

}  // namespace mien::gallery
