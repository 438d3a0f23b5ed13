// SPDX-License-Identifier: MIT
#include <mien/gallery/change_log.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/draft.hpp>

#include <algorithm>
#include <optional>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;

const Replace* replacement(const Change& change) {
    for (const auto& operation : change.operations) {
        if (const auto* replace = std::get_if<Replace>(&operation)) {
            return replace;
        }
    }
    return nullptr;
}

/// Where a file that an undone change had added goes, in the workspace's terms.
std::string place_of_undone(const StoreFiles& files, std::uint64_t number, std::size_t index, const Operation& op) {
    const auto* added = std::get_if<AddFile>(&op);
    return added == nullptr ? std::string()
                            : files.kept.filename().native() + "/" + std::to_string(number) + "." +
                                  std::to_string(index) + "." + fs::path(added->path).filename().native();
}

/// The gallery before the archive was replaced by the change `number`.
std::shared_ptr<const Gallery> before_replacement(const Replace& replace, std::uint64_t number, const ChangeLog& log,
                                                  const StoreFiles& files) {
    if (replace.kept.empty()) {
        throw Error(ErrorCode::runtime,
                    "change " + std::to_string(number) + " made the store; there is nothing before it");
    }
    const auto file = files.kept / replace.kept;
    if (!fs::exists(file)) {
        throw Error(ErrorCode::runtime, "the archive before change " + std::to_string(number) +
                                            " is no longer kept: there is no " + printable(file.native()));
    }
    try {
        const auto mapped = std::make_shared<const MappedFile>(file);
        const auto archive = read_archive(mapped->bytes(), mapped);
        Draft draft(archive.gallery);
        for (auto n = archive.lineage.last_change + 1; n < number; ++n) {
            draft.apply(log.read(n));
        }
        return draft.finish();
    } catch (const Error& error) {
        throw Error(error.code(), printable(file.native()) + ": " + error.what());
    }
}

}  // namespace

ChangeLog::ChangeLog(const StoreReader& store)
    : m_history(store.files().history, LogKind::history),
      m_journal(store.files().journal, LogKind::journal),
      m_last(store.last_change()) {
    // Beyond the last change the history may hold one that was cut off before it happened; and the journal repeats what
    // the archive holds already. A gap ends what can be told.
    std::vector<Place> newest_first;
    auto wanted = m_last;
    for (const auto* log : {&m_journal, &m_history}) {
        for (auto place = log->places().rbegin(); place != log->places().rend(); ++place) {
            if (place->kind == EntryKind::change && place->number == wanted && wanted > 0) {
                newest_first.push_back({log, *place});
                --wanted;
            }
        }
    }
    m_entries.assign(newest_first.rbegin(), newest_first.rend());
}

Change ChangeLog::read(std::uint64_t number) const {
    if (number < first() || number > m_last) {
        throw Error(ErrorCode::runtime, m_entries.empty()
                                            ? "the store remembers no changes"
                                            : "the store remembers the changes " + std::to_string(first()) + " to " +
                                                  std::to_string(m_last) + ", not " + std::to_string(number));
    }
    const auto& entry = m_entries[number - first()];
    const auto payload = entry.log->payload(entry.place);
    return change_from_bytes(std::as_bytes(std::span(payload)));
}

Past state_after(std::uint64_t number, const ChangeLog& log, std::shared_ptr<const Gallery> present,
                 const StoreFiles& files) {
    Past past{std::move(present), {}, false};
    std::optional<Draft> draft(std::in_place, past.gallery);
    for (auto n = log.last(); n > number; --n) {
        const auto change = log.read(n);
        const auto* replace = replacement(change);
        if (replace != nullptr) {
            draft.emplace(before_replacement(*replace, n, log, files));
            past.replaced = true;
        }
        for (auto i = change.operations.size(); i-- > 0;) {
            const auto& operation = change.operations[i];
            auto back = inverse(operation, place_of_undone(files, n, i, operation));
            if (back && replace == nullptr) {
                draft->apply(*back);
            }
            if (back) {
                past.operations.push_back(std::move(*back));
            }
        }
    }
    past.gallery = draft->finish();
    if (past.replaced) {
        std::erase_if(past.operations, [](const Operation& op) { return !std::holds_alternative<MoveFile>(op); });
    }
    return past;
}

}  // namespace mien::gallery
