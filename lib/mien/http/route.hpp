// SPDX-License-Identifier: MIT
#pragma once

/// The table that routes and documents: what stands in it is what /openapi.json says.

#include <mien/http/message.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/live_store.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace mien::http {

/// What a handler on a worker has to itself: tools and people that belong together, for the length of one request.
struct Tools {
    pipeline::Worker& worker;
    std::shared_ptr<const service::LiveState> state;  ///< the newest state of the store when the work began
};

// Where a handler runs says what it may do. All may throw Refusal, or Error (whose table has the status).

/// On a thread that serves connections: microseconds, no disk, no waiting.
struct OnIo {
    std::function<Response(const Request&)> run;
};
/// On one of a few threads beside: disk, a search in the gallery.
struct OnSide {
    std::function<Response(const Request&)> run;
};
/// On a thread of its own that stands back behind all others, one behind the other: trainings. They take as long as
/// they take, and nobody else waits for them.
struct OnTrainer {
    std::function<Response(const Request&)> run;
};
/// On the one thread that changes the store, one change behind the other: everything that waits for another process's
/// writer, so that nobody else does.
struct OnWriter {
    /// patience: seconds that are left for that wait
    std::function<Response(const Request&, double patience)> run;
};
/// On a worker, behind the bounded queue: everything that looks at pixels.
struct OnWorker {
    std::function<Response(const Request&, Tools&)> run;
};
/// First on a worker, behind the bounded queue; then where it says, with what it saw, and the worker is free.
struct OnWorkerFirst {
    std::function<std::variant<OnSide, OnWriter>(const Request&, Tools&)> run;
};

using Handler = std::variant<OnIo, OnSide, OnTrainer, OnWriter, OnWorker, OnWorkerFirst>;

enum class Need {
    nothing,   ///< public, whatever --auth says
    optional,  ///< claims are filled in where a good token comes; a bad one counts as none
    verify,    ///< optional, or a user with --auth-verify
    user,
    admin,
};

/// Which of the configured rates a route counts against.
enum class RateClass { none, enrol, verify };

/// Something that a client sends.
struct Field {
    enum class In { path, query, header, body };
    In in{In::body};
    std::string name;
    Json schema{{"type", "string"}};  ///< JSON schema; for the photo see image_field()
    bool required{true};
    std::string about;
};

/// The photo, in any of the three ways of form.hpp. `name` is the one that the dialect documents.
Field image_field(std::string name);

/// Something that a client gets.
struct Reply {
    int status{200};
    std::string about;
    Json example;  ///< schemas are made from it; null: no body described
    std::string content_type{"application/json"};
};

struct Route {
    std::string method;   ///< a GET route also answers HEAD
    std::string path;     ///< "/face/{user_id}"; served with and without a '/' at its end
    std::string dialect;  ///< name of a Dialect, also the tag in the documents
    std::string summary;
    std::vector<Field> fields;
    std::vector<Reply> replies;
    Need need{Need::user};
    RateClass rate{RateClass::none};
    /// Bytes; k_form_body unless a field is a photo, then the configured limit; set for something else.
    std::uint64_t body_limit{0};
    Handler handler;
    bool hidden{};  ///< not in the documents

    [[nodiscard]] bool takes_image() const;
};

inline constexpr std::uint64_t k_form_body = 64UL * 1024;

/// How one of the old services words a refusal.
struct Dialect {
    std::string name;
    std::string about;
    /// The whole body; the extra fields of the refusal and request_id are added behind.
    std::function<Json(const Refusal&)> refuse;
};

/// {"success":false,"message":…,"detail":…,"code":…}: every dialect's clients find their key in it.
Json own_refusal(const Refusal& refusal);

/// Filled before the server starts, then only read.
class RouteTable {
public:
    /// A dialect must be there before its routes.
    void add(Dialect dialect);
    /// throws: std::logic_error if the same method and path (names of places aside) are there already, or the dialect
    /// is not
    void add(Route route);

    struct Match {
        const Route* route{};
        Fields params;
        std::vector<std::string> allowed;  ///< methods of the path, where the method was not among them
        bool malformed{};                  ///< broken percent signs, control characters, not UTF-8
    };
    /// path as sent, not decoded. A literal part wins over a {place}.
    [[nodiscard]] Match match(std::string_view method, std::string_view path) const;

    [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return m_routes; }
    /// That any route has, perhaps some twice; with HEAD.
    [[nodiscard]] std::vector<std::string> methods() const;
    [[nodiscard]] const std::vector<Dialect>& dialects() const { return m_dialects; }
    [[nodiscard]] const Dialect& dialect(std::string_view name) const;

private:
    struct Node {
        std::unordered_map<std::string, std::unique_ptr<Node>> literal;
        std::unique_ptr<Node> place;
        std::vector<const Route*> routes;
    };
    void find(const Node& node, const std::vector<std::string>& parts, std::size_t index,
              std::vector<std::string>& values, std::string_view method, Match& match) const;

    std::vector<Dialect> m_dialects;
    std::vector<std::unique_ptr<Route>> m_routes;
    Node m_root;
};

}  // namespace mien::http
