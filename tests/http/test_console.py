#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The operator's page: its routes, and the page itself in a real browser.

MIEN_TEST_PICTURES names the folder that gets the screenshots.
"""
import os
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import requests

import support
from support import GENEROUS, PHOTOS, ROOT, Server

STRANGER = PHOTOS / "stranger_3.jpg"
ADA = PHOTOS / "ada_held_out_1.jpg"
TOKENS = "operator-token-0123456789abcdef operator admin,visitor-token-0123456789abcdef visitor user"
OPERATOR = {"Authorization": "Bearer operator-token-0123456789abcdef"}
VISITOR = {"Authorization": "Bearer visitor-token-0123456789abcdef"}
PLAYWRIGHT = ROOT / "third_party" / "playwright-core"
CHROMIUM = shutil.which("chromium")

_workspace: tempfile.TemporaryDirectory | None = None


def new_workspace() -> Path:
    """The sample people with their photos inside the workspace, so that the page can show them."""
    global _workspace
    if _workspace is None:
        _workspace = tempfile.TemporaryDirectory(prefix="mien-console-")
        folder = Path(_workspace.name) / "trained"
        folder.mkdir()
        shutil.copytree(ROOT / "dataset_training", folder / "dataset_training")
        subprocess.run([support.MIEN, "--workspace", str(folder), "train", "-q"], check=True, env=support.environment(),
                       timeout=GENEROUS * 4)
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=_workspace.name)) / "w"
    shutil.copytree(Path(_workspace.name) / "trained", folder)
    return folder


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(workspace=new_workspace())
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def get(self, path: str, status: int = 200, **more) -> dict:
        answer = requests.get(self.url + path, timeout=GENEROUS, **more)
        self.assertEqual(answer.status_code, status, answer.text)
        return answer.json()

    def post(self, path: str, body: dict | None = None, status: int = 200, code: str | None = None) -> dict:
        answer = requests.post(self.url + path, json=body or {}, timeout=GENEROUS)
        self.assertEqual(answer.status_code, status, answer.text)
        if code is not None:
            self.assertEqual(answer.json()["code"], code)
        return answer.json()

    def upload(self, photo: Path) -> dict:
        with open(photo, "rb") as file:
            answer = requests.post(self.url + "/v1/pending", files={"file": file}, timeout=GENEROUS)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def waiting(self, photo: str) -> list[dict]:
        clusters = self.get("/v1/pending")["clusters"]
        return [face for cluster in clusters for face in cluster["faces"] if face["photo"] == photo]

    def verdict(self, photo: Path) -> tuple[str, str | None]:
        with open(photo, "rb") as file:
            face = requests.post(self.url + "/v1/predict", files={"file": file}, timeout=GENEROUS).json()["faces"][0]
        return face["verdict"], face["label"]

    def test_a_stranger_is_confirmed_and_known_until_it_is_undone(self):
        people = self.get("/v1/people")["total"]
        photo = self.upload(STRANGER)["photo"]
        self.assertEqual(photo, "dataset/stranger_3.jpg")
        face, = self.waiting(photo)
        picture = requests.get(f"{self.url}/v1/pending/{face['id']}/thumbnail", timeout=GENEROUS)
        self.assertEqual(picture.headers["Content-Type"], "image/jpeg")
        self.assertTrue(picture.content.startswith(b"\xff\xd8"))
        self.assertLess(len(picture.content), 60_000)

        done = self.post(f"/v1/pending/{face['id']}/confirm", {"label": "Iris Blom"})
        self.assertEqual(done["outcome"], "confirmed")
        # Durable before the answer: another process sees it.
        shown = subprocess.run([support.MIEN, "--workspace", str(self.server.workspace), "show", "Iris Blom", "--json"],
                               capture_output=True, text=True, env=support.environment(), check=True, timeout=GENEROUS)
        self.assertIn("dataset_training/Iris Blom/stranger_3.jpg", shown.stdout)
        self.assertEqual(self.verdict(STRANGER), ("known", "Iris Blom"))
        self.assertEqual(self.waiting(photo), [])
        self.post(f"/v1/pending/{face['id']}/confirm", {"label": "Iris Blom"}, 404, "not_waiting")
        self.assertEqual(self.get("/v1/people")["total"], people + 1)
        record, = self.get("/v1/people/Iris%20Blom")["records"]
        self.assertEqual(record["origin"], "confirm")
        picture = requests.get(f"{self.url}/v1/people/Iris%20Blom/photos/{record['id']}/thumbnail", timeout=GENEROUS)
        self.assertEqual((picture.status_code, picture.headers["Content-Type"]), (200, "image/jpeg"))
        newest = self.get("/v1/log?limit=1")["changes"]
        self.assertEqual([(change["change"], change["verb"]) for change in newest], [(done["change"], "confirm")])

        self.post("/v1/undo", {"change": done["change"], "last": done["change"] - 1}, 409, "changed_since")
        self.assertEqual(self.verdict(STRANGER), ("known", "Iris Blom"))
        undone = self.post("/v1/undo", {"change": done["change"], "last": done["change"]})
        self.assertEqual(undone["undone"], done["change"])
        self.assertEqual(self.verdict(STRANGER)[0], "unknown")
        self.assertEqual(len(self.waiting(photo)), 1, "the photo is back in the inbox")
        self.assertEqual(self.get("/v1/people")["total"], people)

    def test_decisions_that_need_a_second_look(self):
        photo = self.upload(ADA)["photo"]
        face, = self.waiting(photo)
        self.assertEqual(face["suggestion"]["label"], "ada")
        place = f"/v1/pending/{face['id']}"
        self.post(place + "/confirm", {}, 422, "missing_label")
        for label in ("", "..", "a/b", ".hidden", "a\u0001b", "x" * 300):
            self.post(place + "/confirm", {"label": label}, 422, "bad_label")
        self.post(place + "/confirm", {"label": ["ada"]}, 422, "invalid_fields")
        self.post(place + "/confirm", {"label": "ada", "force": "yes"}, 422, "invalid_field")
        refused = self.post(place + "/confirm", {"label": "Bob"}, 409, "looks_like")
        self.assertEqual(refused["looks_like"], "ada")
        self.assertEqual(len(self.waiting(photo)), 1, "nothing was written")
        denied = self.post(place + "/deny", {"label": "ada"})
        self.assertEqual(denied["outcome"], "denied")
        forced = self.post(place + "/confirm", {"label": "Bob", "force": True})
        self.assertEqual(forced["outcome"], "confirmed")
        self.post("/v1/undo", {"change": denied["change"], "last": forced["change"]})
        rejected = self.post(place + "/not-a-face")
        self.assertEqual(rejected["outcome"], "not_a_face")
        self.assertEqual(self.waiting(photo), [])

    def test_a_cluster_is_one_change(self):
        for name in ("mei_held_out_1.jpg", "mei_held_out_2.jpg"):
            self.upload(PHOTOS / name)
        cluster = next(c for c in self.get("/v1/pending")["clusters"] if c["faces"][0]["photo"].startswith("dataset/mei"))
        self.assertEqual(len(cluster["faces"]), 2)
        done = self.post(f"/v1/clusters/{cluster['id']}/confirm", {"label": "mei"})
        self.assertEqual(len(done["faces"]), 2)
        self.assertEqual(self.get("/v1/log?limit=1")["changes"][0]["summary"], "2 faces confirmed as mei")
        self.post("/v1/undo")
        self.assertEqual(len(self.waiting("dataset/mei_held_out_1.jpg")), 1)
        self.post(f"/v1/clusters/{cluster['id'][::-1]}/confirm", {"label": "mei"}, 404, "not_waiting")

    def test_one_of_many_at_once_decides(self):
        face, = self.waiting(self.upload(PHOTOS / "stranger_5.jpg")["photo"])
        answers: list[int] = []

        def decide(number: int) -> None:
            answers.append(requests.post(f"{self.url}/v1/pending/{face['id']}/confirm", json={"label": f"person_{number}"},
                                         timeout=GENEROUS).status_code)
        threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers.count(200), 1, answers)
        self.assertTrue(all(status in (200, 400, 404, 409) for status in answers), answers)
        everybody = [person["label"] for person in self.get("/v1/people?q=person_")["people"]]
        self.assertEqual(len(everybody), 1)

    def test_pictures_come_from_the_workspace_only(self):
        outside = Path(_workspace.name) / "secret.jpg"
        shutil.copy(PHOTOS / "stranger_6.jpg", outside)
        link = self.server.workspace / "dataset" / "link.jpg"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(outside)
        try:
            for face in self.waiting("dataset/link.jpg"):
                answer = requests.get(f"{self.url}/v1/pending/{face['id']}/thumbnail", timeout=GENEROUS)
                self.assertEqual((answer.status_code, answer.json()["code"]), (404, "no_picture"))
        finally:
            link.unlink()
        for path in ("/v1/pending/../../train.mien/thumbnail", "/v1/pending/%2e%2e%2ftrain.mien/thumbnail",
                     "/v1/pending/0000000000000000/thumbnail", "/v1/people/ada/photos/..%2f..%2ftrain.mien/thumbnail",
                     "/v1/people/nobody%20of%20that%20name/photos/0000000000000000/thumbnail"):
            self.assertEqual(requests.get(self.url + path, timeout=GENEROUS).status_code, 404, path)

    def test_people_by_part_of_the_name_and_page_by_page(self):
        everybody = self.get("/v1/people")
        labels = [person["label"] for person in everybody["people"]]
        self.assertEqual(len(labels), everybody["total"])
        self.assertEqual(labels, sorted(labels, key=str.encode))
        self.assertEqual([p["label"] for p in self.get("/v1/people?limit=2&offset=1")["people"]], labels[1:3])
        self.assertEqual([p["label"] for p in self.get("/v1/people?q=ZO")["people"]], ["zoé"])
        self.get("/v1/people?limit=many", 422)
        self.get("/v1/people/nobody%20of%20that%20name", 404)

    def test_a_photo_dropped_into_the_folder_is_seen(self):
        inbox = self.server.workspace / "dataset"
        inbox.mkdir(exist_ok=True)
        shutil.copy(PHOTOS / "stranger_7.jpg", inbox / "by hand.jpg")
        self.assertEqual(len(self.waiting("dataset/by hand.jpg")), 1)
        (inbox / "by hand.jpg").unlink()
        self.assertEqual(self.waiting("dataset/by hand.jpg"), [])

    def test_figures_and_documents(self):
        figures = self.get("/v1/figures")
        self.assertEqual(figures["workers"], 2)
        self.assertGreater(figures["process_memory"], 1_000_000)
        paths = self.get("/openapi.json")["paths"]
        for path in ("/v1/pending", "/v1/pending/{id}/confirm", "/v1/clusters/{id}/deny", "/v1/undo", "/v1/people/{label}",
                     "/v1/log", "/v1/figures"):
            self.assertIn(path, paths)

    def test_the_page_is_served_with_a_strict_policy(self):
        for path, kind in (("/ui", "text/html"), ("/ui/", "text/html"), ("/ui/main.js", "text/javascript"),
                           ("/ui/style.css", "text/css")):
            answer = requests.get(self.url + path, timeout=GENEROUS)
            self.assertEqual(answer.status_code, 200)
            self.assertTrue(answer.headers["Content-Type"].startswith(kind))
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("http", policy)
            again = requests.get(self.url + path, headers={"If-None-Match": answer.headers["ETag"]}, timeout=GENEROUS)
            self.assertEqual((again.status_code, again.content), (304, b""))
        self.assertEqual(requests.get(self.url + "/", timeout=GENEROUS).content, b'{"hello":"world"}')


class Rights(unittest.TestCase):
    def test_visitors_see_figures_and_nobody(self):
        with Server("--auth", "token", workspace=new_workspace(), env={"MIEN_TOKENS": TOKENS}) as server:
            for method, path in (("GET", "/v1/pending"), ("POST", "/v1/pending"), ("GET", "/v1/people"),
                                 ("GET", "/v1/people/ada"), ("GET", "/v1/log"), ("POST", "/v1/undo"),
                                 ("POST", "/v1/pending/0000000000000000/confirm"), ("POST", "/v1/clusters/00000000/deny")):
                answer = requests.request(method, server.url + path, json={}, timeout=GENEROUS)
                self.assertEqual(answer.status_code, 401, path)
                answer = requests.request(method, server.url + path, json={}, headers=VISITOR, timeout=GENEROUS)
                self.assertEqual((answer.status_code, answer.json()["code"]), (403, "forbidden"), path)
            self.assertEqual(requests.get(server.url + "/v1/figures", headers=VISITOR, timeout=GENEROUS).status_code, 200)
            self.assertEqual(requests.get(server.url + "/v1/people", headers=OPERATOR, timeout=GENEROUS).status_code, 200)
            self.assertEqual(requests.get(server.url + "/ui", timeout=GENEROUS).status_code, 200)


class Page(unittest.TestCase):
    def test_an_operators_day(self):
        if CHROMIUM is None or shutil.which("node") is None or not PLAYWRIGHT.is_dir():
            self.skipTest("needs Debian's chromium and node, and playwright-core: scripts/install-packages test npm")
        pictures = Path(os.environ.get("MIEN_TEST_PICTURES") or tempfile.mkdtemp(prefix="mien-pictures-"))
        pictures.mkdir(parents=True, exist_ok=True)
        with Server(workspace=new_workspace()) as server, \
                Server("--auth", "token", workspace=new_workspace(), env={"MIEN_TOKENS": TOKENS}) as guarded:
            done = subprocess.run(
                ["node", str(ROOT / "tests" / "http" / "browser" / "console.mjs"), str(PLAYWRIGHT), CHROMIUM, server.url,
                 guarded.url, OPERATOR["Authorization"].removeprefix("Bearer "), str(PHOTOS), str(pictures)],
                capture_output=True, text=True, timeout=GENEROUS * 9, check=False)
            print(done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + server.log())


if __name__ == "__main__":
    support.main()
