# SPDX-License-Identifier: MIT
"""Dialect 1: the paths of dialect 0 with JSON Web Tokens."""
from __future__ import annotations

import re

from dialects.rows import Mismatch, Reply, expect, refused, row, same
from dialects.seed0 import BEARER, ENROLLED, NO_FACE, check_verified
from dialects.server import ORIGIN, SECRET, Server, claims, jwt, photo, photos_of

ENROLL_CURL = """curl -X POST http://localhost:8000/ml/enroll-face \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -F "file=@photo.jpg"
"""
TEST_ENROLL_CURL = """curl -X POST http://localhost:8000/ml/enroll-face \\
  -H "Authorization: Bearer YOUR_TOKEN" \\
  -F "file=@test_face.jpg"
"""
USER = "user-id-123"
BAD_TOKEN = "Token invalide ou expiré"
FOREIGN = "Vous ne pouvez supprimer que vos propres données"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def enroll(server: Server, token: str | None, image=None, **headers: str) -> Reply:
    return server.post_file("/ml/enroll-face", image or photos_of("kenji")[0],
                            headers={**(bearer(token) if token is not None else {}), **headers})


def unauthorized(reply: Reply, words: str | re.Pattern) -> None:
    refused(reply, 401, {"success": False, "detail": words})
    same("WWW-Authenticate", re.compile(r"Bearer\b.*"), reply.headers.get("www-authenticate", ""))


@row("1", "S", "GET /ml/health is public and says environment and enrolled_users_count", "jwt")
def health(server: Server) -> None:
    body = expect(server.curl("curl http://localhost:8000/ml/health"), 200, {"status": "healthy"},
                  also=("environment", "ml_libraries", "enrolled_users_count"))
    same("environment", "production", body["environment"])
    same("ml_libraries", dict, body["ml_libraries"])
    same("enrolled_users_count", int, body["enrolled_users_count"])


@row("1", "U", "GET /ml/health counts cors_origins", "jwt")
def health_origins(server: Server) -> None:
    same("cors_origins", 2, server.get("/ml/health").body.get("cors_origins"))


@row("1", "S", "POST /ml/enroll-face, curl: the user is sub", "jwt")
def enroll_curl(server: Server) -> None:
    reply = server.curl(ENROLL_CURL, {"photo.jpg": photos_of("kenji")[0]}, YOUR_JWT_TOKEN=jwt(claims(USER)))
    expect(reply, 200, {**ENROLLED, "face_count": 1})
    reply = server.curl(TEST_ENROLL_CURL, {"test_face.jpg": photos_of("kenji")[1]}, YOUR_TOKEN=jwt(claims(USER)))
    expect(reply, 200, {**ENROLLED, "face_count": 2})


@row("1", "S", "POST /ml/enroll-face without a face, with a token", "jwt")
def enroll_no_face(server: Server) -> None:
    refused(enroll(server, jwt(claims(USER)), photo("nobody.jpg")), 400, {"success": False, "detail": NO_FACE})


@row("1", "6", "POST /ml/enroll-face: a differing user_id is 403, the same is fine, an admin may", "jwt")
def enroll_other(server: Server) -> None:
    refused(enroll(server, jwt(claims(USER)), user_id="somebody-else"), 403, {"success": False, "detail": str})
    expect(enroll(server, jwt(claims(USER)), photos_of("kenji")[2], user_id=USER), 200, {**ENROLLED, "face_count": 3})
    expect(enroll(server, jwt(claims("boss", "admin")), photos_of("liam")[0], user_id="user-2"), 200,
           {**ENROLLED, "face_count": 1})


@row("1", "S", "POST /ml/enroll-face with a token that is no token: 'Token invalide'", "jwt")
def bad_tokens_words(server: Server) -> None:
    for token in ("YOUR_JWT_TOKEN", jwt(claims(USER), SECRET + "x")):
        same("detail", re.compile("Token invalide.*"), enroll(server, token).body["detail"])


@row("1", "U", "… 401, WWW-Authenticate: Bearer, for every bad token", "jwt")
def bad_tokens(server: Server) -> str:
    good = jwt(claims(USER))
    head, payload, mark = good.split(".")
    forged = jwt(claims("boss", "admin"), SECRET + "x").split(".")
    tokens = {"no token": "test-token", "another secret": jwt(claims(USER), SECRET + "x"),
              "expired": jwt(claims(USER, seconds=-60)),
              "no exp": jwt({"sub": USER, "role": "user"}), "alg none": jwt(claims(USER), algorithm="none"),
              "alg None": jwt(claims(USER), algorithm="None"),
              "RS256": jwt(claims(USER), algorithm="RS256"),
              "another payload": f"{head}.{forged[1]}.{mark}", "no signature": f"{head}.{payload}.", "empty": "."}
    for name, token in tokens.items():
        try:
            unauthorized(enroll(server, token), BAD_TOKEN)
        except Mismatch as error:
            raise Mismatch(f"{name}: {error}") from None
    return f"{len(tokens)} tokens"


@row("1", "U", "a token without sub: 401 \"Token invalide: 'sub' manquant\"", "jwt")
def no_sub(server: Server) -> None:
    payload = claims(USER)
    del payload["sub"]
    unauthorized(enroll(server, jwt(payload)), "Token invalide: 'sub' manquant")


@row("1", "U", "no header at all: 401 (403 in older FastAPI) 'Not authenticated'", "jwt")
def not_authenticated(server: Server) -> str:
    for reply in (enroll(server, None), server.get("/ml/users-enrolled"), server.delete(f"/ml/delete-face/{USER}")):
        refused(reply, (401, 403), {"success": False, "detail": "Not authenticated"})
    return str(reply.status)


@row("1", "S", "POST /ml/verify-face with a token, without one", "jwt")
def verify(server: Server) -> None:
    check_verified(server.post_file("/ml/verify-face", photos_of("kenji")[5], headers=bearer(jwt(claims(USER)))), USER)
    check_verified(server.post_file("/ml/verify-face", photos_of("kenji")[6]), USER)


@row("1", "U", "POST /ml/verify-face ignores a bad token", "jwt")
def verify_bad_token(server: Server) -> None:
    check_verified(server.post_file("/ml/verify-face", photos_of("kenji")[5], headers=bearer("test-token")), USER)


@row("1", "S", "GET /ml/users-enrolled needs a token", "jwt")
def users(server: Server) -> None:
    body = expect(server.get("/ml/users-enrolled", headers=bearer(jwt(claims(USER)))), 200,
                  {"enrolled_users": list, "total_count": int})
    same("total_count", len(body["enrolled_users"]), body["total_count"])
    if USER not in body["enrolled_users"]:
        raise Mismatch(f"{USER} is not in {body['enrolled_users']}")
    same("status without a token", lambda status: status in (401, 403), server.get("/ml/users-enrolled").status)


@row("1", "U", "GET /ml/users-enrolled with a bad token: 401", "jwt")
def users_bad_token(server: Server) -> None:
    unauthorized(server.get("/ml/users-enrolled", headers=BEARER), BAD_TOKEN)


@row("1", "U", "DELETE of somebody else: 403; of nobody, by an admin: 404", "jwt")
def forget_other(server: Server) -> None:
    refused(server.delete("/ml/delete-face/user-2", headers=bearer(jwt(claims(USER)))), 403, {"success": False, "detail": FOREIGN})
    refused(server.delete("/ml/delete-face/nobody", headers=bearer(jwt(claims("boss", "admin")))), 404,
            {"success": False, "detail": "Utilisateur non trouvé"})


@row("1", "S", "DELETE of oneself, and by an admin of somebody else", "jwt")
def forget(server: Server) -> None:
    gone = {"success": True, "message": "Enregistrement facial supprimé"}
    expect(server.delete(f"/ml/delete-face/{USER}", headers=bearer(jwt(claims(USER)))), 200, gone)
    expect(server.delete("/ml/delete-face/user-2", headers=bearer(jwt(claims("boss", "admin")))), 200, gone)


@row("1", "S", "CORS: the allowed origins get their header, others don't", "jwt")
def cors(server: Server) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://www.example.com", "https://www.example.com"),
                            ("https://evil.example.net", None)):
        reply = server.get("/ml/health", headers={"Origin": origin})
        same(f"Access-Control-Allow-Origin for {origin}", allowed, reply.headers.get("access-control-allow-origin"))


@row("1", "S", "CORS: the preflight of an upload with a token", "jwt")
def preflight(server: Server) -> None:
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type"}
    reply = server.ask("OPTIONS", "/ml/enroll-face", headers=asks)
    same("status", lambda status: status in (200, 204), reply.status)
    same("Access-Control-Allow-Origin", ORIGIN, reply.headers.get("access-control-allow-origin"))
    if "POST" not in reply.headers.get("access-control-allow-methods", ""):
        raise Mismatch(f"Access-Control-Allow-Methods is {reply.headers.get('access-control-allow-methods')}")
    allowed = reply.headers.get("access-control-allow-headers", "").lower()
    if not ("authorization" in allowed and "content-type" in allowed):
        raise Mismatch(f"Access-Control-Allow-Headers is {allowed!r}")
    refusal = server.ask("OPTIONS", "/ml/enroll-face", headers={**asks, "Origin": "https://evil.example.net"})
    same("for a foreign origin", None, refusal.headers.get("access-control-allow-origin"))


@row("1", "S", "no secret reaches the log", "jwt")
def no_secrets(server: Server) -> None:
    if not server.log:
        return
    token = jwt(claims(USER))
    enroll(server, token, photo("nobody.jpg"))
    log = server.log.read_text(encoding="utf-8", errors="replace")
    for secret in (SECRET, token, token.split(".")[2]):
        if secret in log:
            raise Mismatch("the log holds a secret or a token")
