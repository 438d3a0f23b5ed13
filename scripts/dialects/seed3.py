# SPDX-License-Identifier: MIT
"""Dialect 3: base64 in JSON, user ids that are integers."""
from __future__ import annotations

import base64
import re

from dialects.rows import (NAIVE_TIME, PERCENT, RECOGNITION, Mismatch, Reply, expect, is_score, refused, row,
                           same)
from dialects.server import ORIGIN, Server, base64_of, broken_store, data_uri, photo, photos_of

REGISTER_CURL = """curl -X POST http://localhost:5000/register-face \\
  -H "Content-Type: application/json" \\
  -d '{"user_id": 1, "photo": "base64_image_data"}'
"""
RECOGNIZE_CURL = """curl -X POST http://localhost:5000/recognize \\
  -H "Content-Type: application/json" \\
  -d '{"photo": "base64_image_data"}'
"""
REGISTERED = {"success": True, "message": "Face registered successfully"}
NOT_RECOGNIZED = {"success": False, "message": "Face not recognized", "user_id": "unknown", "confidence": 0.0}


class FaceClient:
    """The test script of this service's text."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def register(self, user_id, image) -> Reply:
        with open(image, "rb") as img_file:
            img_base64 = base64.b64encode(img_file.read()).decode()
        return self.server.post("/register-face", json={
            "user_id": user_id,
            "photo": f"data:image/jpeg;base64,{img_base64}"
        })

    def recognize(self, image) -> Reply:
        return self.server.post("/recognize", json={"photo": data_uri(image)})


def recognized(user_id) -> dict:
    return {"success": True, "message": "Face recognized successfully", "user_id": user_id, "confidence": is_score(4),
            "recognized_at": NAIVE_TIME}


@row("3", "S", "GET /health, curl: every field in order")
def health(server: Server) -> None:
    body = expect(server.curl("curl http://localhost:5000/health"), 200, {
        "status": "online", "service": "Face Recognition Server", "version": str, "timestamp": NAIVE_TIME,
        "registered_faces": int, "face_data_dir": str, "recognition_tolerance": float})
    same("recognition_tolerance", 0.6, body["recognition_tolerance"])
    same("registered_faces", len(server.people()), body["registered_faces"])


@row("3", "S", "GET /stats, curl: every field in order, figures that are real")
def stats(server: Server) -> str:
    body = expect(server.curl("curl http://localhost:5000/stats"), 200, {"success": True, "stats": {
        "registered_users": int, "total_encodings": int, "recognition_tolerance": float, "data_directory": str,
        "server_info": {"cpu_percent": PERCENT, "memory_percent": PERCENT, "disk_usage": PERCENT}}})
    info = body["stats"]["server_info"]
    same("registered_users", len(server.people()), body["stats"]["registered_users"])
    if server.workspace:
        usage = used_percent(server.workspace)
        if abs(usage - info["disk_usage"]) > 2:
            raise Mismatch(f"disk_usage is {info['disk_usage']}, but df says {usage:.1f}")
        memory = memory_percent()
        if abs(memory - info["memory_percent"]) > 15:
            raise Mismatch(f"memory_percent is {info['memory_percent']}, but /proc/meminfo says {memory:.1f}")
    return f"{info}"


def used_percent(folder) -> float:
    import shutil
    usage = shutil.disk_usage(folder)
    return 100 * usage.used / (usage.used + usage.free)


def memory_percent() -> float:
    with open("/proc/meminfo", encoding="ascii") as file:
        values = dict(re.findall(r"(\w+): +(\d+)", file.read()))
    return 100 * (1 - int(values["MemAvailable"]) / int(values["MemTotal"]))


@row("3", "S", "POST /register-face, curl, bare base64, an integer comes back as one")
def register_curl(server: Server) -> None:
    reply = server.curl(REGISTER_CURL, base64_image_data=base64_of(photos_of("imani")[0]))
    expect(reply, 200, {**REGISTERED, "user_id": 1, "registered_at": NAIVE_TIME}, also=("code", "request_id", "faces"))


@row("3", "S", "POST /register-face, the test script: a data URI")
def register(server: Server) -> None:
    expect(FaceClient(server).register(123, photos_of("greta")[0]), 200,
           {**REGISTERED, "user_id": 123, "registered_at": NAIVE_TIME})


@row("3", "6", "POST /register-face: a string comes back as a string")
def register_string(server: Server) -> None:
    expect(FaceClient(server).register("EMP-7", photos_of("hugo")[0]), 200, {**REGISTERED, "user_id": "EMP-7"})
    body = FaceClient(server).recognize(photos_of("hugo")[5]).body
    same("user_id", "EMP-7", body["user_id"])


@row("3", "S", "POST /register-face without a face: success false and message")
def register_no_face(server: Server) -> None:
    body = expect(FaceClient(server).register(5, photo("nobody.jpg")), (200, 400),
                  {"success": False, "message": "No face detected in image"})
    same("code", "no_face", body.get("code"))


@row("3", "U", "… and its status is 400; several faces are 400 too")
def register_several(server: Server) -> None:
    refused(FaceClient(server).register(5, photo("nobody.jpg")), 400,
            {"success": False, "message": "No face detected in image"})
    refused(FaceClient(server).register(5, photo("two_people.jpg")), 400,
            {"success": False, "message": "Multiple faces detected. Please ensure only one face is visible"})


@row("3", "U", "POST /register-face without a field, or no JSON: 400 'Missing required fields: user_id and photo'")
def register_missing(server: Server) -> None:
    image = data_uri(photos_of("imani")[0])
    words = {"success": False, "message": "Missing required fields: user_id and photo"}
    for body in ({"user_id": 5}, {"photo": image}, {}):
        refused(server.post("/register-face", json=body), 400, words)


@row("3", "U", "POST /register-face with what is no photo: 400 'Invalid image format'")
def register_invalid(server: Server) -> None:
    words = {"success": False, "message": "Invalid image format"}
    for text in ("not base64!", "data:image/jpeg;base64,", base64.b64encode(b"no photo").decode(), base64_of(photo("text_as.jpg")),
                 "data:text/plain;base64,aGVsbG8="):
        refused(server.post("/register-face", json={"user_id": 5, "photo": text}), 400, words)


@row("3", "6", "POST /register-face with fields of wrong types: an error, never 500")
def register_wrong_types(server: Server) -> str:
    image = data_uri(photos_of("imani")[0])
    bodies = [{"user_id": wrong, "photo": image} for wrong in (None, 1.5, True, [], {}, "", " ", "a" * 300, "a\nb")]
    bodies += [{"user_id": 5, "photo": wrong} for wrong in (None, 1, True, [], {})]
    for body in bodies:
        reply = server.post("/register-face", json=body)
        if reply.status not in (400, 422):
            raise Mismatch(f"user_id {body['user_id']!r}, photo {str(body['photo'])[:20]!r}: {reply}")
    for raw in (b"", b"{", b"[]", b'"text"', b"null", b"{}" * 2, b"[" * 5000, b'{"user_id": 1e999, "photo": ""}', b"\xff\xfe"):
        reply = server.post("/register-face", data=raw, headers={"Content-Type": "application/json"})
        if reply.status not in (400, 422):
            raise Mismatch(f"body {raw[:20]!r}: {reply}")
    return f"{len(bodies) + 9} bodies"


@row("3", "S", "POST /register-face of a photo below FACE_QUALITY_THRESHOLD (0.8): refused (words: U)")
def register_poor(server: Server) -> None:
    body = refused(FaceClient(server).register(8, photo("blurred.jpg")), 400,
                   {"success": False, "message": "Could not generate face encoding"})
    same("code", "low_quality", body["code"])


@row("3", "U", "POST /register-face: 500 'Server error: …'")
def register_errors(server: Server) -> None:
    with broken_store(server) as broken:
        refused(FaceClient(broken).register(8, photos_of("mei")[0]), 500,
                {"success": False, "message": re.compile("Server error: .+")})


@row("3", "S", "POST /recognize, curl: the integer, 1 − d to 4 places, a naive time")
def recognize_curl(server: Server) -> str:
    reply = server.curl(RECOGNIZE_CURL, base64_image_data=base64_of(photos_of("imani")[5]))
    body = expect(reply, 200, recognized(1), also=RECOGNITION)
    same("verdict", "known", body["verdict"])
    return f"{body['confidence']}"


@row("3", "S", "POST /recognize, requests, a data URI")
def recognize(server: Server) -> None:
    expect(FaceClient(server).recognize(photos_of("greta")[5]), 200, recognized(123), also=RECOGNITION)


@row("3", "S", "POST /recognize of a stranger: success false, 'unknown', 0.0")
def recognize_stranger(server: Server) -> None:
    body = expect(FaceClient(server).recognize(photo("stranger_1.jpg")), (200, 404), NOT_RECOGNIZED, also=RECOGNITION)
    same("verdict", "unknown", body["verdict"])


@row("3", "U", "… and its status is 404, with no face too")
def recognize_stranger_status(server: Server) -> None:
    expect(FaceClient(server).recognize(photo("stranger_1.jpg")), 404, NOT_RECOGNIZED)
    body = expect(FaceClient(server).recognize(photo("nobody.jpg")), 404,
                  {"success": False, "message": str, "user_id": "unknown", "confidence": 0.0}, also=RECOGNITION)
    same("verdict", "no_face", body["verdict"])


@row("3", "U", "POST /recognize where nobody is registered: 404 'No registered faces found'", "empty")
def recognize_empty(server: Server) -> None:
    expect(FaceClient(server).recognize(photos_of("greta")[5]), 404,
           {"success": False, "message": "No registered faces found", "user_id": "unknown", "confidence": 0.0})


@row("3", "U", "POST /recognize without a photo: 400 'Missing required field: photo'")
def recognize_missing(server: Server) -> None:
    for body in ({}, {"picture": "x"}):
        refused(server.post("/recognize", json=body), 400, {"success": False, "message": "Missing required field: photo"})


@row("3", "S", "GET /status/{user_id} of somebody registered")
def status(server: Server) -> None:
    expect(server.get("/status/123"), 200,
           {"success": True, "user_id": 123, "registered": True, "last_updated": NAIVE_TIME, "encoding_count": 1})


@row("3", "U", "GET /status/{user_id} of nobody: 200, registered false, null, 0")
def status_nobody(server: Server) -> None:
    expect(server.get("/status/987"), 200,
           {"success": True, "user_id": 987, "registered": False, "last_updated": None, "encoding_count": 0})


@row("3", "S", "DELETE /face/{user_id}; not recognised from then on")
def forget(server: Server) -> None:
    expect(server.delete("/face/123"), 200, {"success": True, "message": "Face data deleted successfully", "user_id": 123})
    same("registered", False, server.get("/status/123").body["registered"])
    same("success", False, FaceClient(server).recognize(photos_of("greta")[5]).body["success"])


@row("3", "U", "DELETE /face/{user_id} of nobody: 404")
def forget_nobody(server: Server) -> None:
    refused(server.delete("/face/123"), 404, {"success": False, "message": "No face data found for user"})


@row("3", "S", "at most MAX_FACES_PER_USER (5) encodings a user")
def limit(server: Server) -> None:
    for image in photos_of("liam"):
        expect(FaceClient(server).register(6, image), 200, REGISTERED)
    same("encoding_count", 5, server.get("/status/6").body["encoding_count"])


@row("3", "U", "any other path: 404 'Endpoint not found'")
def not_found(server: Server) -> None:
    for method, path in (("GET", "/nothing"), ("POST", "/recognise"), ("DELETE", "/face"), ("GET", "/status")):
        refused(server.ask(method, path), 404, {"success": False, "message": "Endpoint not found"})


@row("3", "6", "a wrong method on a path: 405 with Allow")
def wrong_method(server: Server) -> None:
    reply = server.get("/recognize")
    refused(reply, 405, {})
    if "POST" not in reply.headers.get("allow", ""):
        raise Mismatch(f"Allow is {reply.headers.get('allow')!r}")


@row("3", "S", "CORS: the Vue client's origin and its preflight")
def cors(server: Server) -> None:
    reply = server.get("/health", headers={"Origin": ORIGIN})
    same("Access-Control-Allow-Origin", ORIGIN, reply.headers.get("access-control-allow-origin"))
    reply = server.ask("OPTIONS", "/recognize", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST",
                                                         "Access-Control-Request-Headers": "content-type"})
    same("status of the preflight", lambda code: code in (200, 204), reply.status)
    same("Access-Control-Allow-Origin", ORIGIN, reply.headers.get("access-control-allow-origin"))


@row("3", "S", "photos that register are not stored on the server")
def no_photos(server: Server) -> None:
    if server.workspace:
        kept = [str(path) for path in server.workspace.rglob("*.jpg")
                if not str(path.relative_to(server.workspace)).startswith(("dataset_training/", "dataset_reserve/"))]
        same("photos outside the trained folders", [], kept)
        same("photos of user 6", [], [name for name in server.files("dataset_training") if name.startswith("6/")])


@row("3", "6", "every transport on /register-face and /recognize")
def transports(server: Server) -> None:
    image = photo("ada_held_out_1.jpg")
    for answer in (server.post_file("/recognize", image), server.post_file("/recognize", image, field="photo"),
                   server.post("/recognize", data=image.read_bytes(), headers={"Content-Type": "image/jpeg"})):
        expect(answer, 200, recognized("ada"))
    with image.open("rb") as file:
        reply = server.post("/register-face", files={"file": ("photo.jpg", file, "image/jpeg")}, data={"user_id": "41"})
    expect(reply, 200, {**REGISTERED, "user_id": "41"})


