// SPDX-License-Identifier: MIT
#pragma once

/// `list`, `show`, `rename`, `move`: who is in the store, and putting right what was named wrong.

#include <mien/core/json.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace mien::service {

struct PersonSummary {
    std::string label;
    std::size_t encodings{};
    UnixTime updated{};  ///< of the newest encoding
};

/// The number of somebody whom a user named.
/// throws: Error{usage} if there is no such person, with the name that is most like it
std::uint32_t require_person(const gallery::Gallery& store, const std::string& label);

/// By label.
std::vector<PersonSummary> list_people(const gallery::Gallery& store);

struct PersonRecord {
    std::uint64_t id{};
    std::string photo;
    Box box;
    float score{};
    std::optional<double> quality;
    Origin origin{Origin::train};
    UnixTime time{};
};

struct Person {
    PersonSummary summary;
    std::vector<PersonRecord> records;  ///< by time, then photo
};

/// throws: Error{usage} if there is no such person, with the nearest names that there are
Person show_person(const gallery::Gallery& store, const std::string& label);

Json to_json(const PersonSummary& person);
Json to_json(const Person& person);

struct RenameOptions {
    Workspace workspace;
    std::filesystem::path store;
    std::string from;
    std::string to;
    bool merge{false};  ///< `to` is somebody already, and it is the same person
    double wait_seconds{0};
};

struct MoveOptions {
    Workspace workspace;
    std::filesystem::path store;
    std::vector<std::string> photos;  ///< as `show` names them, or paths to them
    std::optional<Box> box;           ///< which face, where the store has several of the one photo
    std::string from;                 ///< only faces of this person; empty: of anybody
    std::string to;
    double wait_seconds{0};
};

struct PeopleChange {
    std::uint64_t change{};                                  ///< its number in the log, for undo; 0: nothing was to do
    std::size_t encodings{};                                 ///< that changed their label
    std::vector<std::pair<std::string, std::string>> moved;  ///< photos, from and to, relative to the workspace
};

/// Records and the photos in dataset_training go together; one undo brings both back. Several photos are one change:
/// all of them, or none.
/// throws: Error{usage, store_missing, store_locked, store_corrupt, runtime}
PeopleChange rename(const RenameOptions& options);
PeopleChange move(const MoveOptions& options);

Json to_json(const PeopleChange& change);

}  // namespace mien::service
