# SPDX-License-Identifier: MIT
"""Dialect 0: /ml/*, an opaque bearer, French."""
from __future__ import annotations

import concurrent.futures
import re

from dialects.rows import RECOGNITION, Mismatch, Reply, expect, invalid, is_score, refused, row, same
from dialects.server import Server, broken_store, data_uri, photo, photos_of

NO_FACE = "Aucun visage détecté dans l'image. Veuillez prendre une photo claire de votre visage."
SEVERAL = "Plusieurs visages détectés. Assurez-vous d'être seul dans l'image."
TOO_LARGE = "Image trop volumineuse. Veuillez envoyer une photo plus petite."
BEARER = {"authorization": "Bearer test-token"}
ENROLLED = {"success": True, "message": "Visage enregistré avec succès"}
VERIFIED = {"success": True, "user_id": "abc123", "confidence": is_score(2),
            "message": re.compile(r"Identité vérifiée avec \d{1,3}% de confiance")}
MISSED = {"success": False, "confidence": 0.0, "message": "Visage non reconnu. Veuillez vous enregistrer d'abord."}

HEALTH_CURL = "curl http://localhost:8000/ml/health"
ENROLL_CURL = """curl -X POST http://localhost:8000/ml/enroll-face \\
  -H "user_id: abc123" \\
  -H "authorization: Bearer eyJhbGc..." \\
  -F "file=@photo.jpg"
"""
VERIFY_CURL = """curl -X POST http://localhost:8000/ml/verify-face \\
  -H "authorization: Bearer eyJhbGc..." \\
  -F "file=@verification.jpg"
"""
LIST_CURL = """curl http://localhost:8000/ml/users-enrolled \\
  -H "authorization: Bearer eyJhbGc..."
"""
DELETE_CURL = """curl -X DELETE http://localhost:8000/ml/delete-face/abc123 \\
  -H "authorization: Bearer eyJhbGc..."
"""
TEST_ENROLL_CURL = """curl -X POST http://localhost:8000/ml/enroll-face \\
  -H "user_id: test123" \\
  -H "authorization: Bearer test-token" \\
  -F "file=@test-photos/john-doe.jpg"
"""
TEST_VERIFY_CURL = """curl -X POST http://localhost:8000/ml/verify-face \\
  -H "authorization: Bearer test-token" \\
  -F "file=@test-photos/john-doe-verify.jpg"
"""
TEST_LIST_CURL = """curl http://localhost:8000/ml/users-enrolled \\
  -H "authorization: Bearer test-token"
"""


class MlClient:
    """What a client of this service does with requests."""

    def __init__(self, server: Server, token: str = "test-token") -> None:
        self.server = server
        self.headers = {"authorization": f"Bearer {token}"}

    def enroll(self, user_id: str, image, header: str = "user_id") -> Reply:
        return self.server.post_file("/ml/enroll-face", image, headers={header: user_id, **self.headers})

    def verify(self, image) -> Reply:
        return self.server.post_file("/ml/verify-face", image, headers=self.headers)

    def users(self) -> Reply:
        return self.server.get("/ml/users-enrolled", headers=self.headers)

    def forget(self, user_id: str) -> Reply:
        return self.server.delete(f"/ml/delete-face/{user_id}", headers=self.headers)


def check_verified(reply: Reply, user_id: str) -> str:
    body = expect(reply, 200, {**VERIFIED, "user_id": user_id}, also=RECOGNITION)
    percent = round(body["confidence"] * 100)
    same("message", f"Identité vérifiée avec {percent}% de confiance", body["message"])
    same("verdict", "known", body["verdict"])
    return body["message"]


@row("0", "S", "GET / answers")
def root(server: Server) -> None:
    reply = server.curl("curl http://localhost:8000/")
    same("status", 200, reply.status)


@row("0", "S", "GET /ml/health, curl")
def health(server: Server) -> None:
    body = expect(server.curl(HEALTH_CURL), 200, {
        "status": "healthy",
        "ml_libraries": {"face_recognition": "installed", "opencv": "installed", "numpy": "installed"},
        "models_loaded": int})
    same("models_loaded", len(server.people()), body["models_loaded"])


@row("0", "S", "POST /ml/enroll-face, curl with user_id: …")
def enroll_curl(server: Server) -> None:
    expect(server.curl(ENROLL_CURL, {"photo.jpg": photos_of("mei")[0]}), 200, {**ENROLLED, "face_count": 1},
           also=("code", "request_id", "faces"))


@row("0", "S", "POST /ml/enroll-face, requests, a second photo counts 2")
def enroll_again(server: Server) -> None:
    expect(MlClient(server).enroll("abc123", photos_of("mei")[1]), 200, {**ENROLLED, "face_count": 2})


@row("0", "U", "POST /ml/enroll-face with user-id: … (what nginx lets through)")
def enroll_hyphen(server: Server) -> None:
    expect(MlClient(server).enroll("abc123", photos_of("mei")[2], "user-id"), 200, {**ENROLLED, "face_count": 3})


@row("0", "S", "POST /ml/enroll-face without a face: success false and detail")
def enroll_no_face(server: Server) -> None:
    reply = server.curl(ENROLL_CURL, {"photo.jpg": photo("nobody.jpg")})
    body = expect(reply, (200, 400), {"success": False, "detail": NO_FACE})
    same("code", "no_face", body.get("code"))


@row("0", "U", "… and its status is 400")
def enroll_no_face_status(server: Server) -> None:
    refused(MlClient(server).enroll("abc123", photo("nobody.jpg")), 400, {"success": False, "detail": NO_FACE})


@row("0", "U", "POST /ml/enroll-face with two people: 400")
def enroll_several(server: Server) -> None:
    refused(MlClient(server).enroll("abc123", photo("two_people.jpg")), 400, {"success": False, "detail": SEVERAL})


@row("0", "U", "POST /ml/enroll-face: a face too poor for an encoding (FACE_QUALITY_THRESHOLD): 400", "quality")
def enroll_unencodable(server: Server) -> None:
    words = "Impossible d'encoder le visage. Veuillez réessayer avec une meilleure photo."
    body = refused(MlClient(server).enroll("abc123", photo("blurred.jpg")), 400, {"success": False, "detail": words})
    same("code", "low_quality", body["code"])


@row("0", "U", "POST /ml/enroll-face: 500 Erreur serveur")
def enroll_server_error(server: Server) -> None:
    with broken_store(server) as broken:
        refused(MlClient(broken).enroll("abc123", photos_of("mei")[0]), 500,
                {"success": False, "detail": re.compile("Erreur serveur: .+")})


@row("0", "6", "POST /ml/enroll-face with what is no photo: 400, code unreadable")
def enroll_unreadable(server: Server) -> None:
    for name in ("text_as.jpg", "truncated_header.jpg", "empty.jpg", "zero_dimension.png"):
        body = refused(MlClient(server).enroll("abc123", photo(name)), 400, {"success": False, "detail": str})
        same(f"code for {name}", "unreadable", body["code"])


@row("0", "6", "POST /ml/enroll-face with a picture beyond the pixel limit: 413")
def enroll_bomb(server: Server) -> None:
    for name in ("bomb.jpg", "bomb.png"):
        refused(MlClient(server).enroll("abc123", photo(name)), 413, {"success": False, "detail": TOO_LARGE})


@row("0", "6", "POST /ml/verify-face and /ml/enroll-face with more bytes than allowed: 413 in French", "small")
def too_large(server: Server) -> None:
    client = MlClient(server)
    for reply in (client.verify(photo("group.jpg")), client.enroll("abc123", photo("group.jpg"))):
        body = refused(reply, 413, {"success": False, "detail": TOO_LARGE})
        same("code", "body_too_large", body["code"])


@row("0", "6", "more photos at once than may wait: 503 in French, with Retry-After", "busy")
def busy(server: Server) -> str:
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: MlClient(server).verify(photo("group.jpg")), range(48)))
    late = [reply for reply in replies if reply.status == 503]
    if not late or {reply.status for reply in replies} != {200, 503}:
        raise Mismatch(f"statuses {sorted(reply.status for reply in replies)}")
    for reply in late:
        body = refused(reply, 503, {"success": False, "detail": "Le serveur est occupé. Veuillez réessayer plus tard."})
        same("code", "queue_full", body["code"])
        same("Retry-After", re.compile(r"[1-9]\d*"), reply.headers.get("retry-after", ""))
    return f"{len(late)} of {len(replies)}"


@row("0", "U", "POST /ml/enroll-face without a header or the field: 422 with FastAPI's detail")
def enroll_invalid(server: Server) -> None:
    image = photos_of("mei")[0]
    invalid(server.post("/ml/enroll-face", headers={"user_id": "abc123", **BEARER}), "body", "file")
    invalid(server.post_file("/ml/enroll-face", image, headers=BEARER), "header", "user-id")
    invalid(server.post_file("/ml/enroll-face", image, headers={"user_id": "abc123"}), "header", "authorization")


@row("0", "S", "POST /ml/verify-face, curl: who it is, 1 − d to 2 places, the percentage in words")
def verify_curl(server: Server) -> str:
    return check_verified(server.curl(VERIFY_CURL, {"verification.jpg": photos_of("mei")[5]}), "abc123")


@row("0", "S", "POST /ml/verify-face, requests")
def verify(server: Server) -> str:
    return check_verified(MlClient(server).verify(photos_of("mei")[6]), "abc123")


@row("0", "S", "the four manual tests, as written")
def manual_tests(server: Server) -> None:
    images = photos_of("otto")
    expect(server.curl(TEST_ENROLL_CURL, {"test-photos/john-doe.jpg": images[0]}), 200, {**ENROLLED, "face_count": 1})
    check_verified(server.curl(TEST_VERIFY_CURL, {"test-photos/john-doe-verify.jpg": images[5]}), "test123")
    body = expect(server.curl(TEST_LIST_CURL), 200, {"enrolled_users": list, "total_count": int})
    if "test123" not in body["enrolled_users"]:
        raise Mismatch(f"test123 is not in {body['enrolled_users']}")


@row("0", "S", "POST /ml/verify-face with a stranger: success false, 0.0, no user_id but null")
def verify_stranger(server: Server) -> None:
    body = expect(server.curl(VERIFY_CURL, {"verification.jpg": photo("stranger_1.jpg")}), 200, MISSED, also=RECOGNITION)
    same("user_id", None, body.get("user_id"))
    same("verdict", "unknown", body["verdict"])


@row("0", "U", "POST /ml/verify-face with a stranger: user_id null")
def verify_stranger_null(server: Server) -> None:
    body = expect(MlClient(server).verify(photo("stranger_2.jpg")), 200, MISSED, also=("user_id",))
    same("user_id", None, body["user_id"])


@row("0", "U", "POST /ml/verify-face: no face and several are 200 with success false")
def verify_no_face(server: Server) -> None:
    for name, words, verdict in (("nobody.jpg", "Aucun visage détecté. Veuillez réessayer.", "no_face"),
                                 ("two_people.jpg", "Plusieurs visages détectés. Assurez-vous d'être seul.", "several_faces")):
        body = expect(MlClient(server).verify(photo(name)), 200,
                      {"success": False, "confidence": 0.0, "message": words}, also=("user_id", *RECOGNITION))
        same("verdict", verdict, body["verdict"])


@row("0", "U", "POST /ml/verify-face without the field: 422")
def verify_invalid(server: Server) -> None:
    invalid(server.post("/ml/verify-face", headers=BEARER), "body", "file")


@row("0", "S", "GET /ml/users-enrolled, curl and requests")
def users(server: Server) -> str:
    for reply in (server.curl(LIST_CURL), MlClient(server).users()):
        body = expect(reply, 200, {"enrolled_users": list, "total_count": int})
        same("total_count", len(body["enrolled_users"]), body["total_count"])
        if "abc123" not in body["enrolled_users"] or not all(isinstance(user, str) for user in body["enrolled_users"]):
            raise Mismatch(f"enrolled_users is {body['enrolled_users']}")
    return f"{body['total_count']} users"


@row("0", "U", "GET /ml/users-enrolled and DELETE without authorization: 422")
def users_invalid(server: Server) -> None:
    invalid(server.get("/ml/users-enrolled"), "header", "authorization")
    invalid(server.delete("/ml/delete-face/abc123"), "header", "authorization")


@row("0", "U", "at most 5 encodings a user, the oldest dropped")
def limit(server: Server) -> None:
    client = MlClient(server)
    for image, count in zip(photos_of("mei")[3:7], (4, 5, 5, 5)):
        expect(client.enroll("abc123", image), 200, {**ENROLLED, "face_count": count})


@row("0", "S", "DELETE /ml/delete-face/{user_id}, curl; the user is gone at once")
def forget(server: Server) -> None:
    expect(server.curl(DELETE_CURL), 200, {"success": True, "message": "Enregistrement facial supprimé"})
    expect(MlClient(server).verify(photos_of("mei")[4]), 200, MISSED)
    if "abc123" in server.people():
        raise Mismatch("abc123 is still among the enrolled users")


@row("0", "U", "DELETE /ml/delete-face/{user_id} of nobody: 404")
def forget_nobody(server: Server) -> None:
    refused(MlClient(server).forget("abc123"), 404, {"success": False, "detail": "Utilisateur non trouvé"})


@row("0", "S", "a user_id of any script: ü, spaces, a slash")
def strange_user(server: Server) -> None:
    client = MlClient(server)
    name = "équipe 7/Zoë"
    reply = server.post_file("/ml/enroll-face", photos_of("priya")[0], headers={"user_id": name.encode(), **client.headers})
    expect(reply, 200, {**ENROLLED, "face_count": 1})
    check_verified(client.verify(photos_of("priya")[5]), name)
    expect(client.forget("%C3%A9quipe%207%2FZo%C3%AB"), 200, {"success": True})


@row("0", "U", "POST /ml/detect-anomalies, /ml/predict-absence: not_implemented, 'à venir'")
def planned(server: Server) -> None:
    for path in ("/ml/detect-anomalies", "/ml/predict-absence"):
        expect(server.post(path, headers=BEARER), 200,
               {"status": "not_implemented", "message": re.compile(r".+ à venir")})


@row("0", "S", "GET /docs is Swagger UI, GET /redoc is there, both from /openapi.json, nothing from outside")
def docs(server: Server) -> None:
    for path in ("/docs", "/redoc"):
        reply = server.get(path)
        same(f"status of {path}", 200, reply.status)
        same(f"type of {path}", re.compile(r"text/html; *charset=utf-8"), reply.headers["content-type"].lower())
        page = reply.content.decode()
        if "openapi.json" not in page:
            raise Mismatch(f"{path} does not read openapi.json")
        outside = re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//[^"' >]*""", page)
        if outside:
            raise Mismatch(f"{path} reads from outside: {outside}")
        for part in re.findall(r"""<(?:script|link)[^>]*?(?:src|href)\s*=\s*["']([^"']+)""", page):
            if part.startswith("data:"):
                continue
            found = server.get(part if part.startswith("/") else f"/{part}")
            same(f"status of {part}", 200, found.status)
    if "swagger" not in server.get("/docs").content.decode().lower():
        raise Mismatch("/docs is not Swagger UI")


@row("0", "S", "GET /openapi.json lists every path of the five dialects")
def openapi(server: Server) -> str:
    body = expect(server.get("/openapi.json"), 200, {"openapi": re.compile(r"3\.1\.\d+"), "info": dict}, also=("paths",))
    wanted = {"/", "/ml/health", "/ml/enroll-face", "/ml/verify-face", "/ml/users-enrolled", "/ml/delete-face/{user_id}",
              "/ml/detect-anomalies", "/ml/predict-absence", "/upload/", "/confirm/", "/reset_training/",
              "/register-face", "/recognize", "/status/{user_id}", "/face/{user_id}", "/health", "/stats",
              "/api/v1/recognition/recognize", "/api/v1/system/status", "/api/v1/system/train-model",
              "/api/v1/system/reload-models", "/api/v1/system/health", "/api/v1/system/info"}
    missing = wanted - set(body["paths"])
    if missing:
        raise Mismatch(f"without {sorted(missing)}")
    return f"{len(body['paths'])} paths"


@row("0", "S", "HTTP/1.1 keep-alive: ten requests on one connection")
def keep_alive(server: Server) -> None:
    import requests
    with requests.Session() as session:
        for _ in range(10):
            answer = session.get(server.url + "/ml/health", timeout=30)
            same("status", 200, answer.status_code)
            if answer.headers.get("Connection", "").lower() == "close":
                raise Mismatch("the server closes the connection")


@row("0", "6", "verify takes multipart, JSON base64, a data URI and raw image/jpeg")
def transports(server: Server) -> None:
    image = photo("ada_held_out_1.jpg")
    for options in ({"json": {"file": data_uri(image)}}, {"json": {"photo": data_uri(image).split(",")[1]}},
                    {"data": image.read_bytes(), "headers": {"Content-Type": "image/jpeg"}}):
        check_verified(server.post("/ml/verify-face", **options), "ada")


@row("0", "6", "11th enrolment or verification within a minute: 429 with Retry-After", "limited")
def rate_limit(server: Server) -> str:
    seen = []
    for _ in range(14):
        reply = server.post("/ml/verify-face")  # without a photo: quick, and counted all the same
        seen.append(reply.status)
        if reply.status == 429:
            refused(reply, 429, {"success": False, "detail": "Trop de requêtes. Veuillez réessayer plus tard."})
            same("Retry-After", re.compile(r"[1-9]\d*"), reply.headers.get("retry-after", ""))
    if seen[:10] != [422] * 10 or seen[-1] != 429:
        raise Mismatch(f"statuses {seen}")
    same("status of /ml/health", 200, server.get("/ml/health").status)
    return f"{seen.count(422)} of {len(seen)}"
