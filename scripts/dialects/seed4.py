# SPDX-License-Identifier: MIT
"""Dialect 4: /api/v1. Recognition of one frame and the system; the rest says that it is not there yet."""
from __future__ import annotations

from dialects.rows import ANY_TIME, NUMBER, RECOGNITION, Mismatch, Reply, expect, is_score, refused, row, same
from dialects.server import Server, base64_of, data_uri, photo, photos_of


class AttendanceClient:
    """What a client of this service does with requests."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def recognize(self, image, **more) -> Reply:
        return self.server.post("/api/v1/recognition/recognize", json={"frame_data": base64_of(image), **more})

    def train(self, force: bool = True) -> Reply:
        return self.server.post("/api/v1/system/train-model", json={"force_retrain": force})


SEEN = {"success": True, "faces": list, "processing_time": NUMBER, "timestamp": ANY_TIME}


def check_faces(reply: Reply, names: list[str]) -> list[dict]:
    body = expect(reply, 200, SEEN, also=("verdict", "request_id", "code"))
    for face in body["faces"]:
        missing = {"employee_id", "employee_code", "employee_name", "confidence_score", "recognition_method",
                   "bbox"} - set(face)
        if missing:
            raise Mismatch(f"a face without {sorted(missing)}: {face}")
        same("recognition_method", lambda method: method in ("svm", "cosine"), face["recognition_method"])
        same("confidence_score", is_score(4), face["confidence_score"])
        x1, y1, x2, y2 = face["bbox"]
        if not (all(isinstance(value, int) for value in face["bbox"]) and x1 < x2 and y1 < y2):
            raise Mismatch(f"bbox is {face['bbox']}")
    same("names", names, [face["employee_name"] for face in body["faces"] if face["verdict"] == "known"])
    return body["faces"]


@row("4", "S", "POST recognition/recognize names employee_name and confidence_score (shape: U)")
def recognize(server: Server) -> str:
    faces = check_faces(AttendanceClient(server).recognize(photo("ada_held_out_1.jpg"), threshold=0.5), ["ada"])
    same("employee_code", "ada", faces[0]["employee_code"])
    return f"{faces[0]['confidence_score']}"


@row("4", "U", "… several people in one frame, left to right")
def recognize_several(server: Server) -> None:
    check_faces(AttendanceClient(server).recognize(photo("two_people.jpg")), ["ada", "bruno"])


@row("4", "U", "… a data URI; multipart and raw image/jpeg")
def recognize_transports(server: Server) -> None:
    image, path = photo("ada_held_out_1.jpg"), "/api/v1/recognition/recognize"
    for reply in (server.post(path, json={"frame_data": data_uri(image)}), server.post_file(path, image),
                  server.post(path, data=image.read_bytes(), headers={"Content-Type": "image/jpeg"})):
        check_faces(reply, ["ada"])


@row("4", "U", "… no face: 200 with faces []")
def recognize_nobody(server: Server) -> None:
    body = expect(AttendanceClient(server).recognize(photo("nobody.jpg")), 200, {**SEEN, "faces": []})
    same("verdict", "no_face", body["verdict"])


@row("4", "6", "… a stranger is an unnamed face")
def recognize_stranger(server: Server) -> None:
    faces = check_faces(AttendanceClient(server).recognize(photo("stranger_1.jpg")), [])
    same("faces", 1, len(faces))
    same("employee_id", None, faces[0]["employee_id"])


@row("4", "S", "… threshold: lower is easier")
def recognize_threshold(server: Server) -> None:
    client = AttendanceClient(server)
    image = photo("ada_held_out_1.jpg")
    check_faces(client.recognize(image, threshold=0.999), [])
    check_faces(client.recognize(image, threshold=0.2), ["ada"])
    for wrong in (-0.1, 1.5, "x", None, True):
        if wrong is not None and client.recognize(image, threshold=wrong).status not in (400, 422):
            raise Mismatch(f"threshold {wrong!r} is taken")


@row("4", "U", "… no photo: 400 'Invalid image data'")
def recognize_invalid(server: Server) -> None:
    for text in ("not base64!", base64_of(photo("text_as.jpg"))):
        refused(server.post("/api/v1/recognition/recognize", json={"frame_data": text}), 400, {"detail": "Invalid image data"})
    same("status without frame_data", 422, server.post("/api/v1/recognition/recognize", json={}).status)


@row("4", "U", "GET system/status")
def system_status(server: Server) -> None:
    body = expect(server.get("/api/v1/system/status"), 200, {
        "status": "operational", "total_employees": int, "model_loaded": True, "insightface_loaded": bool,
        "camera_available": False}, also=("last_trained",))
    same("total_employees", len(server.people()), body["total_employees"])
    same("last_trained", ANY_TIME, body["last_trained"])


@row("4", "S", "POST system/train-model with force_retrain")
def train(server: Server) -> str:
    body = expect(AttendanceClient(server).train(), 200, {
        "success": True, "message": str, "training_time": NUMBER, "model_accuracy": lambda v: v is None or isinstance(v, float),
        "total_samples": int})
    same("message", f"Model trained successfully on {len(server.people())} employees", body["message"])
    check_faces(AttendanceClient(server).recognize(photo("ada_held_out_1.jpg")), ["ada"])
    return f"{body['training_time']} s, {body['total_samples']} samples"


@row("4", "S", "POST system/train-model takes up a photo that was put into dataset_training/")
def train_new(server: Server) -> None:
    if not server.workspace:
        return
    import shutil
    target = server.workspace / "dataset_training" / "liam"
    target.mkdir()
    shutil.copy(photos_of("liam")[0], target)
    expect(AttendanceClient(server).train(False), 200, {"success": True})
    check_faces(AttendanceClient(server).recognize(photos_of("liam")[5]), ["liam"])


@row("4", "U", "POST system/train-model without employees: 400", "empty")
def train_nobody(server: Server) -> None:
    refused(AttendanceClient(server).train(), 400, {"detail": str})


@row("4", "U", "POST system/reload-models")
def reload_models(server: Server) -> None:
    body = expect(server.post("/api/v1/system/reload-models"), 200,
                  {"success": True, "message": str, "employees_loaded": int, "model_loaded": True})
    same("employees_loaded", len(server.people()), body["employees_loaded"])


@row("4", "U", "GET system/health")
def health(server: Server) -> None:
    expect(server.get("/api/v1/system/health"), 200, {"status": "healthy", "timestamp": ANY_TIME})


@row("4", "U", "GET system/info")
def info(server: Server) -> None:
    expect(server.get("/api/v1/system/info"), 200, {"success": True, "info": {"version": str, "total_employees": int}})


@row("4", "6", "employees, attendance, camera and stream: 501 that says so")
def not_there_yet(server: Server) -> str:
    paths = [("POST", "employees/register/start"), ("POST", "employees/register/frame/EMP001_1699999999"),
             ("POST", "employees/register/complete"), ("GET", "employees"), ("GET", "employees/"), ("GET", "employees/1"),
             ("PUT", "employees/1"), ("DELETE", "employees/1"), ("GET", "recognition/ws/stream"),
             ("GET", "recognition/camera/info"), ("GET", "recognition/recognized"), ("GET", "attendance/logs"),
             ("GET", "attendance/today"), ("GET", "attendance/stats"), ("GET", "attendance/employee/1"),
             ("GET", "attendance/check-in-status/1")]
    for method, path in paths:
        body = refused(server.ask(method, f"/api/v1/{path}", json={} if method in ("POST", "PUT") else None), 501,
                       {"detail": str})
        same(f"code of {path}", "not_implemented", body["code"])
    return f"{len(paths)} paths"
