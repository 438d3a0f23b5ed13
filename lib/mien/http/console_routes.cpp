// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/changes.hpp>
#include <mien/http/routes.hpp>
#include <mien/service/history.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/people.hpp>
#include <mien/service/photo_files.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

extern "C" {
extern const char mien_console_index_html[], mien_console_index_html_end[];
extern const char mien_console_style_css[], mien_console_style_css_end[];
extern const char mien_console_main_js[], mien_console_main_js_end[];
extern const char mien_console_api_js[], mien_console_api_js_end[];
extern const char mien_console_dom_js[], mien_console_dom_js_end[];
extern const char mien_console_inbox_js[], mien_console_inbox_js_end[];
extern const char mien_console_people_js[], mien_console_people_js_end[];
extern const char mien_console_system_js[], mien_console_system_js_end[];
}

namespace mien::http {
namespace {

namespace fs = std::filesystem;
using service::Decision;
using service::Pending;

constexpr const char* k_dialect = "mien";
constexpr int k_places = 4;
constexpr int k_picture_side = 240;
/// Photos that somebody put into dataset/ by hand and that one request looks at; the next one goes on.
constexpr std::size_t k_look_at_most = 16;
/// Folders inside dataset/ tell nobody that they changed.
constexpr std::chrono::seconds k_look_again{5};

service::Workspace workspace_of(const Config& config) { return service::Workspace{config.workspace}; }

/// 64 bits as 16 hexadecimal digits: JavaScript's numbers have 53.
std::string to_hex_id(std::uint64_t id) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    std::string text(16, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, id >>= 4U) {
        *digit = k_digits[id & 15U];
    }
    return text;
}

Json to_json(const std::optional<service::Suggestion>& suggestion) {
    if (!suggestion) {
        return nullptr;
    }
    return {{"label", suggestion->label},
            {"distance", rounded(suggestion->distance, k_places)},
            {"confidence", rounded(suggestion->confidence, k_places)},
            {"verdict", to_string(suggestion->known ? Verdict::known : Verdict::unknown)}};
}

Json to_json(const Pending& pending) {
    Json json{{"faces", pending.faces.size()},
              {"photos", pending.photos},
              {"unseen", pending.unseen},
              {"clusters", Json::array()},
              {"idle", Json::array()}};
    for (const auto& cluster : pending.clusters) {
        Json entry{{"id", cluster.id}, {"suggestion", to_json(cluster.suggestion)}, {"faces", Json::array()}};
        for (const auto index : cluster.faces) {
            const auto& face = pending.faces[index];
            auto line = service::to_json(face, cluster);
            line.erase("cluster");
            Json named{{"id", to_hex_id(face.id)}};
            named.update(line);
            entry["faces"].push_back(std::move(named));
        }
        json["clusters"].push_back(std::move(entry));
    }
    for (const auto& photo : pending.idle) {
        json["idle"].push_back(service::to_json(photo));
    }
    return json;
}

/// What the page's routes share: the inbox as it was seen last, and the one who writes decisions down. Thread-safe.
class Desk {
public:
    explicit Desk(Services& services) : m_services(services) {}

    /// What waits now. The models look only at photos that nobody has looked at.
    std::shared_ptr<const Pending> pending() {
        const auto state = m_services.store().current();
        const auto workspace = workspace_of(*m_services.config());
        const std::lock_guard lock(m_looking);
        const auto stamps = stamps_of(workspace);
        const auto now = std::chrono::steady_clock::now();
        if (m_pending && m_seen_with == state && m_stamps == stamps && m_pending->unseen == 0 &&
            now - m_seen_at < k_look_again) {
            m_services.metrics().count_cache("inbox", 1, 0);
            return m_pending;
        }
        m_services.metrics().count_cache("inbox", 0, 1);
        m_pending = std::make_shared<const Pending>(
            service::pending(workspace, *state->tools, state->people, 1, k_look_at_most));
        m_seen_with = state;
        m_stamps = stamps_of(workspace);
        m_seen_at = now;
        return m_pending;
    }

    /// About what waits now. One after the other: on the writer's thread.
    /// find: the faces that are meant, out of what waits; throws where they wait no more, or must not be decided so
    std::vector<service::Confirmed> decide(const std::function<std::vector<service::WaitingFace>(const Pending&)>& find,
                                           Decision decision, const std::string& label, bool force,
                                           const Request& request, double patience) {
        m_services.store().refresh();
        const auto faces = find(*pending());
        try {
            service::Confirmer confirmer(confirm_options(m_services, request, patience), m_services.finder());
            auto done = confirmer.decide(faces, decision, label, force);
            m_services.store().refresh();
            return done;
        } catch (const Error&) {
            // Another process may have been quicker: then that is what there is to say.
            m_services.store().refresh();
            static_cast<void>(find(*pending()));
            throw;
        }
    }

    Services& services() { return m_services; }

private:
    using Stamps = std::array<std::pair<std::int64_t, std::uintmax_t>, 3>;

    static Stamps stamps_of(const service::Workspace& workspace) {
        auto journal = workspace.pending_store();
        journal += ".journal";
        Stamps stamps;
        std::size_t at = 0;
        for (const auto& path : {workspace.inbox(), workspace.pending_store(), journal}) {
            std::error_code error;
            const auto time = fs::last_write_time(path, error);
            auto& stamp = stamps[at++];
            if (!error) {
                const auto size = fs::is_directory(path, error) ? 0 : fs::file_size(path, error);
                stamp = {time.time_since_epoch().count(), size};
            }
        }
        return stamps;
    }

    Services& m_services;
    std::mutex m_looking;
    std::shared_ptr<const Pending> m_pending;  ///< guarded by m_looking, as all below
    std::shared_ptr<const service::LiveState> m_seen_with;
    Stamps m_stamps;
    std::chrono::steady_clock::time_point m_seen_at;
};

[[noreturn]] void refuse_missing() {
    throw Refusal(404, "not_waiting", "this face does not wait any more; somebody may have decided about it meanwhile");
}

std::vector<service::WaitingFace> waiting_face(const Pending& pending, const std::string& id) {
    const auto face = std::find_if(pending.faces.begin(), pending.faces.end(),
                                   [&id](const service::WaitingFace& one) { return to_hex_id(one.id) == id; });
    if (face == pending.faces.end()) {
        refuse_missing();
    }
    return {*face};
}

std::vector<service::WaitingFace> waiting_cluster(const Pending& pending, const std::string& id) {
    const auto cluster = std::find_if(pending.clusters.begin(), pending.clusters.end(),
                                      [&id](const service::WaitingCluster& one) { return one.id == id; });
    if (cluster == pending.clusters.end()) {
        refuse_missing();
    }
    std::vector<service::WaitingFace> faces;
    for (const auto index : cluster->faces) {
        faces.push_back(pending.faces[index]);
    }
    return faces;
}

bool flag_of(const Form& form, const char* name) {
    const auto field = form.fields.find(name);
    if (field == form.fields.end() || field->is_null()) {
        return false;
    }
    if (!field->is_boolean()) {
        throw Refusal(422, "invalid_field", std::string(name) + " is true or false");
    }
    return field->get<bool>();
}

/// The store that the whole page is about.
void demand_own_store(const Config& config) {
    if (config.store_file().lexically_normal() != workspace_of(config).store()) {
        throw Refusal(409, "store_elsewhere",
                      "the inbox belongs to the workspace's own train.mien; this server serves "
                      "another store");
    }
}

/// As compared() of a photo, of waiting faces.
service::PhotoAnswer compared(const service::LiveState& state, const std::vector<service::WaitingFace>& faces,
                              const std::string& label) {
    service::PhotoAnswer answer;
    answer.verdict = Verdict::unknown;
    for (const auto& waiting : faces) {
        pipeline::Face face;
        face.box = waiting.box;
        face.encoding = {state.tools->contract(), waiting.encoding};
        answer.faces.push_back(state.people.compare(face, waiting.photo_hash, label));
        answer.verdict = answer.faces.back().verdict == Verdict::known ? Verdict::known : answer.verdict;
    }
    return answer;
}

/// A look-alike is the one mistake that the store cannot tell from the truth: then the operator is asked again.
void demand_no_lookalike(const std::vector<service::WaitingFace>& faces, const std::string& label) {
    for (const auto& face : faces) {
        if (face.suggestion && face.suggestion->known && face.suggestion->label != label) {
            throw Refusal(
                409, "looks_like", "this face looks like " + face.suggestion->label + ", who is not " + label,
                {{"looks_like", face.suggestion->label}, {"distance", rounded(face.suggestion->distance, k_places)}});
        }
    }
}

using Find = std::vector<service::WaitingFace> (*)(const Pending&, const std::string& id);

Response decide(Desk& desk, const Request& request, double patience, Find find, Decision decision) {
    demand_own_store(*desk.services().config());
    const auto form = read_form(request);
    std::string label;
    if (decision != Decision::not_a_face) {
        const auto text = form.text("label");
        if (!text) {
            throw Refusal(422, "missing_label", "say who: label");
        }
        try {
            label = service::to_folder_label(*text);
        } catch (const Error& problem) {
            throw Refusal(422, "bad_label", problem.what());
        }
    }
    const bool force = flag_of(form, "force");
    std::vector<service::WaitingFace> faces;
    const auto meant = [&](const Pending& pending) {
        faces = find(pending, request.param("id"));
        if (decision == Decision::is && !force) {
            demand_no_lookalike(faces, label);
        }
        return faces;
    };
    Json json{{"outcome", "already"},
              {"label", label.empty() ? Json(nullptr) : Json(label)},
              {"change", nullptr},
              {"faces", Json::array()}};
    for (const auto& done : desk.decide(meant, decision, label, force, request, patience)) {
        if (done.change != 0) {
            json["outcome"] = done.outcome;
            json["change"] = done.change;
        }
        json["faces"].push_back(service::to_json(done));
    }
    json["code"] = json["outcome"];
    const auto state = desk.services().store().current();
    const auto answer = compared(*state, faces, label);
    add_extras(json, *state, answer, answer.verdict, best_face(answer));
    return reply(std::move(json));
}

OnSide upload(Services& services, const Request& request, Tools& tools) {
    auto form = read_form(request);
    if (!form.image) {
        throw Refusal(422, "missing_photo", "send a photo: multipart field 'file', JSON field 'photo', or image/*");
    }
    const auto config = services.config();
    const auto answer = services.identify(tools, form.image_bytes());
    demand_readable(answer);
    return {[form = std::move(form), answer, state = tools.state, workspace = workspace_of(*config)](const Request&) {
        auto json = state->people.to_json(answer, state->tools->detector());
        json["code"] = to_string(answer.verdict);
        json["photo"] = service::remember(workspace, state->people.gallery().description(), form.image_name,
                                          form.image_bytes(), answer);
        return reply(std::move(json));
    }};
}

Response picture(Services& services, std::string_view photo, const Sha256& hash, const Box& box) {
    const auto config = services.config();
    const auto jpeg =
        service::face_picture(workspace_of(*config), photo, hash, box, config->max_pixels, k_picture_side);
    if (!jpeg) {
        throw Refusal(404, "no_picture", "the photo is not in the workspace any more");
    }
    return reply_exactly(std::string(reinterpret_cast<const char*>(jpeg->data()), jpeg->size()), "image/jpeg");
}

/// Any whole number of the query.
std::size_t number_of(const Request& request, std::string_view name, std::size_t usual, std::size_t most) {
    const auto text = request.query.get(name);
    if (!text) {
        return usual;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size()) {
        throw Refusal(422, "invalid_field", std::string(name) + " is a whole number");
    }
    return std::min(number, most);
}

bool contains_without_case(std::string_view text, std::string_view part) {
    return to_lower(text).find(to_lower(part)) != std::string::npos;
}

Response people(Services& services, const Request& request) {
    constexpr std::size_t k_usual = 100;
    constexpr std::size_t k_most = 1000;
    const auto limit = number_of(request, "limit", k_usual, k_most);
    const auto offset = number_of(request, "offset", 0, std::numeric_limits<std::size_t>::max());
    const auto part = request.query.get("q").value_or("");
    const auto state = services.store().current();
    const auto& store = state->people.gallery();
    std::vector<std::optional<std::size_t>> shown(store.people());  // the first photo of each
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (!store.is_vacant(row) && !shown[store.persons()[row]]) {
            shown[store.persons()[row]] = row;
        }
    }
    Json json{{"people", Json::array()}, {"matching", 0}, {"total", store.people()}};
    std::size_t matching = 0;
    for (const auto& person : service::list_people(store)) {
        if (!contains_without_case(person.label, part)) {
            continue;
        }
        const auto place = matching++;
        if (place < offset || json["people"].size() >= limit) {
            continue;
        }
        auto entry = service::to_json(person);
        const auto number = store.find_person(person.label);
        const auto row = number ? shown[*number] : std::nullopt;
        entry["photo"] = row ? Json(to_hex_id(store.record(*row).id)) : Json(nullptr);
        json["people"].push_back(std::move(entry));
    }
    json["matching"] = matching;
    return reply(std::move(json));
}

/// The person of the path.
service::Person person_of(const gallery::Gallery& store, const Request& request) {
    if (!store.find_person(request.param("label"))) {
        throw Refusal(404, "person_missing", "nobody is called that");
    }
    return service::show_person(store, request.param("label"));
}

Response person(Services& services, const Request& request) {
    const auto state = services.store().current();
    const auto shown = person_of(state->people.gallery(), request);
    auto json = service::to_json(shown);
    for (std::size_t i = 0; i < shown.records.size(); ++i) {
        Json named{{"id", to_hex_id(shown.records[i].id)}};
        named.update(json["records"][i]);
        json["records"][i] = std::move(named);
    }
    return reply(std::move(json));
}

Response person_picture(Services& services, const Request& request) {
    const auto state = services.store().current();
    const auto& store = state->people.gallery();
    const auto person = store.find_person(request.param("label"));
    for (const auto row : person ? store.rows_of_person(*person) : std::vector<std::size_t>()) {
        const auto record = store.record(row);
        if (to_hex_id(record.id) == request.param("id")) {
            return picture(services, record.photo, record.photo_hash, record.box);
        }
    }
    throw Refusal(404, "no_picture", "there is no such photo of them");
}

Response told_log(Services& services, const Request& request) {
    constexpr std::size_t k_usual = 20;
    constexpr std::size_t k_most = 500;
    const auto limit = number_of(request, "limit", k_usual, k_most);
    Json json{{"changes", Json::array()}};
    const auto file = services.config()->store_file();
    if (limit > 0 && fs::exists(file)) {
        for (const auto& change : service::log(file, limit)) {
            json["changes"].push_back(service::to_json(change));
        }
    }
    return reply(std::move(json));
}

std::optional<std::uint64_t> change_of(const Form& form, const char* name) {
    const auto field = form.fields.find(name);
    if (field == form.fields.end() || field->is_null()) {
        return std::nullopt;
    }
    if (!field->is_number_unsigned() || field->get<std::uint64_t>() == 0) {
        throw Refusal(422, "invalid_field", std::string(name) + " is the number of a change");
    }
    return field->get<std::uint64_t>();
}

Response undo(Services& services, const Request& request, double patience) {
    const auto form = read_form(request);
    const auto reader = services.store().reader();
    if (!reader) {
        throw Refusal(409, "nothing_to_undo", "there is nothing to undo");
    }
    Json json;
    {
        gallery::StoreWriter writer(*reader, {"undo", patience, author_of(request)});
        const auto last = writer.last_change();
        const auto from = change_of(form, "change").value_or(last);
        if (last == 0) {
            throw Refusal(409, "nothing_to_undo", "there is nothing to undo");
        }
        if (change_of(form, "last").value_or(last) != last) {
            throw Refusal(409, "changed_since", "somebody else has changed the store since", {{"last", last}});
        }
        if (from > last) {
            throw Refusal(422, "invalid_field", "there is no such change yet");
        }
        writer.undo(last - from + 1);
        json = {{"outcome", "undone"}, {"undone", from}, {"change", writer.last_change()}};
    }
    services.store().refresh();
    return reply(std::move(json));
}

Response figures(Services& services) {
    const auto now = services.figures();
    const auto state = services.store().current();
    const auto& store = state->people;
    return reply({{"people", now.people},
                  {"encodings", now.encodings},
                  {"encoder", store.gallery().contract().encoder},
                  {"detector", state->tools->detector()},
                  {"threshold", rounded(store.threshold(), k_places)},
                  {"uptime_seconds", rounded(services.uptime_seconds(), 1)},
                  {"workers", now.workers},
                  {"workers_busy", now.workers_busy},
                  {"queue_waiting", now.queue_waiting},
                  {"queue_capacity", now.queue_capacity},
                  {"connections", now.connections},
                  {"cpu_percent", rounded(now.system.cpu_percent, 1)},
                  {"memory_percent", rounded(now.system.memory_percent, 1)},
                  {"disk_percent", rounded(now.system.disk_percent, 1)},
                  {"process_memory", now.system.process_memory}});
}

/// Nothing but what this server sends; pictures are fetched with the token and shown as blobs.
constexpr const char* k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

struct Page {
    const char* path;
    const char* content_type;
    const char* begin;
    const char* end;
};

void add_page(RouteTable& table, const Page& page) {
    Route route;
    route.method = "GET";
    route.path = page.path;
    route.dialect = k_dialect;
    route.need = Need::nothing;
    route.hidden = true;
    const auto tag = '"' + to_hex_id(xxh3(std::as_bytes(std::span(page.begin, page.end)))) + '"';
    route.handler = OnIo{[page, tag](const Request& request) {
        const bool same = request.headers.get("If-None-Match") == tag;
        auto response =
            same ? reply_exactly("", "", 304) : reply_exactly(std::string(page.begin, page.end), page.content_type);
        response.headers.set("Content-Security-Policy", k_policy);
        response.headers.set("Referrer-Policy", "no-referrer");
        response.headers.set("Cache-Control", "no-cache");
        response.headers.set("ETag", tag);
        return response;
    }};
    table.add(std::move(route));
}

void add_pages(RouteTable& table) {
    constexpr const char* k_javascript = "text/javascript; charset=utf-8";
    const std::array pages{
        Page{"/ui", "text/html; charset=utf-8", mien_console_index_html, mien_console_index_html_end},
        Page{"/ui/style.css", "text/css; charset=utf-8", mien_console_style_css, mien_console_style_css_end},
        Page{"/ui/main.js", k_javascript, mien_console_main_js, mien_console_main_js_end},
        Page{"/ui/api.js", k_javascript, mien_console_api_js, mien_console_api_js_end},
        Page{"/ui/dom.js", k_javascript, mien_console_dom_js, mien_console_dom_js_end},
        Page{"/ui/inbox.js", k_javascript, mien_console_inbox_js, mien_console_inbox_js_end},
        Page{"/ui/people.js", k_javascript, mien_console_people_js, mien_console_people_js_end},
        Page{"/ui/system.js", k_javascript, mien_console_system_js, mien_console_system_js_end},
    };
    for (const auto& page : pages) {
        add_page(table, page);
    }
}

Field place(const char* name, const char* about) { return {Field::In::path, name, {{"type", "string"}}, true, about}; }

void add_decisions(RouteTable& table, const std::shared_ptr<Desk>& desk, const std::string& path, const char* what,
                   Find find) {
    const Field id = place("id", "As GET /v1/pending says");
    const Field label{Field::In::body, "label", {{"type", "string"}}, true, "Who"};
    const Field force{Field::In::body, "force", {{"type", "boolean"}}, false, "Also where it looks like somebody else"};
    const std::vector<Reply> replies{
        {200,
         "Durable, and heeded by the next answer",
         {{"outcome", "confirmed"}, {"label", "ada"}, {"change", 7}, {"faces", Json::array()}}},
        {404, "not_waiting: it is decided already", nullptr},
        {409, "looks_like: it looks like somebody else; store_locked: another writer is at work", nullptr},
        {422, "missing_label, bad_label", nullptr}};
    const auto add = [&](const char* name, const std::string& summary, std::vector<Field> fields, Decision decision) {
        table.add({"POST", path + name, k_dialect, summary, std::move(fields), replies, Need::admin, RateClass::none, 0,
                   OnWriter{[desk, find, decision](const Request& request, double patience) {
                       return decide(*desk, request, patience, find, decision);
                   }}});
    };
    add("/confirm", std::string("Says who ") + what + " is", {id, label, force}, Decision::is);
    add("/deny", std::string("Says who ") + what + " is not", {id, label}, Decision::is_not);
    add("/not-a-face", std::string("Says that ") + what + " is no face", {id}, Decision::not_a_face);
}

}  // namespace

void add_console_routes(RouteTable& table, Services& services) {
    const auto desk = std::make_shared<Desk>(services);
    const auto on_side = [&](Response (*run)(Services&, const Request&)) {
        return OnSide{[&services, run](const Request& request) { return run(services, request); }};
    };
    table.add({"GET",
               "/v1/pending",
               k_dialect,
               "What waits in dataset/: faces in clusters, with suggestions",
               {},
               {{200,
                 "The largest cluster first",
                 {{"faces", 1}, {"photos", 1}, {"unseen", 0}, {"clusters", Json::array()}, {"idle", Json::array()}}}},
               Need::admin,
               RateClass::none,
               0,
               OnSide{[desk](const Request&) { return reply(to_json(*desk->pending())); }}});
    table.add({"POST",
               "/v1/pending",
               k_dialect,
               "Puts a photo into dataset/ and names its faces",
               {image_field("file")},
               {{200,
                 "As POST /v1/predict; photo is its name in the workspace",
                 {{"photo", "dataset/door.jpg"}, {"verdict", "unknown"}, {"faces", Json::array()}}},
                {400, "Not a photo", nullptr}},
               Need::admin,
               RateClass::none,
               0,
               OnWorkerFirst{
                   [&services](const Request& request, Tools& tools) { return upload(services, request, tools); }}});
    table.add(
        {"GET",
         "/v1/pending/{id}/thumbnail",
         k_dialect,
         "A waiting face with its surroundings",
         {place("id", "As GET /v1/pending says")},
         {{200, "At most 240 pixels wide and high", nullptr, "image/jpeg"}, {404, "not_waiting, no_picture", nullptr}},
         Need::admin,
         RateClass::none,
         0,
         OnSide{[desk](const Request& request) {
             const auto faces = waiting_face(*desk->pending(), request.param("id"));
             const auto& face = faces.front();
             return picture(desk->services(), face.photo, face.photo_hash, face.box);
         }}});
    add_decisions(table, desk, "/v1/pending/{id}", "a waiting face", waiting_face);
    add_decisions(table, desk, "/v1/clusters/{id}", "a cluster of waiting faces", waiting_cluster);
    table.add(
        {"POST",
         "/v1/undo",
         k_dialect,
         "Takes the store's last changes back",
         {{Field::In::body,
           "change",
           {{"type", "integer"}},
           false,
           "The first change that is taken back; absent: the last one alone"},
          {Field::In::body,
           "last",
           {{"type", "integer"}},
           false,
           "Refuses unless this is the store's last change: then nobody else's work is taken back unseen"}},
         {{200, "Done, as a change of its own", {{"outcome", "undone"}, {"undone", 7}, {"change", 8}}},
          {409, "changed_since, nothing_to_undo, store_locked", nullptr}},
         Need::admin,
         RateClass::none,
         0,
         OnWriter{[&services](const Request& request, double patience) { return undo(services, request, patience); }}});
    table.add(
        {"GET",
         "/v1/people",
         k_dialect,
         "Who is in the store, by name",
         {{Field::In::query, "q", {{"type", "string"}}, false, "Part of the name"},
          {Field::In::query, "limit", {{"type", "integer"}}, false, "At most so many; 100, and never more than 1000"},
          {Field::In::query, "offset", {{"type", "integer"}}, false, "Leaves out so many"}},
         {{200,
           "photo: the id of one of their photos",
           {{"people",
             {{{"label", "ada"},
               {"encodings", 3},
               {"updated", "2026-01-31T09:00:00Z"},
               {"photo", "00c0ffee00c0ffee"}}}},
            {"matching", 1},
            {"total", 1}}}},
         Need::admin,
         RateClass::none,
         0,
         on_side(people)});
    table.add({"GET",
               "/v1/people/{label}",
               k_dialect,
               "Somebody with their photos",
               {place("label", "Who")},
               {{200,
                 "records: by time",
                 {{"label", "ada"}, {"encodings", 3}, {"updated", "2026-01-31T09:00:00Z"}, {"records", Json::array()}}},
                {404, "person_missing", nullptr}},
               Need::admin,
               RateClass::none,
               0,
               on_side(person)});
    table.add({"GET",
               "/v1/people/{label}/photos/{id}/thumbnail",
               k_dialect,
               "Somebody's face in one of their photos",
               {place("label", "Who"), place("id", "As GET /v1/people/{label} says")},
               {{200, "At most 240 pixels wide and high", nullptr, "image/jpeg"}, {404, "no_picture", nullptr}},
               Need::admin,
               RateClass::none,
               0,
               on_side(person_picture)});
    table.add(
        {"GET",
         "/v1/log",
         k_dialect,
         "The store's last changes, the newest first",
         {{Field::In::query, "limit", {{"type", "integer"}}, false, "At most so many; 20, and never more than 500"}},
         {{200,
           "change is what POST /v1/undo takes",
           {{"changes",
             {{{"change", 7},
               {"time", "2026-01-31T09:00:00Z"},
               {"user", "http"},
               {"verb", "confirm"},
               {"summary", "1 face confirmed as ada"},
               {"operations", 2}}}}}}},
         Need::admin,
         RateClass::none,
         0,
         on_side(told_log)});
    table.add({"GET",
               "/v1/figures",
               k_dialect,
               "The server's figures of this moment",
               {},
               {{200, "Percentages are the machine's", {{"people", 14}, {"encodings", 56}, {"workers_busy", 1}}}},
               Need::user,
               RateClass::none,
               0,
               OnSide{[&services](const Request&) { return figures(services); }}});
    add_pages(table);
}

}  // namespace mien::http
