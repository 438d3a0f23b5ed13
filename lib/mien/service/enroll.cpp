// SPDX-License-Identifier: MIT
#include <mien/service/enroll.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/text.hpp>
#include <mien/service/photo_files.hpp>
#include <mien/service/store_choices.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace mien::service {
namespace {

using gallery::Gallery;
using gallery::Operation;

constexpr int k_places = 4;

std::string two_places(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value);
    return text.data();
}

std::vector<std::size_t> rows_of(const Gallery& store, const std::string& user) {
    const auto person = store.find_person(user);
    return person ? store.rows_of_person(*person) : std::vector<std::size_t>();
}

/// The rows that count for the limit, the oldest first. What train learned from the folders comes back with the next
/// training, so dropping it would be no use.
std::vector<std::size_t> enrolled_rows(const Gallery& store, const std::string& user) {
    auto rows = rows_of(store, user);
    std::erase_if(rows, [&store](std::size_t row) { return store.origin(row) != Origin::enroll; });
    std::stable_sort(rows.begin(), rows.end(),
                     [&store](std::size_t a, std::size_t b) { return store.time(a) < store.time(b); });
    return rows;
}

/// A face nobody measured is worse than any that was.
float quality_of(const Gallery& store, std::size_t row) {
    const float quality = store.quality(row);
    return std::isnan(quality) ? -1.0F : quality;
}

/// Whose face it is already, if it is somebody else's more than this user's.
const match::Candidate* rival(const FaceAnswer& face, const std::string& user) {
    return face.verdict == Verdict::known && face.label != user ? &face.candidates.front() : nullptr;
}

class Enrolment {
public:
    /// change: the number that the change will have
    Enrolment(const Gallery& store, const EnrollRules& rules, std::uint64_t change, EnrolledPhoto& answer)
        : m_store(store), m_rules(rules), m_change(change), m_answer(answer) {}

    /// Whether the record may come in. If not, the answer says why.
    bool admits(const gallery::Record& record, const FaceAnswer& face, const pipeline::Face& measured) {
        if (const auto row = m_store.find(record.key())) {
            const auto label = m_store.record(*row).label;
            if (label == record.label) {
                m_answer.outcome = "already";
                return false;
            }
            m_answer.outcome = "other_person";
            m_answer.rival = label;
            m_answer.distance = 0;
            m_answer.reason = "this very photo is in the store as " + m_answer.rival + "; 'mien move' corrects it";
            return false;
        }
        if (m_answer.quality < m_rules.quality) {
            m_answer.outcome = "low_quality";
            m_answer.poor = quality::reasons(measured.quality);
            m_answer.reason = "quality " + two_places(*m_answer.quality) + " is below " + two_places(m_rules.quality);
            for (const auto& poor : m_answer.poor) {
                m_answer.reason += "; " + poor;
            }
            return false;
        }
        if (const auto* other = rival(face, record.label)) {
            m_answer.rival = other->label;
            m_answer.distance = static_cast<double>(other->distance);
            if (!m_rules.force) {
                m_answer.outcome = "other_person";
                m_answer.reason = "the store knows this face as " + other->label + "; --force enrols it all the same";
                return false;
            }
        }
        return make_room(record);
    }

    std::vector<Operation> operations;  ///< that make room

private:
    bool make_room(const gallery::Record& record) {
        auto rows = enrolled_rows(m_store, record.label);
        if (m_rules.on_limit == OnLimit::worst) {
            std::stable_sort(rows.begin(), rows.end(), [this](std::size_t a, std::size_t b) {
                return quality_of(m_store, a) < quality_of(m_store, b);
            });
        }
        const std::size_t surplus = rows.size() + 1 > m_rules.max_per_user ? rows.size() + 1 - m_rules.max_per_user : 0;
        if (surplus == 0) {
            return true;
        }
        const auto limit = std::to_string(m_rules.max_per_user) + " enrolled encoding" +
                           (m_rules.max_per_user == 1 ? "" : "s") + " already";
        if (m_rules.on_limit == OnLimit::reject) {
            m_answer.outcome = "limit";
            m_answer.reason = record.label + " has " + limit + "; --on-limit says what may go";
            return false;
        }
        if (m_rules.on_limit == OnLimit::worst && record.quality <= quality_of(m_store, rows[surplus - 1])) {
            m_answer.outcome = "limit";
            m_answer.reason = record.label + " has " + limit + ", none worse than this one";
            return false;
        }
        for (std::size_t i = 0; i < surplus; ++i) {
            auto dropped = m_store.record(rows[i]).copy();
            m_answer.dropped.push_back(dropped.photo);
            release(dropped.photo, i);
            operations.emplace_back(gallery::Remove{std::move(dropped)});
        }
        return true;
    }

    /// A photo that was kept for an encoding goes with it, or the next training would bring it back.
    void release(const std::string& photo, std::size_t number) {
        if (!m_rules.keep_in || !lies_in(m_rules.keep_in->root / photo, m_rules.keep_in->training())) {
            return;
        }
        const gallery::StoreFiles files(m_rules.keep_in->store());
        const auto name = std::to_string(m_change) + "-" + std::to_string(number) + "-" +
                          std::filesystem::path(photo).filename().native();
        operations.emplace_back(gallery::MoveFile{photo, m_rules.keep_in->name_of(files.kept / name)});
    }

    const Gallery& m_store;
    const EnrollRules& m_rules;
    std::uint64_t m_change;
    EnrolledPhoto& m_answer;
};

}  // namespace

std::string_view to_string(OnLimit on_limit) {
    switch (on_limit) {
        case OnLimit::oldest: return "oldest";
        case OnLimit::worst: return "worst";
        case OnLimit::reject: return "reject";
    }
    return "oldest";
}

OnLimit on_limit_from(std::string_view name) {
    for (const auto rule : {OnLimit::oldest, OnLimit::worst, OnLimit::reject}) {
        if (to_string(rule) == name) {
            return rule;
        }
    }
    throw Error(ErrorCode::usage, "the rule at the limit is oldest, worst or reject, not " + shell_quoted(name));
}

std::optional<EnrolledPhoto> refused_at_sight(const std::string& photo, const Sha256& hash,
                                              const pipeline::PhotoResult& result) {
    if (result.verdict == Verdict::known && result.faces.size() == 1) {
        return std::nullopt;
    }
    const bool several = result.verdict == Verdict::known;
    EnrolledPhoto answer;
    answer.photo = photo;
    answer.hash = hash;
    answer.time = std::time(nullptr);
    answer.ms = result.ms;
    answer.outcome = to_string(several ? Verdict::several_faces : result.verdict);
    answer.reason = several ? "there are " + std::to_string(result.faces.size()) + " faces; show one" : result.reason;
    return answer;
}

EnrolledPhoto enroll_face(gallery::StoreWriter& writer, const pipeline::Blueprint& blueprint,
                          const Identifier& identifier, const std::string& user, const EnrollRules& rules,
                          const std::string& photo, const Sha256& hash, pipeline::PhotoResult result, Bytes bytes) {
    const auto store = writer.gallery();
    const auto encodings = store ? rows_of(*store, user).size() : 0;
    if (auto refused = refused_at_sight(photo, hash, result)) {
        refused->encodings = encodings;
        return *refused;
    }
    EnrolledPhoto answer;
    answer.photo = photo;
    answer.hash = hash;
    answer.time = std::time(nullptr);
    answer.ms = result.ms;
    answer.encodings = encodings;
    const auto face = result.faces.front();
    answer.quality = static_cast<double>(face.quality.score);
    gallery::Record record{
        user, photo, hash, face.box, face.score, face.quality.score, Origin::enroll, answer.time, face.encoding.values};
    const auto named = identifier.answer(std::move(result)).faces.front();
    Enrolment enrolment(identifier.gallery(), rules, writer.last_change() + 1, answer);
    if (!enrolment.admits(record, named, face)) {
        return answer;
    }
    if (rules.keep_in) {
        const auto folder = rules.keep_in->training() / to_folder_label(user);
        const auto file = safe_photo_name(to_hex(hash).substr(0, 12), bytes);
        const bool there = place_for(folder, file, bytes).there;
        record.photo = rules.keep_in->name_of(add_photo(folder, file, bytes));
        answer.kept_as = record.photo;
        if (!there) {
            enrolment.operations.emplace_back(gallery::AddFile{record.photo});
        }
    }
    const auto summary = user + " from " + printable(photo);
    if (store) {
        writer.require_model(*blueprint.contract());
        enrolment.operations.emplace_back(gallery::Add{std::move(record)});
        writer.commit(summary, std::move(enrolment.operations));
        answer.encodings = encodings + 1 - answer.dropped.size();
        writer.compact_if_it_pays();
    } else {
        writer.replace(*Gallery::build(description_of(blueprint), std::span(&record, 1)), summary,
                       std::move(enrolment.operations));
        answer.encodings = 1;
    }
    answer.outcome = "enrolled";
    return answer;
}

void enroll(const EnrollOptions& options, const models::Finder& finder, std::span<const std::filesystem::path> photos,
            const std::function<void(const EnrolledPhoto&)>& take) {
    const auto user = to_label(options.user);
    gallery::StoreWriter writer(options.workspace.store(options.store), {"enroll", options.wait_seconds});
    const auto blueprint = writer.gallery() ? blueprint_of_store(*writer.gallery(), options.pipeline, finder)
                                            : pipeline::Blueprint(options.pipeline, finder);
    const auto worker = blueprint.make_worker();
    std::unique_ptr<const Identifier> identifier;
    for (const auto& photo : photos) {
        throw_if_interrupted();
        const auto name = options.workspace.name_of(photo);
        std::vector<std::byte> bytes;
        try {
            bytes = read_file(photo, k_largest_photo_file);
        } catch (const Error& error) {
            EnrolledPhoto unread;
            unread.photo = name;
            unread.outcome = "unreadable";
            unread.reason = error.what();
            take(unread);
            continue;
        }
        const auto now = writer.gallery() ? writer.gallery() : Gallery::build(description_of(blueprint), {});
        identifier = std::make_unique<const Identifier>(now, blueprint.encoder(), options.identify, identifier.get());
        take(enroll_face(writer, blueprint, *identifier, user, options.rules, name, sha256(bytes),
                         worker->process(bytes, pipeline::Faces::one)));
    }
}

Json to_json(const EnrolledPhoto& photo) {
    Json json{{"photo", photo.photo}, {"outcome", photo.outcome}};
    if (photo.hash != Sha256{}) {
        json["sha256"] = to_hex(photo.hash);
    }
    if (!photo.reason.empty()) {
        json["reason"] = photo.reason;
    }
    if (!photo.poor.empty()) {
        json["poor"] = photo.poor;
    }
    if (!photo.rival.empty()) {
        json["rival"] = photo.rival;
        json["distance"] = rounded(photo.distance.value_or(0), k_places);
    }
    json["quality"] = photo.quality ? Json(rounded(*photo.quality, k_places)) : Json(nullptr);
    if (!photo.dropped.empty()) {
        json["dropped"] = photo.dropped;
    }
    json["encodings"] = photo.encodings;
    return json;
}

}  // namespace mien::service
