# SPDX-License-Identifier: MIT
"""Dialect 2: upload, confirm, reset."""
from __future__ import annotations

import re

from dialects.rows import RECOGNITION, Mismatch, Reply, expect, invalid, is_score, refused, row, same
from dialects.server import Server, data_uri, photo, photos_of, run_mien

PATH = re.compile(r"dataset/[^/]+\.jpg")
LABEL = "Priya Example"


class UploadClient:
    """What a client of this service does with requests."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def upload(self, image, name: str | None = None) -> Reply:
        return self.server.post_file("/upload/", image, name)

    def confirm(self, image_path: str, label: str) -> Reply:
        return self.server.post("/confirm/", data={"image_path": image_path, "label": label})

    def reset(self) -> Reply:
        return self.server.post("/reset_training/")


def check_known(reply: Reply, label: str) -> dict:
    body = expect(reply, 200, {"predicted_label": label, "confidence_score": is_score(4), "image_path": PATH},
                  also=("status", "candidates", *RECOGNITION))
    same("status", "known", body["status"])
    return body


def check_unknown(reply: Reply, status: str) -> dict:
    body = expect(reply, 200, {"predicted_label": None, "confidence_score": is_score(4), "image_path": PATH},
                  also=("status", "candidates", *RECOGNITION))
    same("status", status, body["status"])
    return body


def untouched(server: Server, ask) -> Reply:
    """The request changes no file and nobody in the gallery."""
    def state():
        return (server.files("dataset"), server.files("dataset_training"), server.people()) if server.workspace else None
    before = state()
    reply = ask()
    if state() != before:
        raise Mismatch(f"something changed: {before} → {state()}; {reply}")
    return reply


@row("2", "S", 'GET / is exactly {"hello":"world"}')
def root(server: Server) -> None:
    reply = server.curl("curl http://localhost:8000/")
    same("status", 200, reply.status)
    same("the body", b'{"hello":"world"}', reply.content)


@row("2", "S", "POST /upload/ of a known person, curl: label, score, path; the photo waits in dataset/")
def upload_known(server: Server) -> str:
    reply = server.curl('curl -X POST http://localhost:8000/upload/ -F "file=@photo.jpg"',
                        {"photo.jpg": photo("ada_held_out_1.jpg")})
    body = check_known(reply, "ada")
    if server.workspace and not (server.workspace / body["image_path"]).is_file():
        raise Mismatch(f"there is no {body['image_path']}")
    return f"{body['confidence_score']}"


@row("2", "S", "POST /upload/ of a stranger says so: predicted_label null, status unknown")
def upload_unknown(server: Server) -> None:
    body = check_unknown(UploadClient(server).upload(photos_of("priya")[0]), "unknown")
    server.notes["stranger"] = body["image_path"]


@row("2", "S", "POST /upload/ without a face says so: status no_face, score 0.0")
def upload_no_face(server: Server) -> None:
    body = check_unknown(UploadClient(server).upload(photo("nobody.jpg")), "no_face")
    same("confidence_score", 0.0, body["confidence_score"])
    server.notes["nobody"] = body["image_path"]


@row("2", "6", "POST /upload/ never empties dataset/, and two files of one name keep apart")
def upload_twice(server: Server) -> None:
    client = UploadClient(server)
    paths = [client.upload(photos_of("hugo")[n], "photo.jpg").body["image_path"] for n in (0, 1)]
    paths += [str(server.notes["stranger"])]
    if len(set(paths)) != len(paths):
        raise Mismatch(f"not unique: {paths}")
    if server.workspace:
        for path in paths:
            same(path, True, (server.workspace / path).is_file())
    server.notes["hugo"] = paths[:2]


@row("2", "6", "POST /upload/ keeps to dataset/ whatever the file's name")
def upload_names(server: Server) -> None:
    for name in ("../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg", ".evil.jpg", "a" * 300 + ".jpg", "", "évil photo.jpg"):
        reply = server.post("/upload/", files={"file": (name or "x", photo("stranger_3.jpg").read_bytes(), "image/jpeg")})
        body = check_unknown(reply, "unknown")
        if server.workspace:
            same(body["image_path"], True, (server.workspace / body["image_path"]).is_file())
    if server.workspace:
        outside = [path for path in server.workspace.parent.rglob("*evil*.jpg") if path.parent != server.workspace / "dataset"]
        same("photos outside dataset/", [], outside)


@row("2", "U", "POST /upload/ without the field: 422; /upload without the slash is not redirected")
def upload_invalid(server: Server) -> None:
    invalid(server.post("/upload/"), "body", "file")
    check_known(server.post_file("/upload", photo("bruno_held_out_1.jpg")), "bruno")


@row("2", "6", "POST /upload/ of what is no photo: 400, and nothing stays")
def upload_unreadable(server: Server) -> None:
    body = refused(untouched(server, lambda: UploadClient(server).upload(photo("text_as.jpg"))), 400, {"message": str})
    same("code", "unreadable", body["code"])


@row("2", "S", "POST /confirm/, curl: 'Training data updated successfully.' (words: U)")
def confirm(server: Server) -> None:
    path = str(server.notes["stranger"])
    line = f"curl -X POST http://localhost:8000/confirm/ -F image_path={path} -F 'label={LABEL}'"
    expect(server.curl(line), 200, {"message": "Training data updated successfully."}, also=("code", "request_id"))


@row("2", "S", "… the photo has moved into dataset_training/, the encoding is in the store")
def confirm_moves(server: Server) -> None:
    if server.workspace:
        same("in dataset/", False, (server.workspace / str(server.notes["stranger"])).exists())
        moved = [name for name in server.files("dataset_training") if LABEL in name]
        same("photos of the label in dataset_training/", 1, len(moved))
    same("in the gallery", True, LABEL in server.people())


@row("2", "S", "… and the same person is known from then on, on another photo")
def confirm_known(server: Server) -> None:
    check_known(UploadClient(server).upload(photos_of("priya")[5]), LABEL)


@row("2", "U", "POST /confirm/ with a form of type x-www-form-urlencoded; a second photo of the label gets its own name")
def confirm_second(server: Server) -> None:
    client = UploadClient(server)
    path = check_known(client.upload(photos_of("priya")[1]), LABEL)["image_path"]
    expect(client.confirm(path, LABEL), 200, {"message": "Training data updated successfully."})
    if server.workspace:
        same("photos of the label", 2, len([name for name in server.files("dataset_training") if LABEL in name]))


@row("2", "U", "POST /confirm/ of a photo without a face: 400")
def confirm_no_face(server: Server) -> None:
    reply = untouched(server, lambda: UploadClient(server).confirm(str(server.notes["nobody"]), "Nobody"))
    refused(reply, 400, {"message": "No faces found in the image."})


@row("2", "U", "POST /confirm/ without a field: 422")
def confirm_invalid(server: Server) -> None:
    path = server.notes["hugo"][0]
    invalid(untouched(server, lambda: server.post("/confirm/", data={"image_path": path})), "body", "label")
    invalid(untouched(server, lambda: server.post("/confirm/", data={"label": "Hugo"})), "body", "image_path")
    invalid(untouched(server, lambda: server.post("/confirm/")), "body", "label")


@row("2", "6", "POST /confirm/ with a blank label: 422, nothing touched")
def confirm_blank(server: Server) -> None:
    path = server.notes["hugo"][0]
    for label in ("", "  ", "\t"):
        invalid(untouched(server, lambda: UploadClient(server).confirm(path, label)), "body", "label")  # noqa: B023


@row("2", "6", "POST /confirm/ outside dataset/: refused, nothing touched")
def confirm_outside(server: Server) -> str:
    paths = ["dataset/../dataset_training/ada/1.jpg", "../dataset_training/ada/1.jpg", "dataset_training/ada/1.jpg",
             "dataset//../train.mien", "train.mien", "/etc/passwd", "dataset/", "dataset", "", ".", "..", "dataset/..",
             "dataset/nothing\0.jpg", "dataset\\..\\train.mien", "dataset/%2e%2e/train.mien", "file:///etc/passwd"]
    if server.workspace:
        paths.append(str(server.workspace / server.notes["hugo"][0]))
        link = server.workspace / "dataset" / "link.jpg"
        link.symlink_to(server.workspace / "dataset_training/ada/1.jpg")
        folder = server.workspace / "dataset" / "folder"
        folder.symlink_to(server.workspace / "dataset_training/ada")
        paths += ["dataset/link.jpg", "dataset/folder/1.jpg"]
    try:
        for path in paths:
            reply = untouched(server, lambda: UploadClient(server).confirm(path, "Mallory"))  # noqa: B023
            if reply.status not in (400, 404, 422):
                raise Mismatch(f"image_path {path!r}: {reply}")
            same("success", False, reply.body.get("success"))
        absent = untouched(server, lambda: UploadClient(server).confirm("dataset/not-there.jpg", "Mallory"))
        refused(absent, 404, {"message": str})
    finally:
        if server.workspace:
            link.unlink()
            folder.unlink()
    return f"{len(paths)} paths"


@row("2", "6", "POST /confirm/: what is answered is on disk, as the command line sees it")
def confirm_durable(server: Server) -> None:
    client = UploadClient(server)
    expect(client.confirm(server.notes["hugo"][0], "Hugo Example"), 200, {"message": str})
    if server.workspace and server.mien:
        out = run_mien(server.mien, server.workspace, "stats", "--json").stdout
        if "Hugo Example" not in out:
            raise Mismatch(f"mien stats does not know the label: {out[:300]}")


@row("2", "6", "POST /upload/ takes JSON base64, a data URI and raw image/jpeg")
def transports(server: Server) -> None:
    image = photo("ada_held_out_2.jpg")
    for options in ({"json": {"file": data_uri(image)}}, {"json": {"file": data_uri(image).split(",")[1]}},
                    {"data": image.read_bytes(), "headers": {"Content-Type": "image/jpeg"}}):
        check_known(server.post("/upload/", **options), "ada")


@row("2", "U", 'POST /reset_training/ answers the array ["Training reset successful",200]')
def reset(server: Server) -> None:
    reply = server.curl("curl -X POST http://localhost:8000/reset_training/")
    same("status", 200, reply.status)
    same("the body", ["Training reset successful", 200], reply.body)


@row("2", "S", "… dataset/ is empty, dataset_training/ is dataset_reserve/, the store is made anew")
def reset_effect(server: Server) -> str:
    if server.workspace:
        same("files in dataset/", set(), {name for name in server.files("dataset") if not name.startswith(".")})
        same("files in dataset_training/", server.files("dataset_reserve"), server.files("dataset_training"))
    people = server.people()
    same("people", ["ada", "bruno"], people)
    check_known(UploadClient(server).upload(photo("ada_held_out_1.jpg")), "ada")
    check_unknown(UploadClient(server).upload(photos_of("priya")[5]), "unknown")
    return f"{len(people)} people"


@row("2", "U", "POST /reset_training without the slash is not redirected")
def reset_slash(server: Server) -> None:
    same("the body", ["Training reset successful", 200], server.post("/reset_training").body)


@row("2", "U", "with --compat: 400 for no face", "compat")
def compat_no_face(server: Server) -> None:
    refused(UploadClient(server).upload(photo("nobody.jpg")), 400, {"message": "No faces found in the uploaded image."})


@row("2", "U", "with --compat: 400 where nobody is labelled yet", "compat-empty")
def compat_empty(server: Server) -> None:
    refused(UploadClient(server).upload(photo("ada_held_out_1.jpg")), 400,
            {"message": "No labeled encodings found in training dataset."})


@row("2", "6", "an empty workspace: everybody is unknown, the first confirmation begins the store", "empty")
def empty_workspace(server: Server) -> None:
    client = UploadClient(server)
    path = check_unknown(client.upload(photo("ada_held_out_1.jpg")), "unknown")["image_path"]
    expect(client.confirm(path, "Ada"), 200, {"message": "Training data updated successfully."})
    check_known(client.upload(photo("ada_held_out_2.jpg")), "Ada")
