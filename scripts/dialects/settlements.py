# SPDX-License-Identifier: MIT
"""The settlements between services that disagree: one row each, most with a server of their own."""
from __future__ import annotations

import re
import signal
import socket

from dialects.rows import Mismatch, NotProvoked, expect, refused, row, same
from dialects.seed0 import ENROLLED, MISSED, MlClient, check_verified
from dialects.seed2 import UploadClient, check_known, check_unknown
from dialects.seed3 import FaceClient
from dialects.seed4 import AttendanceClient
from dialects.server import TOKEN, Server, claims, jwt, photo, photos_of, run_mien


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def refuses_to_start(server: Server, *arguments: str, **variables: str) -> str:
    """What the server says when these settings stop it."""
    done = run_mien(server.mien, server.workspace, "serve", "--workspace", str(server.workspace), *arguments, more=variables,
                    check=False)
    if done.returncode in (0, -signal.SIGTERM):
        raise Mismatch(f"it starts with {arguments} {variables}")
    return done.stderr


def configuration(server: Server, *arguments: str, **variables: str) -> str:
    return run_mien(server.mien, server.workspace, "serve", "--workspace", str(server.workspace), "--print-config", *arguments,
                    more=variables).stdout


def needs_starter(server: Server) -> None:
    if not server.starter:
        raise NotProvoked("needs a server started by this script (--start)")


@row("6", "6", "body of GET /: seed 2's bytes")
def root(server: Server) -> None:
    same("the body", b'{"hello":"world"}', server.get("/").content)


@row("6", "6", "/ml/health: the union of both bodies")
def health_union(server: Server) -> None:
    body = expect(server.get("/ml/health"), 200, {"status": "healthy"},
                  also=("ml_libraries", "models_loaded", "environment", "enrolled_users_count"))
    same("enrolled_users_count", body["models_loaded"], body["enrolled_users_count"])
    same("environment", str, body["environment"])


@row("6", "6", "status: healthy, online, operational, per path")
def status_words(server: Server) -> None:
    for path, word in (("/ml/health", "healthy"), ("/health", "online"), ("/api/v1/system/status", "operational"),
                       ("/api/v1/system/health", "healthy")):
        same(f"status of {path}", word, server.get(path).body["status"])


@row("6", "6", "--port is repeatable; API_PORT and FLASK_PORT are honoured")
def ports(server: Server) -> None:
    needs_starter(server)
    import requests
    first, second = free_port(), free_port()
    with server.starter.start("open", ("--port", str(first), "--port", str(second))):
        for port in (first, second):
            same(f"status at port {port}", 200, requests.get(f"http://127.0.0.1:{port}/ml/health", timeout=10).status_code)
    printed = configuration(server, API_PORT="8123", FLASK_PORT="5123")
    if not re.search(r"\b8123\b", printed) or not re.search(r"\b5123\b", printed):
        raise Mismatch(f"--print-config does not show both ports:\n{printed}")


@row("6", "6", "who is being enrolled: sub wins, else the header", "jwt")
def who(server: Server) -> None:
    token = {"Authorization": "Bearer " + jwt(claims("user-9"))}
    expect(server.post_file("/ml/enroll-face", photos_of("mei")[0], headers=token), 200, {**ENROLLED, "face_count": 1})
    refused(server.post_file("/ml/enroll-face", photos_of("mei")[0], headers={**token, "user_id": "user-8"}), 403, {"success": False, "detail": str})
    check_verified(server.post_file("/ml/verify-face", photos_of("mei")[5]), "user-9")


@row("6", "6", "--auth none: any bearer works", "open")
def any_token(server: Server) -> None:
    for token in ("test-token", "eyJhbGc...", "x" * 500):
        same("status", 200, server.get("/ml/users-enrolled", headers={"authorization": f"Bearer {token}"}).status)


@row("6", "6", "--auth token: the token and no other", "token")
def opaque_token(server: Server) -> None:
    good = {"authorization": f"Bearer {TOKEN}"}
    same("status with it", 200, server.get("/ml/users-enrolled", headers=good).status)
    for wrong in ("test-token", TOKEN + "x", TOKEN[:-1], ""):
        same(f"status with {wrong!r}", 401, server.get("/ml/users-enrolled", headers={"authorization": f"Bearer {wrong}"}).status)
    same("status of /ml/health without", 200, server.get("/ml/health").status)


@row("6", "6", "--auth none on an address that others reach needs a flag")
def open_address(server: Server) -> None:
    needs_starter(server)
    said = refuses_to_start(server, "--auth", "none", "--host", "0.0.0.0", "--port", "0")
    if "none" not in said:
        raise Mismatch(f"the refusal does not name the setting: {said}")


@row("6", "6", "a missing or weak JWT secret refuses to start")
def weak_secret(server: Server) -> None:
    needs_starter(server)
    refuses_to_start(server, "--auth", "jwt", "--port", "0")
    refuses_to_start(server, "--auth", "jwt", "--port", "0", JWT_SECRET_KEY="short")


@row("6", "6", "verify asks for no token unless --auth-verify", "jwt")
def verify_optional(server: Server) -> None:
    same("status", 200, server.post_file("/ml/verify-face", photo("ada_held_out_1.jpg")).status)
    needs_starter(server)
    with server.starter.start("jwt", ("--auth-verify",)) as strict:
        same("status without", 401, strict.post_file("/ml/verify-face", photo("ada_held_out_1.jpg")).status)
        check_verified(strict.post_file("/ml/verify-face", photo("ada_held_out_1.jpg"),
                                        headers={"authorization": "Bearer " + jwt(claims("user-9"))}), "ada")


@row("6", "6", "user_id: one string key inside; each dialect echoes its own type")
def user_id_types(server: Server) -> None:
    same("user_id", 77, FaceClient(server).register(77, photos_of("kenji")[0]).body["user_id"])
    same("user_id", "77", FaceClient(server).register("77", photos_of("kenji")[1]).body["user_id"])
    same("encoding_count", 2, server.get("/status/77").body["encoding_count"])
    check_verified(MlClient(server).verify(photos_of("kenji")[5]), "77")
    same("user_id", 77, FaceClient(server).recognize(photos_of("kenji")[5]).body["user_id"])


@row("6", "6", "no match: 200 false (0, 1), 200 null (2), 404 (3), 200 unnamed (4)")
def no_match(server: Server) -> None:
    image = photo("stranger_4.jpg")
    expect(MlClient(server).verify(image), 200, MISSED)
    check_unknown(UploadClient(server).upload(image), "unknown")
    same("status in 3", 404, FaceClient(server).recognize(image).status)
    same("status in 4", 200, AttendanceClient(server).recognize(image).status)


@row("6", "6", "no face: enroll 400, verify 200 (0, 1); 200 (2); register 400, recognise 404 (3); 200 (4)")
def no_face(server: Server) -> None:
    image = photo("nobody.jpg")
    statuses = [MlClient(server).enroll("u", image).status, MlClient(server).verify(image).status,
                UploadClient(server).upload(image).status, FaceClient(server).register(1, image).status,
                FaceClient(server).recognize(image).status, AttendanceClient(server).recognize(image).status]
    same("statuses", [400, 200, 200, 400, 404, 200], statuses)


@row("6", "6", "miss shape: user_id null (0), 'unknown' (3)")
def miss_shape(server: Server) -> None:
    same("user_id in 0", None, MlClient(server).verify(photo("stranger_4.jpg")).body["user_id"])
    same("user_id in 3", "unknown", FaceClient(server).recognize(photo("stranger_4.jpg")).body["user_id"])


@row("6", "6", "errors: detail and message, success false, a stable code, on every dialect")
def error_keys(server: Server) -> str:
    replies = [MlClient(server).enroll("u", photo("nobody.jpg")), MlClient(server).forget("nobody"),
               UploadClient(server).confirm("dataset/not-there.jpg", "X"), server.post("/register-face", json={}),
               server.delete("/face/987"), server.get("/nothing"),
               server.post("/api/v1/recognition/recognize", json={"frame_data": "x"}), server.get("/api/v1/employees")]
    return ", ".join(refused(reply, reply.status if reply.status >= 400 else 400, {})["code"] for reply in replies)


@row("6", "6", "threshold direction: tolerances are distances, RECOGNITION_THRESHOLD a similarity")
def direction(server: Server) -> None:
    needs_starter(server)
    image = photo("ada_held_out_1.jpg")
    with server.starter.start("open", variables={"FACE_RECOGNITION_TOLERANCE": "0.05"}) as strict:
        expect(MlClient(strict).verify(image), 200, MISSED)
        same("recognition_tolerance", 0.05, strict.get("/health").body["recognition_tolerance"])
        log = strict.log.read_text(encoding="utf-8")
        if not re.search(r"distance|threshold|tolerance", log):
            raise Mismatch("the effective distance is not said at the start")
    with server.starter.start("open", variables={"RECOGNITION_THRESHOLD": "0.99"}) as strict:
        same("faces named", [None], [face["employee_name"] if face["verdict"] == "known" else None
                                     for face in AttendanceClient(strict).recognize(image).body["faces"]])


@row("6", "6", "boundary: a distance equal to the tolerance is a match")
def boundary(server: Server) -> None:
    raise NotProvoked("a tie cannot be made through a photo; the unit tests of the matcher make it")


@row("6", "6", "confidence per path; distance and probability everywhere")
def scales(server: Server) -> str:
    image = photo("ada_held_out_1.jpg")
    bodies = [MlClient(server).verify(image).body, UploadClient(server).upload(image).body,
              FaceClient(server).recognize(image).body]
    for body in bodies:
        same("distance", float, body["distance"])
        same("probability", float, body["probability"])
        same("confidence_kind", str, body["confidence_kind"])
        same("distance, the same on each path", bodies[0]["distance"], body["distance"])
    if abs(bodies[0]["confidence"] - bodies[2]["confidence"]) > 0.005001:
        raise Mismatch(f"1 − d differs: {bodies[0]['confidence']} and {bodies[2]['confidence']}")
    face = AttendanceClient(server).recognize(image).body["faces"][0]
    same("distance", bodies[0]["distance"], face["distance"])
    return f"d {bodies[0]['distance']}: {bodies[0]['confidence']}, {bodies[1]['confidence_score']}, {bodies[2]['confidence']}, " \
           f"{face['confidence_score']}"


@row("6", "6", "setting names: every alias is taken, two that disagree stop the start")
def aliases(server: Server) -> str:
    needs_starter(server)
    tolerances = ("FACE_RECOGNITION_TOLERANCE", "FACE_RECOGNITION_THRESHOLD", "RECOGNITION_TOLERANCE")
    limits = ("MAX_FACE_ENCODINGS_PER_USER", "MAX_ENCODINGS_PER_USER", "MAX_FACES_PER_USER")
    for names, value, other in ((tolerances, "0.47", "0.51"), (limits, "3", "4")):
        for name in names:
            printed = configuration(server, **{name: value})
            if not re.search(rf"\b{re.escape(value)}\b.*{name}", printed):
                raise Mismatch(f"--print-config does not show {value} from {name}:\n{printed}")
        configuration(server, **{names[0]: value, names[1]: value})
        said = refuses_to_start(server, "--port", "0", **{names[0]: value, names[1]: other})
        if names[0] not in said or names[1] not in said:
            raise Mismatch(f"the refusal does not name both settings: {said}")
    secret = "another-made-up-secret-of-forty-characters"
    if secret in configuration(server, JWT_SECRET_KEY=secret):
        raise Mismatch("--print-config shows a secret")
    return f"{len(tolerances) + len(limits)} names"


@row("6", "6", "--on-limit reject refuses the sixth encoding; oldest is the default")
def on_limit(server: Server) -> None:
    needs_starter(server)
    with server.starter.start("open", ("--on-limit", "reject"), {"MAX_FACES_PER_USER": "2"}) as strict:
        client = MlClient(strict)
        for image, count in zip(photos_of("mei")[:2], (1, 2)):
            expect(client.enroll("m", image), 200, {**ENROLLED, "face_count": count})
        body = refused(client.enroll("m", photos_of("mei")[2]), (400, 409), {"success": False, "detail": str})
        same("code", lambda code: "limit" in code, body["code"])


@row("6", "6", "paths with and without the slash at their end, no redirection")
def slashes(server: Server) -> None:
    for method, path in (("GET", "/ml/health/"), ("GET", "/health/"), ("GET", "/api/v1/system/status/"),
                         ("POST", "/upload"), ("POST", "/recognize/"), ("POST", "/ml/verify-face/")):
        status = server.ask(method, path).status
        if status in (301, 302, 307, 308, 404):
            raise Mismatch(f"{method} {path}: {status}")


@row("6", "6", "delete: templates are erased at once, for every dialect and in the store's file")
def erased(server: Server) -> None:
    FaceClient(server).register(4711, photos_of("zoé")[0])
    same("status", 200, server.delete("/face/4711").status)
    expect(MlClient(server).verify(photos_of("zoé")[0]), 200, MISSED)
    check_unknown(UploadClient(server).upload(photos_of("zoé")[0]), "unknown")


@row("6", "6", "photos are kept in the flow of seed 2 only, unless --keep-photos")
def keep_photos(server: Server) -> None:
    needs_starter(server)
    before = server.files(".")
    MlClient(server).enroll("nora-9", photos_of("liam")[0])
    FaceClient(server).recognize(photos_of("liam")[1])
    AttendanceClient(server).recognize(photos_of("liam")[2])
    same("new photos", [], sorted(name for name in server.files(".") - before if name.endswith((".jpg", ".jpeg", ".png"))))


@row("6", "6", "liveness is never claimed unasked")
def liveness(server: Server) -> None:
    for reply in (MlClient(server).verify(photo("ada_held_out_1.jpg")), FaceClient(server).recognize(photo("ada_held_out_1.jpg"))):
        if "liveness" in reply.body:
            raise Mismatch(f"an answer claims {reply.body['liveness']}")


@row("6", "6", "language per path, the code for programs")
def language(server: Server) -> None:
    french = MlClient(server).enroll("u", photo("nobody.jpg")).body
    english = FaceClient(server).register(1, photo("nobody.jpg")).body
    same("code", french["code"], english["code"])
    if french["detail"] == english["message"]:
        raise Mismatch("both speak one language")


@row("6", "6", "one store: what one dialect enrols, another and the command line know")
def one_store(server: Server) -> None:
    FaceClient(server).register(501, photos_of("hugo")[0])
    check_verified(MlClient(server).verify(photos_of("hugo")[5]), "501")
    check_known(UploadClient(server).upload(photos_of("hugo")[6]), "501")
    if server.mien:
        done = run_mien(server.mien, server.workspace, "stats", "--json")
        if '"501"' not in done.stdout:
            raise Mismatch(f"mien stats does not know 501: {done.stdout[:300]}")


@row("6", "6", "a confirmation is durable before its 200: SIGKILL at once, the next server knows it")
def durable(server: Server) -> None:
    needs_starter(server)
    with server.starter.start("open") as first:
        client = UploadClient(first)
        path = check_unknown(client.upload(photos_of("greta")[0]), "unknown")["image_path"]
        expect(client.confirm(path, "Greta Example"), 200, {"message": str})
        first.process.kill()
        first.process.wait()
        with server.starter.start("open", workspace=first.workspace) as second:
            check_known(UploadClient(second).upload(photos_of("greta")[5]), "Greta Example")


@row("6", "6", "a change by the command line is served within a second")
def live(server: Server) -> None:
    needs_starter(server)
    import shutil
    import time
    with server.starter.start("open") as other:
        check_unknown(UploadClient(other).upload(photos_of("imani")[5]), "unknown")
        target = other.workspace / "dataset_training" / "imani"
        target.mkdir()
        shutil.copy(photos_of("imani")[0], target)
        run_mien(other.mien, other.workspace, "train")
        deadline = time.monotonic() + 1
        while UploadClient(other).upload(photos_of("imani")[5]).body["predicted_label"] is None:
            if time.monotonic() > deadline:
                raise Mismatch("not served within a second")
            time.sleep(0.1)


@row("6", "6", "every answer has a request id, and takes the client's")
def request_id(server: Server) -> None:
    reply = server.get("/health", headers={"X-Request-ID": "made-up-42"})
    same("X-Request-ID", "made-up-42", reply.headers.get("x-request-id"))
    same("request_id in the body", str, MlClient(server).verify(photo("nobody.jpg")).body["request_id"])


