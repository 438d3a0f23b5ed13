// SPDX-License-Identifier: MIT
#pragma once

/// What a verb did to the store, so that it can be kept, told and undone.

#include <mien/gallery/gallery.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mien::gallery {

/// A record comes. Its key must be new.
struct Add {
    Record record;
};

/// A record goes; whole, so that it can come back.
struct Remove {
    Record record;
};

/// A record changes its person and its photo's place.
struct Relabel {
    RecordKey key;
    std::string from;
    std::string to;
    std::string photo_from;
    std::string photo_to;
};

struct Deny {
    Denial denial;
};

/// Takes a denial back; found by label, photo hash and box.
struct Allow {
    Denial denial;
};

struct Skip {
    SkippedPhoto photo;
};

/// Found by its photo hash and name.
struct Unskip {
    SkippedPhoto photo;
};

/// An absent blob is an empty one.
struct SetExtra {
    std::string name;
    std::string before;
    std::string after;
};

/// The same model, other settings.
struct SetDescription {
    Description before;
    Description after;
};

/// A file or folder of the workspace goes elsewhere in it. Done after the change is durable, and finished by the next
/// writer if the process dies between. Never overwrites. Paths are relative to the store's folder, without "..".
struct MoveFile {
    std::string from;
    std::string to;
};

/// A file that the verb put into the workspace before the change; undoing moves it into the store's folder of kept
/// things.
struct AddFile {
    std::string path;
};

/// The whole archive was swapped for another. Only StoreWriter::replace makes it.
struct Replace {
    std::string kept;  ///< the archive before, in the store's folder of kept things; empty: there was no store
};

using Operation =
    std::variant<Add, Remove, Relabel, Deny, Allow, Skip, Unskip, SetExtra, SetDescription, MoveFile, AddFile, Replace>;

/// What is durable or not at all, together.
struct Change {
    std::uint64_t number{};  ///< 1 is the store's first; each one more than the last
    UnixTime time{};
    std::string user;
    std::string verb;
    std::string summary;  ///< for people: "3 added, 1 removed"
    std::vector<Operation> operations;
};

/// What takes the operation back, nothing for Replace (StoreWriter::undo knows how). kept: where AddFile's file goes.
std::optional<Operation> inverse(const Operation& operation, const std::string& kept);

/// The operations that lead from one gallery to another of the same contract. Quality, score, origin, time and place of
/// a record that both have are compared too.
std::vector<Operation> difference(const Gallery& from, const Gallery& to);

/// cereal's portable binary form, without a frame.
std::string to_bytes(const Change& change);

/// throws: Error{store_corrupt}; allocates no more than a small multiple of the bytes
Change change_from_bytes(Bytes bytes);

}  // namespace mien::gallery
