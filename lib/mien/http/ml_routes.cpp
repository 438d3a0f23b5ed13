// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/enrolment.hpp>
#include <mien/http/routes.hpp>
#include <mien/service/forget.hpp>

#include <cmath>

namespace mien::http {
namespace {

constexpr const char* k_dialect = "ml";
constexpr int k_places = 2;

const Field k_authorization{Field::In::header, "Authorization", {{"type", "string"}}, true, "Bearer TOKEN"};
const Field k_user{Field::In::path, "user_id", {{"type", "string"}}, true, "Who"};

/// What the French clients show to people, by code.
std::string words_for(const Refusal& refusal) {
    const auto& code = refusal.code();
    if (code == "token_missing") return "Not authenticated";
    if (code == "token_without_sub") return "Token invalide: 'sub' manquant";
    if (code == "token_invalid") return "Token invalide ou expiré";
    if (code == "no_face") {
        return "Aucun visage détecté dans l'image. Veuillez prendre une photo claire de votre visage.";
    }
    if (code == "several_faces") return "Plusieurs visages détectés. Assurez-vous d'être seul dans l'image.";
    if (code == "low_quality") {
        return "Impossible d'encoder le visage. Veuillez réessayer avec une meilleure photo.";
    }
    if (code == "unreadable") return "Image illisible. Veuillez envoyer une photo JPEG ou PNG.";
    if (code == "person_missing") return "Utilisateur non trouvé";
    if (code == "not_yours") return "Vous ne pouvez supprimer que vos propres données";
    if (code == "other_person") return "Cette photo est déjà enregistrée pour un autre utilisateur.";
    if (code == "limit") return "Nombre maximal de photos atteint pour cet utilisateur.";
    if (code == "store_locked") return "Le registre est en cours de modification. Veuillez réessayer plus tard.";
    if (code == "rate_limited") return "Trop de requêtes. Veuillez réessayer plus tard.";
    if (refusal.status() == 413) return "Image trop volumineuse. Veuillez envoyer une photo plus petite.";
    if (refusal.status() == 503) return "Le serveur est occupé. Veuillez réessayer plus tard.";
    return refusal.status() >= 500 ? std::string("Erreur serveur: ") + refusal.what() : refusal.what();
}

/// With --auth none nobody checks the token, but the old services' frame refused requests without the header.
void complain_about_authorization(const Request& request, std::vector<Complaint>& complaints) {
    if (!request.claims.proved && !request.headers.get("Authorization")) {
        complaints.push_back({"header", "authorization"});
    }
}

/// Who is being enrolled: the token's subject; an admin, or anybody where no JSON Web Token tells, names somebody.
std::string user_of(const Request& request, const Config& config) {
    const auto named = request.headers.get_loosely("user_id");
    if (!named && config.auth == AuthMode::jwt) {
        return request.claims.subject;
    }
    const std::string user(named.value_or(""));
    const auto* words = "Vous ne pouvez enregistrer que votre propre visage";
    demand_own(request, config, user, {{"detail", words}, {"message", words}});
    return user;
}

Response health(Services& services) {
    const auto config = services.config();
    const auto people = services.store().current()->people.gallery().people();
    // Clients ask whether the machinery is there, by the names that it had.
    return reply(
        {{"status", "healthy"},
         {"ml_libraries", {{"face_recognition", "installed"}, {"opencv", "installed"}, {"numpy", "installed"}}},
         {"models_loaded", people},
         {"environment", config->environment},
         {"enrolled_users_count", people},
         {"cors_origins", config->allowed_origins.size()}});
}

OnWriter enroll(Services& services, const Request& request, Tools& tools) {
    const auto config = services.config();
    auto form = read_form(request);
    const auto user = user_of(request, *config);
    std::vector<Complaint> complaints;
    complain_about_authorization(request, complaints);
    const auto key = user_key(user);
    if (user.empty()) {
        complaints.push_back({"header", "user-id"});
    } else if (!key) {
        complaints.push_back({"header", "user-id", "value_error", "not a name: 1 to 255 bytes of UTF-8, no controls"});
    }
    if (!form.image) {
        complaints.push_back({"body", "file"});
    }
    demand_valid(complaints);
    return enroll_photo(services, tools, *key, std::move(*form.image), 0.0, [user = *key](const Enrolment& enrolled) {
        Json body{
            {"success", true}, {"message", "Visage enregistré avec succès"}, {"face_count", enrolled.photo.encodings}};
        add_enrolment(body, enrolled, user);
        return reply(std::move(body));
    });
}

Response verify(Services& services, const Request& request, Tools& tools) {
    const auto form = read_form(request);
    if (!form.image) {
        demand_valid({{"body", "file"}});
    }
    const auto answer = services.identify(tools, form.image_bytes());
    demand_readable(answer);
    const auto verdict = verdict_of_one(answer);
    const auto* face = only_face(answer);
    Json body;
    if (verdict == Verdict::known) {
        const double confidence = dlib_confidence(*face->distance, usual_distance(*tools.state), k_places);
        body = {
            {"success", true},
            {"user_id", face->label},
            {"confidence", confidence},
            {"message", "Identité vérifiée avec " + std::to_string(std::lround(confidence * 100)) + "% de confiance"}};
    } else {
        const char* message = verdict == Verdict::no_face ? "Aucun visage détecté. Veuillez réessayer."
                              : verdict == Verdict::several_faces
                                  ? "Plusieurs visages détectés. Assurez-vous d'être seul."
                                  : "Visage non reconnu. Veuillez vous enregistrer d'abord.";
        body = {{"success", false}, {"confidence", 0.0}, {"message", message}, {"user_id", nullptr}};
    }
    add_extras(body, *tools.state, answer, verdict, face);
    return reply(std::move(body));
}

Response list_users(Services& services, const Request& request) {
    std::vector<Complaint> complaints;
    complain_about_authorization(request, complaints);
    demand_valid(complaints);
    const auto state = services.store().current();
    const auto& gallery = state->people.gallery();
    Json users = Json::array();
    for (std::size_t person = 0; person < gallery.people(); ++person) {
        users.push_back(gallery.label(person));
    }
    return reply({{"enrolled_users", std::move(users)}, {"total_count", gallery.people()}});
}

Response forget(Services& services, const Request& request, double patience) {
    std::vector<Complaint> complaints;
    complain_about_authorization(request, complaints);
    demand_valid(complaints);
    const auto key = user_key(request.param("user_id"));
    demand_own(request, *services.config(), key.value_or(""));
    const auto forgotten = forget_person(services, request, patience, key);
    return reply({{"success", true},
                  {"message", "Enregistrement facial supprimé"},
                  {"user_id", forgotten.label},
                  {"encodings", forgotten.encodings},
                  {"code", "forgotten"}});
}

Response planned(const Request& request, const std::string& what) {
    std::vector<Complaint> complaints;
    complain_about_authorization(request, complaints);
    demand_valid(complaints);
    return reply({{"status", "not_implemented"}, {"message", what + " à venir"}, {"code", "not_implemented"}});
}

}  // namespace

void add_ml_routes(RouteTable& table, Services& services) {
    table.add(Dialect{k_dialect, "Enrolment and verification of users, in French (seeds 0 and 1)",
                      [](const Refusal& refusal) {
                          return refusal_body(refusal, words_for(refusal), {"success", "detail", "message"});
                      }});
    const Json verified{{"success", true},
                        {"user_id", "abc123"},
                        {"confidence", 0.92},
                        {"message", "Identité vérifiée avec 92% de confiance"}};
    const Json missed{
        {"success", false}, {"confidence", 0.0}, {"message", "Visage non reconnu. Veuillez vous enregistrer d'abord."}};
    const Json no_face{
        {"success", false},
        {"detail", "Aucun visage détecté dans l'image. Veuillez prendre une photo claire de votre visage."}};

    table.add(
        {"GET",
         "/ml/health",
         k_dialect,
         "Whether the server is well",
         {},
         {{200,
           "It is",
           {{"status", "healthy"},
            {"ml_libraries", {{"face_recognition", "installed"}, {"opencv", "installed"}, {"numpy", "installed"}}},
            {"models_loaded", 5},
            {"environment", "production"},
            {"enrolled_users_count", 5},
            {"cors_origins", 0}}}},
         Need::nothing,
         RateClass::none,
         0,
         OnIo{[&services](const Request&) { return health(services); }}});
    table.add(
        {"POST",
         "/ml/enroll-face",
         k_dialect,
         "Adds a photo of a user",
         {{Field::In::header,
           "user_id",
           {{"type", "string"}},
           false,
           "Who; with JSON Web Tokens the token's subject, whom only an admin may differ from. user-id is the same"},
          k_authorization,
          image_field("file")},
         {{200, "Enrolled", {{"success", true}, {"message", "Visage enregistré avec succès"}, {"face_count", 1}}},
          {400, "No face, several, too poor a photo, or none", no_face}},
         Need::user,
         RateClass::enrol,
         0,
         OnWorkerFirst{
             [&services](const Request& request, Tools& tools) { return enroll(services, request, tools); }}});
    table.add(
        {"POST",
         "/ml/verify-face",
         k_dialect,
         "Who is it",
         {image_field("file")},
         {{200, "Somebody who is enrolled", verified}, {200, "Nobody who is, no face, or several", missed}},
         Need::verify,
         RateClass::verify,
         0,
         OnWorker{[&services](const Request& request, Tools& tools) { return verify(services, request, tools); }}});
    table.add({"GET",
               "/ml/users-enrolled",
               k_dialect,
               "Everybody who is enrolled",
               {k_authorization},
               {{200, "Their ids, sorted", {{"enrolled_users", {"user1", "user2"}}, {"total_count", 2}}}},
               Need::user,
               RateClass::none,
               0,
               OnSide{[&services](const Request& request) { return list_users(services, request); }}});
    table.add({"DELETE",
               "/ml/delete-face/{user_id}",
               k_dialect,
               "Erases a user's encodings",
               {k_user, k_authorization},
               {{200, "Erased", {{"success", true}, {"message", "Enregistrement facial supprimé"}}},
                {403, "Somebody else's", {{"detail", "Vous ne pouvez supprimer que vos propres données"}}},
                {404, "Nobody is called so", {{"detail", "Utilisateur non trouvé"}}}},
               Need::user,
               RateClass::none,
               0,
               OnWriter{[&services](const Request& request, double patience) {
                   return forget(services, request, patience);
               }}});
    const Json later{{"status", "not_implemented"}, {"message", "Détection d'anomalies à venir"}};
    table.add({"POST",
               "/ml/detect-anomalies",
               k_dialect,
               "Planned",
               {k_authorization},
               {{200, "Not there yet", later}},
               Need::user,
               RateClass::none,
               0,
               OnIo{[](const Request& request) { return planned(request, "Détection d'anomalies"); }}});
    table.add({"POST",
               "/ml/predict-absence",
               k_dialect,
               "Planned",
               {k_authorization},
               {{200, "Not there yet", later}},
               Need::user,
               RateClass::none,
               0,
               OnIo{[](const Request& request) { return planned(request, "Prédiction des absences"); }}});
}

}  // namespace mien::http
