// SPDX-License-Identifier: MIT
#include <mien/service/confirm.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/shell.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/faces.hpp>
#include <mien/service/photo_files.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <span>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Operation;
using gallery::Record;

UnixTime now() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

std::string describe(const Box& box) {
    return std::to_string(box.left) + "," + std::to_string(box.top) + "," + std::to_string(box.width) + "," +
           std::to_string(box.height);
}

/// A face that is decided about.
struct Subject {
    std::string name;  ///< as the user named the photo
    fs::path source;   ///< the file; empty where bytes were sent
    std::string file;  ///< a file's name for the copy
    std::vector<std::byte> bytes;
    Sha256 hash;
    Box box;
    float score{};
    float quality{gallery::k_not_measured};
    std::vector<float> encoding;
    std::string upload;       ///< the photo in dataset/, in the workspace; empty: it is none
    std::vector<Box> others;  ///< other faces of the photo that wait, as far as the store has not settled them
};

bool same_file_system(const fs::path& file, fs::path folder) {
    struct stat a {};
    struct stat b {};
    while (::stat(folder.c_str(), &b) != 0 && folder.has_parent_path()) {
        folder = folder.parent_path();
    }
    return ::stat(file.c_str(), &a) == 0 && ::stat(folder.c_str(), &b) == 0 && a.st_dev == b.st_dev;
}

/// What one change of the store will do, in the making.
struct Plan {
    std::vector<Operation> operations;
    std::vector<fs::path> to_remove;  ///< afterwards, where moving is impossible
    std::vector<Confirmed> answers;
};

class Planner {
public:
    Planner(const Workspace& workspace, const Gallery& store, const Identifier& identifier, std::uint64_t change)
        : m_workspace(workspace), m_store(store), m_identifier(identifier), m_change(change) {}

    /// Everything that may speak against a decision, before the first file is touched.
    void check(const Subject& subject, Decision decision, const std::string& label, bool force) {
        const auto known = settled(m_store, subject.hash, subject.box);
        const bool has_record = known && known->row;
        const auto where = printable(subject.name) + ": the store has the face at " + describe(subject.box) + " as ";
        switch (decision) {
            case Decision::is:
                require_folder(label);
                refuse_twins(subject, label);
                m_named.push_back({subject.hash, subject.box, label});
                if (has_record && known->label != label && !force) {
                    throw NeedsForce(where + known->label + "; make it " + label + " with --force");
                }
                if (!has_record && !force) {
                    refuse_lookalikes(subject, label);
                }
                break;
            case Decision::is_not:
                if (!m_store.find_person(label)) {
                    throw Error(ErrorCode::usage, "nobody in the store is called " + label);
                }
                if (has_record && known->label == label) {
                    throw Error(ErrorCode::usage, where + label + "; say who it is instead, with --label NAME --force");
                }
                break;
            case Decision::not_a_face:
                if (has_record) {
                    throw Error(ErrorCode::usage,
                                where + known->label + "; take it out first: undo that change, or remove its photo");
                }
                break;
        }
    }

    void add(const Subject& subject, Decision decision, const std::string& label) {
        Confirmed answer;
        answer.photo = subject.name;
        answer.hash = subject.hash;
        answer.box = subject.box;
        answer.label = label;
        answer.decision = decision;
        switch (decision) {
            case Decision::is: name(subject, answer); break;
            case Decision::is_not: answer.outcome = add_denial(subject, label) ? "denied" : "already"; break;
            case Decision::not_a_face: reject(subject, answer); break;
        }
        m_plan.answers.push_back(std::move(answer));
    }

    Plan take() { return std::move(m_plan); }

private:
    void name(const Subject& subject, Confirmed& answer) {
        const auto& label = answer.label;
        const auto known = settled(m_store, subject.hash, subject.box);
        take_back_denials(subject, label);
        if (known && known->row && known->label == label) {
            answer.outcome = "already";
            answer.box = m_store.box(*known->row);
            answer.kept_as = m_store.photo(*known->row);
            release(subject, answer);
        } else if (known && known->row) {
            relabel(subject, *known, answer);
        } else {
            answer.outcome = "confirmed";
            put(subject, answer);
            m_plan.operations.emplace_back(gallery::Add{{.label = label,
                                                         .photo = answer.kept_as,
                                                         .photo_hash = subject.hash,
                                                         .box = subject.box,
                                                         .score = subject.score,
                                                         .quality = subject.quality,
                                                         .origin = Origin::confirm,
                                                         .time = now(),
                                                         .encoding = subject.encoding}});
        }
    }

    /// The photo will lie in the person's folder, inside the workspace.
    void require_folder(const std::string& label) const {
        const auto folder = m_workspace.training() / label;
        const auto there = fs::symlink_status(folder);
        if (fs::exists(there) && !fs::is_directory(there)) {
            throw Error(ErrorCode::usage, printable(m_workspace.name_of(folder)) + " is " +
                                              (fs::is_symlink(there) ? "a link" : "a file") + ", but the photos of " +
                                              label +
                                              " go into a folder of that name; choose another label, or move it away");
        }
    }

    /// Two faces of one photo are two people, whatever they look like.
    void refuse_twins(const Subject& subject, const std::string& label) const {
        const auto refuse = [&](const Box& box) {
            throw Error(ErrorCode::usage, printable(subject.name) + ": another face of this photo, at " +
                                              describe(box) + ", is " + label +
                                              "; two faces of one photo are never the same person");
        };
        for (const auto row : m_store.rows_of_photo(subject.hash)) {
            if (m_store.record(row).label == label && overlap(m_store.box(row), subject.box) < k_same_face) {
                refuse(m_store.box(row));
            }
        }
        for (const auto& other : m_named) {
            if (other.hash == subject.hash && other.label == label) {
                refuse(other.box);
            }
        }
    }

    void refuse_lookalikes(const Subject& subject, const std::string& label) const {
        pipeline::PhotoResult photo;
        auto& seen = photo.faces.emplace_back();
        seen.box = subject.box;
        seen.score = subject.score;
        seen.encoding = {std::make_shared<ModelContract>(m_store.contract()), subject.encoding};
        const auto face = m_identifier.answer(std::move(photo)).faces.front();
        if (face.verdict == Verdict::known && face.label != label) {
            std::string distance = std::to_string(rounded(*face.distance, 3));
            distance.resize(distance.find('.') + 4);
            throw NeedsForce(printable(subject.name) + ": the face at " + describe(subject.box) + " looks like " +
                             face.label + " (distance " + distance + "); confirm it as " + face.label + ", say " +
                             shell_option("--not", face.label) + " first, or insist with --force");
        }
    }

    void take_back_denials(const Subject& subject, const std::string& label) {
        for (const auto& denial : m_store.denials()) {
            if (denial.photo_hash == subject.hash && overlap(denial.box, subject.box) >= k_same_face &&
                (denial.label.empty() || denial.label == label)) {
                m_plan.operations.emplace_back(gallery::Allow{denial});
            }
        }
    }

    void relabel(const Subject& subject, const Settled& known, Confirmed& answer) {
        const auto record = m_store.record(*known.row);
        const std::string old_name(record.photo);
        answer.outcome = "relabelled";
        answer.before = known.label;
        answer.box = record.box;
        const auto rows = m_store.rows_of_photo(subject.hash);
        const bool alone = std::none_of(rows.begin(), rows.end(), [&](std::size_t row) {
            return row != *known.row && m_store.photo(row) == record.photo;
        });
        const auto old = m_workspace.root / old_name;
        if (alone && lies_in(old, m_workspace.training())) {
            // Its training photo goes with it, or the next training would learn it as the other person again.
            const auto file = old.filename().native();
            const auto place = place_for(m_workspace.training() / answer.label, file, subject.bytes);
            answer.kept_as = m_workspace.name_of(place.path);
            move(old_name, place.there ? kept(file) : answer.kept_as, old);
            release(subject, answer);
        } else {
            put(subject, answer);
        }
        m_plan.operations.emplace_back(
            gallery::Relabel{record.key(), known.label, answer.label, old_name, answer.kept_as});
    }

    void reject(const Subject& subject, Confirmed& answer) {
        answer.outcome = add_denial(subject, {}) ? "not_a_face" : "already";
        release(subject, answer);
    }

    /// false: it was denied already
    bool add_denial(const Subject& subject, const std::string& label) {
        const auto& denials = m_store.denials();
        const bool there = std::any_of(denials.begin(), denials.end(), [&](const gallery::Denial& denial) {
            return denial.label == label && denial.photo_hash == subject.hash &&
                   overlap(denial.box, subject.box) >= k_same_face;
        });
        if (!there) {
            const auto photo = subject.upload.empty() ? subject.file : subject.upload;
            m_plan.operations.emplace_back(
                gallery::Deny{{label, subject.hash, subject.box, photo, now(), subject.encoding}});
        }
        return !there;
    }

    /// Sees to it that the photo lies in the person's folder, and that the upload goes if nothing else of it waits.
    void put(const Subject& subject, Confirmed& answer) {
        const auto folder = m_workspace.training() / answer.label;
        if (!subject.source.empty() && lies_in(subject.source, folder)) {  // it is the training photo itself
            answer.kept_as = m_workspace.name_of(place_in(subject.source, folder));
            release(subject, answer);
            return;
        }
        auto place = place_for(folder, subject.file, subject.bytes);
        answer.kept_as = m_workspace.name_of(place.path);
        const bool by_moving =
            !place.there && !subject.upload.empty() && same_file_system(m_workspace.root / subject.upload, folder);
        if (by_moving && leaves(subject)) {
            m_plan.operations.emplace_back(gallery::MoveFile{subject.upload, answer.kept_as});
            answer.upload_removed = true;
            return;
        }
        // A copy that a crash left is ours, too: nobody else has told the store of it.
        const bool ours = !place.there || !knows_file(answer.kept_as);
        answer.kept_as = m_workspace.name_of(add_photo(folder, subject.file, subject.bytes));
        if (ours) {
            m_plan.operations.emplace_back(gallery::AddFile{answer.kept_as});
        }
        release(subject, answer);
    }

    /// What the store needs of the photo is safe elsewhere: the upload may go.
    void release(const Subject& subject, Confirmed& answer) {
        if (!leaves(subject)) {
            return;
        }
        const auto file = m_workspace.root / subject.upload;
        const bool lost =
            answer.outcome == "already" && !answer.label.empty() && !fs::exists(m_workspace.root / answer.kept_as);
        auto to = kept(file.filename());
        if (lost) {  // the store has the face, but its photo is gone: this one is there instead
            to =
                m_workspace.name_of(place_for(m_workspace.training() / answer.label, subject.file, subject.bytes).path);
        }
        move(subject.upload, to, file);
        answer.upload_removed = true;
    }

    /// Whether nothing keeps the upload in dataset/ after this decision.
    bool leaves(const Subject& subject) {
        if (subject.upload.empty() || m_gone.contains(subject.upload)) {
            return false;
        }
        m_settled[subject.upload].push_back(subject.box);
        const auto& now_settled = m_settled[subject.upload];
        const bool free = std::all_of(subject.others.begin(), subject.others.end(), [&](const Box& box) {
            return settled(m_store, subject.hash, box) ||
                   std::any_of(now_settled.begin(), now_settled.end(),
                               [&](const Box& other) { return overlap(other, box) >= k_same_face; });
        });
        if (free) {
            m_gone.insert(subject.upload);
        }
        return free;
    }

    void move(const std::string& from, const std::string& to, const fs::path& file) {
        if (same_file_system(file, m_workspace.root)) {
            m_plan.operations.emplace_back(gallery::MoveFile{from, to});
        } else {
            m_plan.to_remove.push_back(file);
        }
    }

    /// Where undo finds what left its place.
    std::string kept(const fs::path& file) const {
        const gallery::StoreFiles files(m_workspace.store());
        const auto name =
            std::to_string(m_change) + "-" + std::to_string(m_plan.operations.size()) + "-" + file.native();
        return m_workspace.name_of(files.kept / name);
    }

    /// Whether the store has heard of this file: then it is not of our making.
    [[nodiscard]] bool knows_file(const std::string& photo) const {
        for (std::size_t row = 0; row < m_store.rows(); ++row) {
            if (!m_store.is_vacant(row) && m_store.photo(row) == photo) {
                return true;
            }
        }
        const auto& skipped = m_store.skipped();
        return std::any_of(skipped.begin(), skipped.end(), [&](const auto& other) { return other.photo == photo; });
    }

    struct Named {
        Sha256 hash;
        Box box;
        std::string label;
    };

    const Workspace& m_workspace;
    const Gallery& m_store;
    const Identifier& m_identifier;
    std::uint64_t m_change;
    Plan m_plan;
    std::vector<Named> m_named;
    std::set<std::string> m_gone;
    std::map<std::string, std::vector<Box>> m_settled;
};

}  // namespace

struct Confirmer::Impl {
    ConfirmOptions options;
    const models::Finder& finder;
    std::shared_ptr<gallery::StoreReader> reader;  ///< null: there is no store yet
    std::shared_ptr<const Gallery> store;          ///< what identifier knows; an empty one where there is none
    std::optional<pipeline::Blueprint> blueprint;
    std::unique_ptr<pipeline::Worker> worker;
    std::shared_ptr<const Identifier> identifier;
    std::shared_ptr<const Gallery> remembered;
    // Changes that we made one after the other, with nobody else's between them: [ours_from, ours_to].
    std::uint64_t ours_from{1};
    std::uint64_t ours_to{0};

    Impl(ConfirmOptions wanted, const models::Finder& where)
        : options(std::move(wanted)), finder(where), reader(options.reader), identifier(options.identifier) {}

    /// Brings everything up to the store's present state.
    void refresh() {
        if (!reader && fs::exists(options.workspace.store())) {
            reader = std::make_shared<gallery::StoreReader>(options.workspace.store());
        } else if (reader) {
            reader->refresh();
        }
        use(reader ? reader->gallery() : nullptr);
        remembered = remembered_faces(options.workspace, store->contract());
    }

    void use(std::shared_ptr<const Gallery> present) {
        if (store && (present == store || (!present && store->size() == 0))) {
            return;
        }
        if (!blueprint || (present && present->contract() != *blueprint->contract())) {
            worker.reset();
            blueprint.reset();
            blueprint.emplace(present ? blueprint_of_store(*present, options.pipeline, finder)
                                      : pipeline::Blueprint(options.pipeline, finder));
        }
        store = present ? std::move(present) : Gallery::build(description_of(*blueprint), {});
        identifier =
            std::make_shared<const Identifier>(store, blueprint->encoder(), options.identify, identifier.get());
    }

    pipeline::PhotoResult look_at(Bytes photo) {
        if (!worker) {
            pipeline::Blueprint::set_workers(1);
            worker = blueprint->make_worker();
        }
        return worker->process(photo, pipeline::Faces::all);
    }

    /// Where the photo lies in dataset/, in the workspace; empty where it does not.
    [[nodiscard]] std::string upload_of(const fs::path& source, const Sha256& hash) const {
        const auto& workspace = options.workspace;
        if (!source.empty() && lies_in(source, workspace.inbox())) {
            return workspace.name_of(place_in(source, workspace.inbox()));
        }
        if (remembered) {
            for (const auto row : remembered->rows_of_photo(hash)) {
                const auto file = workspace.root / remembered->photo(row);
                if (lies_in(file, workspace.inbox())) {
                    return std::string(remembered->photo(row));
                }
            }
        }
        return {};
    }

    /// Fills in the face that is meant.
    /// returns: why there is none (no_face, unreadable), or nothing
    std::optional<Confirmed> find_face(Subject& subject, const ConfirmRequest& request) {
        std::vector<std::size_t> rows;
        if (remembered && !subject.upload.empty()) {
            rows = remembered->rows_of_photo(subject.hash);
        }
        if (request.face.box && !rows.empty()) {
            const auto best = *std::max_element(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
                return overlap(remembered->box(a), *request.face.box) < overlap(remembered->box(b), *request.face.box);
            });
            if (overlap(remembered->box(best), *request.face.box) >= k_same_face) {
                const auto face = remembered->record(best);
                take(subject, face.box, face.score, face.quality, {face.encoding.begin(), face.encoding.end()});
                add_others(subject, rows);
                return std::nullopt;
            }
        }
        auto result = look_at(subject.bytes);
        if (result.faces.empty()) {
            Confirmed answer;
            answer.photo = subject.name;
            answer.hash = subject.hash;
            answer.outcome = to_string(result.verdict);
            answer.reason = result.reason;
            return answer;
        }
        const auto answer = identifier->answer(std::move(result));
        const auto& face = answer.faces[choose(subject, answer, request)];
        take(subject, face.box, face.score, face.quality.score, face.encoding.values);
        if (!rows.empty()) {
            add_others(subject, rows);
        } else {
            for (const auto* other : faces_that_wait(answer)) {
                if (other != &face) {
                    subject.others.push_back(other->box);
                }
            }
        }
        return std::nullopt;
    }

    static void take(Subject& subject, const Box& box, float score, float quality, std::vector<float> encoding) {
        subject.box = box;
        subject.score = score;
        subject.quality = quality;
        subject.encoding = std::move(encoding);
    }

    void add_others(Subject& subject, const std::vector<std::size_t>& rows) const {
        for (const auto row : rows) {
            if (overlap(remembered->box(row), subject.box) < k_same_face) {
                subject.others.push_back(remembered->box(row));
            }
        }
    }

    std::size_t choose(const Subject& subject, const PhotoAnswer& photo, const ConfirmRequest& request) const {
        const auto& faces = photo.faces;
        if (request.face.number) {
            const auto number = *request.face.number;
            if (number < 1 || number > faces.size()) {
                refuse_choice(subject, photo, "there is no face " + std::to_string(number) + " in it");
            }
            return number - 1;
        }
        if (request.face.box) {
            std::size_t best = 0;
            for (std::size_t i = 1; i < faces.size(); ++i) {
                if (overlap(faces[i].box, *request.face.box) > overlap(faces[best].box, *request.face.box)) {
                    best = i;
                }
            }
            if (overlap(faces[best].box, *request.face.box) < k_same_face) {
                refuse_choice(subject, photo, "there is no face at " + describe(*request.face.box));
            }
            return best;
        }
        if (faces.size() == 1) {
            return 0;
        }
        std::vector<std::size_t> open;
        for (std::size_t i = 0; i < faces.size(); ++i) {
            const auto known = settled(*store, subject.hash, faces[i].box);
            if (!known) {
                open.push_back(i);
            } else if (request.decision == Decision::is && known->row && known->label == request.label) {
                return i;  // it is done already
            }
        }
        if (open.size() != 1) {
            refuse_choice(subject, photo, "say which face is meant");
        }
        return open.front();
    }

    [[noreturn]] void refuse_choice(const Subject& subject, const PhotoAnswer& photo, const std::string& reason) const {
        std::string text = printable(subject.name) + ": " + reason + "; it shows ";
        Json faces = Json::array();
        for (std::size_t i = 0; i < photo.faces.size(); ++i) {
            const auto& face = photo.faces[i];
            const auto known = settled(*store, subject.hash, face.box);
            text += (i == 0 ? "--face " : ", --face ") + std::to_string(i + 1) + " at " + describe(face.box);
            text += known ? known->row ? " (" + known->label + " in the store)" : " (not a face)"
                    : face.verdict == Verdict::known ? " (looks like " + face.label + ")"
                                                     : "";
            faces.push_back({{"face", i + 1},
                             {"box", mien::to_json(face.box)},
                             {"label", known && known->row ? Json(known->label) : Json(nullptr)}});
        }
        throw WhichFace(text, std::move(faces));
    }

    Confirmed decide_photo(const ConfirmRequest& request, const fs::path& source, std::vector<std::byte> bytes) {
        auto asked = request;
        asked.label = request.decision == Decision::not_a_face ? std::string() : to_folder_label(request.label);
        refresh();
        Subject subject;
        subject.name = request.photo.native();
        subject.source = source;
        subject.file = safe_photo_name(request.photo.filename().native(), bytes);
        subject.hash = sha256(bytes);
        subject.bytes = std::move(bytes);
        subject.upload = upload_of(source, subject.hash);
        if (auto nothing = find_face(subject, asked)) {
            return *nothing;
        }
        std::vector<Subject> subjects;
        subjects.push_back(std::move(subject));
        return decide(subjects, asked.decision, asked.label, asked.force).front();
    }

    std::vector<Confirmed> decide_waiting(std::span<const WaitingFace> faces, Decision decision,
                                          const std::string& typed, bool force) {
        const auto label = decision == Decision::not_a_face ? std::string() : to_folder_label(typed);
        refresh();
        std::vector<Subject> subjects;
        for (const auto& face : faces) {
            Subject subject;
            subject.name = face.photo;
            subject.source = options.workspace.root / face.photo;
            subject.file = safe_photo_name(subject.source.filename().native(), {});
            subject.bytes = read_file(subject.source, k_largest_photo_file);
            subject.hash = sha256(subject.bytes);
            subject.upload = upload_of(subject.source, subject.hash);
            if (subject.hash != face.photo_hash || face.encoding.size() != store->contract().dim) {
                throw Error(ErrorCode::usage, printable(face.photo) + " has changed meanwhile; see 'mien pending'");
            }
            take(subject, face.box, face.score, face.quality, face.encoding);
            if (remembered) {
                add_others(subject, remembered->rows_of_photo(subject.hash));
            }
            subjects.push_back(std::move(subject));
        }
        return decide(subjects, decision, label, force);
    }

    /// One change of the store for all of them.
    std::vector<Confirmed> decide(const std::vector<Subject>& subjects, Decision decision, const std::string& label,
                                  bool force) {
        const auto& workspace = options.workspace;
        std::optional<gallery::StoreWriter> writer;
        const gallery::WriterOptions how{"confirm", options.wait_seconds, options.user};
        if (reader) {
            writer.emplace(*reader, how);
        } else {
            writer.emplace(workspace.store(), how);
        }
        const auto contract = store->contract();
        use(writer->gallery());
        if (store->contract() != contract) {
            throw Error(ErrorCode::model_mismatch, "the store was built anew with " + store->contract().encoder +
                                                       " meanwhile; run the same command again");
        }
        Planner planner(workspace, *store, *identifier, writer->last_change() + 1);
        for (const auto& subject : subjects) {
            planner.check(subject, decision, label, force);
        }
        for (const auto& subject : subjects) {
            planner.add(subject, decision, label);
        }
        auto plan = planner.take();
        if (!plan.operations.empty()) {
            const auto before = writer->last_change();
            commit(*writer, plan, decision, label);
            if (before != ours_to) {
                ours_from = before + 1;
            }
            ours_to = writer->last_change();
            for (auto& answer : plan.answers) {
                answer.change = writer->last_change();
            }
        }
        for (const auto& file : plan.to_remove) {
            remove_durably(file);
        }
        return std::move(plan.answers);
    }

    void undo(std::uint64_t change) {
        refresh();
        if (!reader) {
            throw Error(ErrorCode::usage, "there is nothing to undo");
        }
        gallery::StoreWriter writer(*reader, {"undo", options.wait_seconds, options.user});
        const auto last = writer.last_change();
        if (last != ours_to || change < ours_from || change > last) {
            throw Error(ErrorCode::usage, "somebody else has changed the store since; see 'mien log' and 'mien undo'");
        }
        // What was taken back since is behind it, too, and comes to nothing.
        writer.undo(last - change + 1);
        ours_to = writer.last_change();
    }

    void commit(gallery::StoreWriter& writer, Plan& plan, Decision decision, const std::string& label) {
        const bool one = plan.answers.size() == 1;
        auto summary = std::to_string(plan.answers.size());
        summary += decision == Decision::is       ? (one ? " face confirmed as " : " faces confirmed as ") + label
                   : decision == Decision::is_not ? (one ? " face is not " : " faces are not ") + label
                   : one                          ? " detection is not a face"
                                                  : " detections are not faces";
        if (writer.gallery()) {
            writer.commit(summary, std::move(plan.operations));
            writer.compact_if_it_pays();
            return;
        }
        // The first change of all makes the store.
        std::vector<Record> records;
        std::vector<gallery::Denial> denials;
        std::vector<Operation> files;
        for (auto& operation : plan.operations) {
            if (auto* add = std::get_if<gallery::Add>(&operation)) {
                records.push_back(std::move(add->record));
            } else if (auto* deny = std::get_if<gallery::Deny>(&operation)) {
                denials.push_back(std::move(deny->denial));
            } else {
                files.push_back(std::move(operation));
            }
        }
        writer.replace(*Gallery::build(store->description(), records, {}, std::move(denials)), summary,
                       std::move(files));
    }
};

Confirmer::Confirmer(ConfirmOptions options, const models::Finder& finder)
    : m_impl(std::make_unique<Impl>(std::move(options), finder)) {}

Confirmer::~Confirmer() = default;

Confirmed Confirmer::decide(const ConfirmRequest& request) {
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(request.photo, k_largest_photo_file);
    } catch (const Error& error) {
        Confirmed answer;
        answer.photo = request.photo.native();
        answer.outcome = to_string(Verdict::unreadable);
        answer.reason = error.what();
        return answer;
    }
    return m_impl->decide_photo(request, request.photo, std::move(bytes));
}

Confirmed Confirmer::decide(const ConfirmRequest& request, Bytes photo) {
    return m_impl->decide_photo(request, {}, {photo.begin(), photo.end()});
}

std::vector<Confirmed> Confirmer::decide(std::span<const WaitingFace> faces, Decision decision,
                                         const std::string& label, bool force) {
    return m_impl->decide_waiting(faces, decision, label, force);
}

void Confirmer::undo(std::uint64_t change) { m_impl->undo(change); }

std::vector<std::string> Confirmer::labels() const {
    m_impl->refresh();
    std::vector<std::string> labels;
    for (std::size_t person = 0; person < m_impl->store->people(); ++person) {
        labels.emplace_back(m_impl->store->label(person));
    }
    return labels;
}

Json to_json(const Confirmed& confirmed) {
    Json json{{"photo", confirmed.photo}};
    if (confirmed.hash != Sha256{}) {
        json["sha256"] = to_hex(confirmed.hash);
    }
    json["outcome"] = confirmed.outcome;
    if (!confirmed.reason.empty()) {
        json["reason"] = confirmed.reason;
        return json;
    }
    json["box"] = mien::to_json(confirmed.box);
    if (!confirmed.label.empty()) {
        json[confirmed.decision == Decision::is_not ? "not" : "label"] = confirmed.label;
    }
    if (!confirmed.before.empty()) {
        json["before"] = confirmed.before;
    }
    if (!confirmed.kept_as.empty()) {
        json["kept_as"] = confirmed.kept_as;
    }
    json["upload_removed"] = confirmed.upload_removed;
    if (confirmed.change != 0) {
        json["change"] = confirmed.change;
    }
    return json;
}

}  // namespace mien::service
