// SPDX-License-Identifier: MIT
#include <mien/gallery/fsck.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/archive.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/journal.hpp>

#include <algorithm>
#include <map>
#include <optional>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;

/// Everything in a log that can be read, whatever lies between.
struct LenientLog {
    std::optional<LogHeader> header;
    std::vector<Change> changes;
    std::size_t damaged{};  ///< places
    std::string first_damage;
    bool torn{};
};

LenientLog read_leniently(const std::string& bytes, LogKind kind) {
    LenientLog log;
    const auto all = std::as_bytes(std::span(bytes));
    const auto damage = [&log](const std::string& what) {
        ++log.damaged;
        if (log.first_damage.empty()) {
            log.first_damage = what;
        }
    };
    try {
        log.header = read_log_header(all, kind);
    } catch (const Error& error) {
        damage(error.what());
    }
    for (std::size_t at = std::min(all.size(), k_log_header_size); at < all.size();) {
        const auto size = entry_size(all.subspan(at));
        if (size == 0) {
            // Torn off, or damage up to the next entry.
            const auto next = find_entry(all, at + 1);
            try {
                log.torn = read_entries(all.subspan(at), at).torn;
            } catch (const Error& error) {
                damage(error.what());
            }
            at = next.value_or(all.size());
            continue;
        }
        try {
            const auto entry = read_entries(all.subspan(at, size), at).entries.front();
            if (entry.kind == EntryKind::change) {
                log.changes.push_back(change_from_bytes(entry.payload));
            }
        } catch (const Error& error) {
            damage(std::string(error.what()) + " (at byte " + std::to_string(at) + ")");
        }
        at += size;
    }
    return log;
}

std::string read_whole(const fs::path& path) {
    FileState state;
    const auto bytes = read_file_from(path, 0, state);
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : std::string();
}

/// "1 change", "2 changes"
std::string counted(std::size_t number, const std::string& singular) {
    return std::to_string(number) + " " + singular + (number == 1 ? "" : "s");
}

/// What cannot be read, for want of a permission or because it is no file, may be whole.
void require_damage(const Error& error, const fs::path& file) {
    if (error.code() != ErrorCode::store_corrupt) {
        throw Error(error.code(), std::string(error.what()) + "; nothing is known of " + printable(file.native()) +
                                      ": check its permissions, or run this as its owner");
    }
}

void check_log(const fs::path& path, LogKind kind, FsckReport& report) {
    if (!fs::exists(path)) {
        return;
    }
    const auto log = [&] {
        try {
            return read_leniently(read_whole(path), kind);
        } catch (const Error& error) {
            require_damage(error, path);
            throw;
        }
    }();
    const auto changes = counted(log.changes.size(), "change");
    if (log.damaged > 0) {
        report.findings.push_back({FsckKind::damage, path,
                                   log.first_damage + "; places like this: " + std::to_string(log.damaged) + "; " +
                                       changes + " can be read"});
    } else if (log.torn) {
        report.findings.push_back(
            {FsckKind::note, path, changes + "; the last entry was never finished and does not count"});
    } else {
        report.findings.push_back({FsckKind::good, path, changes});
    }
}

fs::path keep_aside(const fs::path& file) {
    auto aside = free_damaged_name(file);
    link_durably(file, aside);
    return aside;
}

void require_store(const fs::path& archive) {
    if (!fs::exists(archive)) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(archive.native()) +
                                                  "; make one with 'mien train', or name another with --store");
    }
}

}  // namespace

bool FsckReport::is_whole() const {
    return std::none_of(findings.begin(), findings.end(),
                        [](const FsckFinding& finding) { return finding.kind == FsckKind::damage; });
}

FsckReport check_store(const fs::path& store) {
    const StoreFiles files(store);
    require_store(files.archive);
    FsckReport report;
    std::optional<Lineage> lineage;
    try {
        const auto mapped = std::make_shared<const MappedFile>(files.archive);
        const auto archive = read_archive(mapped->bytes(), mapped);
        lineage = archive.lineage;
        report.records = archive.gallery->size();
        report.last_change = archive.lineage.last_change;
        const auto wrong = check_order(*archive.gallery);
        report.findings.push_back(wrong.empty() ? FsckFinding{FsckKind::good, files.archive,
                                                              counted(report.records, "record") + ", up to change " +
                                                                  std::to_string(report.last_change)}
                                                : FsckFinding{FsckKind::damage, files.archive, wrong});
    } catch (const Error& error) {
        require_damage(error, files.archive);
        report.findings.push_back({FsckKind::damage, files.archive, error.what()});
    }
    check_log(files.journal, LogKind::journal, report);
    if (report.is_whole()) {
        try {
            const StoreReader reader(store);
            report.records = reader.gallery()->size();
            report.last_change = reader.last_change();
            const auto wrong = check_order(*reader.gallery());
            if (!wrong.empty()) {
                report.findings.push_back({FsckKind::damage, files.journal, wrong});
            }
        } catch (const Error& error) {
            require_damage(error, files.journal);
            report.findings.push_back({FsckKind::damage, files.journal, error.what()});
        }
    }
    check_log(files.history, LogKind::history, report);
    for (const auto& file : files_of_store(store)) {
        const auto name = file.filename().native();
        if (name.starts_with('.') || name.ends_with(".torn")) {
            report.findings.push_back(
                {FsckKind::note, file, "left by a crash; the next change removes it or leaves it"});
        } else if (name.find(".damaged") != std::string::npos) {
            report.findings.push_back({FsckKind::note, file, "kept by a repair; remove it when you need it no more"});
        }
    }
    if (fs::is_directory(files.kept)) {
        for (const auto& entry : fs::directory_iterator(files.kept)) {
            if (entry.path().extension() != ".mien") {
                continue;
            }
            try {
                const auto mapped = std::make_shared<const MappedFile>(entry.path());
                const auto archive = read_archive(mapped->bytes(), mapped);
                report.findings.push_back(
                    {FsckKind::good, entry.path(), counted(archive.gallery->size(), "record") + ", kept for undo"});
            } catch (const Error& error) {
                require_damage(error, entry.path());
                report.findings.push_back({FsckKind::damage, entry.path(), error.what()});
            }
        }
    }
    return report;
}

FsckReport repair_store(const fs::path& store, const WriterOptions& options) {
    const StoreFiles files(store);
    require_store(files.archive);
    const FileLock lock(files.lock, options.verb, options.wait_seconds);
    auto before = check_store(store);
    if (before.is_whole()) {
        return before;
    }
    FsckReport report;
    report.repaired = true;
    const auto is_damaged = [&before](const fs::path& file) {
        return std::any_of(before.findings.begin(), before.findings.end(), [&file](const FsckFinding& finding) {
            return finding.kind == FsckKind::damage && finding.file == file;
        });
    };

    const auto mapped = std::make_shared<const MappedFile>(files.archive);
    Archive archive;
    try {
        archive = read_archive(mapped->bytes(), mapped);
    } catch (const Error& error) {
        auto salvage = salvage_archive(mapped->bytes());
        if (!salvage) {
            throw Error(ErrorCode::store_corrupt,
                        printable(files.archive.native()) + ": " + error.what() +
                            "; nothing in it is provably good; restore it from a copy, or build it anew with 'mien "
                            "train --rebuild'");
        }
        archive = std::move(salvage->archive);
        report.dropped_records = salvage->dropped;
        report.findings.push_back(
            {FsckKind::damage, files.archive,
             (salvage->damage.empty() ? "the table of contents is damaged" : salvage->damage) + "; " +
                 counted(salvage->dropped, "record") + " dropped" +
                 (salvage->rest_lost ? ", and some or all of: settings, skipped photos, denials, calibration" : "")});
        report.rest_lost = salvage->rest_lost;
    }
    // All that opening does not look at, made anew from the records.
    std::vector<Record> records;
    for (std::size_t row = 0; row < archive.gallery->rows(); ++row) {
        records.push_back(archive.gallery->record(row).copy());
    }
    std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.photo < b.photo; });
    const auto twice = [seen = std::map<std::uint64_t, bool>()](const Record& record) mutable {
        return !seen.emplace(record_id(record.photo_hash, record.box), true).second;
    };
    report.dropped_records += std::erase_if(records, twice);
    auto gallery = Gallery::build(archive.gallery->description(), records, archive.gallery->skipped(),
                                  archive.gallery->denials(), archive.gallery->extras());
    auto last_change = archive.lineage.last_change;

    // The journal's changes, as far as they fit what is left.
    std::vector<std::string> frames;
    if (fs::exists(files.journal)) {
        const auto log = read_leniently(read_whole(files.journal), LogKind::journal);
        const bool foreign = log.header && log.header->archive != archive.lineage.id &&
                             log.header->archive != archive.lineage.predecessor;
        const bool stale = log.header && !foreign && log.header->archive != archive.lineage.id;
        if (foreign) {
            report.findings.push_back(
                {FsckKind::damage, files.journal, "it belongs to another store and is set aside"});
        } else if (!stale) {
            Draft draft(gallery);
            for (const auto& change : log.changes) {
                if (change.number <= archive.lineage.last_change) {
                    continue;
                }
                std::size_t misfits = 0;
                for (const auto& operation : change.operations) {
                    try {
                        draft.apply(operation);
                    } catch (const Error&) {
                        ++misfits;
                    }
                }
                last_change = std::max(last_change, change.number);
                frames.push_back(frame(EntryKind::change, change.number, to_bytes(change)));
                if (misfits > 0) {
                    report.findings.push_back(
                        {FsckKind::damage, files.journal,
                         "change " + std::to_string(change.number) + ": " + std::to_string(misfits) + " of " +
                             std::to_string(change.operations.size()) + " operations no longer fit and are dropped"});
                }
            }
            gallery = draft.finish();
            if (log.damaged > 0) {
                report.dropped_changes += log.damaged;
                report.findings.push_back({FsckKind::damage, files.journal,
                                           log.first_damage + "; what stood there is dropped; " +
                                               counted(log.changes.size(), "change") + " kept"});
            }
        }
    }

    // The damaged files get a second name before anything is written over the first.
    for (const auto& file : {files.archive, files.journal, files.history}) {
        if (is_damaged(file) || (file == files.journal && fs::exists(file) && !frames.empty())) {
            report.kept.push_back(keep_aside(file));
        }
    }
    std::string history = to_bytes(LogHeader{LogKind::history, 0, 0});
    std::size_t told = 0;
    if (fs::exists(files.history)) {
        const auto log = read_leniently(read_whole(files.history), LogKind::history);
        for (const auto& change : log.changes) {
            if (change.number <= archive.lineage.last_change) {
                history += frame(EntryKind::change, change.number, to_bytes(change));
                ++told;
            }
        }
        if (log.damaged > 0) {
            report.findings.push_back(
                {FsckKind::damage, files.history,
                 log.first_damage + "; what stood there is dropped; " + counted(told, "change") + " kept"});
        }
    }
    for (const auto& entry : frames) {
        history += entry;
    }
    const auto write = [](const fs::path& file, const std::string& text) {
        AtomicFile out(file, 0600);
        out.write(std::as_bytes(std::span(text)));
        out.commit();
    };
    write(files.history, history);
    Lineage lineage{0, archive.lineage.id, last_change};
    {
        AtomicFile out(files.archive, 0600);
        lineage.id = write_archive(*gallery, lineage, [&out](Bytes bytes) { out.write(bytes); });
        out.commit();
    }
    write(files.journal, to_bytes(LogHeader{LogKind::journal, lineage.id, last_change}));
    report.records = gallery->size();
    report.last_change = last_change;
    return report;
}

}  // namespace mien::gallery
