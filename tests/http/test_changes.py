#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What changes the store over HTTP: in whose name, with which tools, and what it leaves behind."""
import contextlib
import fcntl
import json
import shutil
import subprocess
import threading
import time
import unittest
from pathlib import Path

import requests

import support
from support import GENEROUS, PHOTOS, Server, workspace_with_photos

TOKEN = "operator-token-0123456789abcdef"
LIAM = [PHOTOS / "liam_held_out_1.jpg", PHOTOS / "liam_held_out_2.jpg"]


def mien(workspace: Path, *arguments: str) -> str:
    return subprocess.run([support.MIEN, "--workspace", str(workspace), *arguments], check=True, capture_output=True, text=True,
                          env=support.environment(), timeout=GENEROUS * 4).stdout


def log_of(workspace: Path) -> list[dict]:
    """The newest first."""
    return [json.loads(line) for line in mien(workspace, "--json", "log").splitlines()]


class Names(unittest.TestCase):
    def test_the_log_says_who(self):
        for auth, headers, author in (([], {}, "http"), (["--auth", "token"], {"Authorization": f"Bearer {TOKEN}"}, "http:operator")):
            workspace = workspace_with_photos()
            with Server(*auth, workspace=workspace, env={"MIEN_TOKENS": f"{TOKEN} operator admin"} if auth else {}) as server:
                def post(path, **more):
                    answer = requests.post(server.url + path, headers={**headers, **more.pop("headers", {})}, timeout=GENEROUS, **more)
                    self.assertEqual(answer.status_code, 200, answer.text)
                    return answer.json()

                stranger = (PHOTOS / "stranger_1.jpg").read_bytes()
                image = post("/upload/", files={"file": ("door.jpg", stranger)})["image_path"]
                post("/confirm/", data={"image_path": image, "label": "eva"})
                post("/ml/enroll-face", files={"file": LIAM[0].read_bytes()},
                     headers={"user_id": "eva-2", **({} if auth else {"Authorization": "Bearer x"})})
                post("/v1/pending", files={"file": (PHOTOS / "stranger_2.jpg").read_bytes()})
                cluster = requests.get(server.url + "/v1/pending", headers=headers, timeout=GENEROUS).json()["clusters"][0]
                post(f"/v1/clusters/{cluster['id']}/confirm", json={"label": "fred", "force": True})
                post("/v1/undo", json={})
                shutil.copy(LIAM[1], workspace / "dataset_training" / "liam" / "one_more.jpg")
                post("/api/v1/system/train-model", json={})
                forgotten = requests.delete(server.url + "/face/eva", headers=headers, timeout=GENEROUS)
                self.assertEqual(forgotten.status_code, 200, forgotten.text)
                post("/reset_training/")
            said = [(change["verb"], change["user"]) for change in log_of(workspace)]
            verbs = {verb for verb, user in said if user == author}
            self.assertLessEqual({"confirm", "enroll", "undo", "train", "reset"}, verbs, said)

    def test_the_command_line_is_the_process_over_the_socket_too(self):
        with Server(workspace=workspace_with_photos()) as server:
            mien(server.workspace, "enroll", "-u", "eva", "--quality", "0", str(PHOTOS / "stranger_1.jpg"))
            mine = log_of(server.workspace)[0]["user"]
            self.assertFalse(mine.startswith("http"), mine)


class Words(unittest.TestCase):
    """Refusals speak of what HTTP has, not of options and paths."""

    def test_which_face(self):
        with Server(workspace=workspace_with_photos()) as server:
            def confirm(**fields):
                answer = requests.post(server.url + "/confirm/", data={"image_path": image, "label": "eva", **fields}, timeout=GENEROUS)
                self.assertNotIn("--", answer.text)
                self.assertNotIn(str(server.workspace), answer.text)
                return answer

            image = requests.post(server.url + "/upload/", timeout=GENEROUS,
                                  files={"file": ("door.jpg", (PHOTOS / "two_people.jpg").read_bytes())}).json()["image_path"]
            for fields in ({}, {"face": 3}, {"box": "0,0,5,5"}):
                answer = confirm(**fields)
                self.assertEqual((answer.status_code, answer.json()["code"]), (400, "which_face"), answer.text)
                self.assertEqual([face["face"] for face in answer.json()["faces"]], [1, 2])
            self.assertEqual(confirm(face=answer.json()["faces"][1]["face"]).status_code, 200)
            twin = confirm(face=1)  # two faces of one photo are two people
            self.assertEqual((twin.status_code, twin.json()["code"]), (400, "usage"), twin.text)

    def test_nothing_in_reserve(self):
        workspace = workspace_with_photos()
        shutil.rmtree(workspace / "dataset_reserve")
        with Server(workspace=workspace) as server:
            answer = requests.post(server.url + "/reset_training/", timeout=GENEROUS)
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "reserve_empty"))
            self.assertNotIn(str(workspace), answer.text)


class Tools(unittest.TestCase):
    def test_a_confirmation_loads_no_models(self):
        with Server("--log-level", "debug", workspace=workspace_with_photos()) as server:
            image = requests.post(server.url + "/upload/", files={"file": ("door.jpg", (PHOTOS / "stranger_1.jpg").read_bytes())},
                                  timeout=GENEROUS).json()["image_path"]
            before = server.log().count("models loaded in")
            self.assertGreater(before, 0)
            done = requests.post(server.url + "/confirm/", data={"image_path": image, "label": "eva"}, timeout=GENEROUS)
            self.assertEqual(done.status_code, 200, done.text)
            self.assertEqual(server.log().count("models loaded in"), before)
            again = requests.post(server.url + "/v1/predict", files={"file": (PHOTOS / "stranger_1.jpg").read_bytes()}, timeout=GENEROUS)
            self.assertEqual(again.json()["faces"][0]["label"], "eva")

    def test_the_method_is_that_of_the_store(self):
        workspace = workspace_with_photos()
        with Server(workspace=workspace) as server:
            def recognized():
                answer = requests.post(server.url + "/api/v1/recognition/recognize", files={"file": support.ADA.read_bytes()},
                                       timeout=GENEROUS).json()["faces"][0]
                return answer["recognition_method"], answer["employee_name"]

            def trained(**body):
                answer = requests.post(server.url + "/api/v1/system/train-model", json=body, timeout=GENEROUS * 4)
                self.assertEqual(answer.status_code, 200, answer.text)
                return answer.json()

            self.assertEqual(recognized(), ("cosine", "ada"))
            self.assertIsNone(trained(force_retrain=True)["model_accuracy"])
            mien(workspace, "fit", "--matcher", "svm", "--svm-c", "1", "--svm-gamma", "1")
            self.assertTrue(support.eventually(lambda: recognized() == ("svm", "ada")), recognized())
            answer = trained(force_retrain=True)
            self.assertEqual(answer["recognition_method"], "svm")
            self.assertTrue(0.5 < answer["model_accuracy"] <= 1, answer)

    def test_train_model_fits_the_svm_of_the_settings(self):
        workspace = workspace_with_photos()
        with Server(workspace=workspace, env={"SVM_KERNEL": "linear", "SVM_C": "2"}) as server:
            answer = requests.post(server.url + "/api/v1/system/train-model", json={"force_retrain": True}, timeout=GENEROUS * 4).json()
            self.assertEqual(answer["recognition_method"], "svm")
        self.assertIn("linear kernel, C 2", mien(workspace, "--json", "fit"))

    def test_train_model_makes_as_many_altered_copies_as_the_settings_say(self):
        def trained(**env) -> dict:
            with Server(workspace=workspace, env=env) as server:
                answer = requests.post(server.url + "/api/v1/system/train-model", json={}, timeout=GENEROUS * 4)
                self.assertEqual(answer.status_code, 200, answer.text)
                return answer.json()

        workspace = workspace_with_photos()
        for person in (workspace / "dataset_training").iterdir():
            if person.name not in ("ada", "bruno", "chiara"):
                shutil.rmtree(person) if person.is_dir() else person.unlink()
        self.assertEqual(trained(AUGMENTATION_COUNT="2")["augmented"], 0)  # nearest learns nothing of them
        answer = trained(AUGMENTATION_COUNT="2", SVM_C="1", SVM_GAMMA="1")
        self.assertEqual((answer["recognition_method"], answer["augmented"]), ("svm", 2 * answer["total_samples"]))
        self.assertEqual(trained(AUGMENTATION_COUNT="2")["augmented"], 0)  # they are there


@contextlib.contextmanager
def another_writer(workspace: Path):
    """Holds the store's lock."""
    with open(workspace / "train.mien.lock", "a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


class Asking(threading.Thread):
    """A request that may take its time."""

    def __init__(self, method: str, url: str, **how):
        super().__init__()
        self.how = (method, url, how)
        self.answer: requests.Response | None = None
        self.start()

    def run(self):
        method, url, how = self.how
        self.answer = requests.request(method, url, timeout=GENEROUS * 4, **how)


class Waiting(unittest.TestCase):
    """Another process writes: whoever changes the store waits, and nobody else."""

    def setUp(self):
        self.server = Server("--workers", "1", "--side-threads", "1", workspace=workspace_with_photos())
        self.addCleanup(self.server.close)
        self.image = self.upload(1)

    def upload(self, number: int) -> str:
        answer = requests.post(self.server.url + "/upload/", timeout=GENEROUS,
                               files={"file": ("door.jpg", (PHOTOS / f"stranger_{number}.jpg").read_bytes())})
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["image_path"]

    def enroll(self, user: str) -> Asking:
        return Asking("POST", self.server.url + "/ml/enroll-face", files={"file": LIAM[0].read_bytes()},
                      headers={"user_id": user, "Authorization": "Bearer x"})

    def test_recognition_goes_on(self):
        url = self.server.url
        with another_writer(self.server.workspace):
            changes = [self.enroll("eva"), Asking("POST", url + "/confirm/", data={"image_path": self.image, "label": "fred"}),
                       Asking("DELETE", url + "/face/hugo")]
            time.sleep(0.5)
            known = requests.post(url + "/recognize", files={"photo": support.ADA.read_bytes()}, timeout=GENEROUS)
            self.assertEqual(known.json()["user_id"], "ada")
            self.upload(2)
            self.assertEqual(requests.get(url + "/stats", timeout=GENEROUS).status_code, 200)
            nobody = requests.post(url + "/register-face", data={"user_id": "eva"}, timeout=GENEROUS,
                                   files={"photo": (PHOTOS / "nobody.jpg").read_bytes()})
            self.assertEqual(nobody.json()["code"], "no_face")
            self.assertTrue(all(change.is_alive() for change in changes), "they did not wait for the writer")
        for change in changes:
            change.join()
        self.assertEqual([change.answer.status_code for change in changes], [200] * 3, [c.answer.text for c in changes])
        self.assertEqual(requests.get(url + "/status/eva", timeout=GENEROUS).json()["encoding_count"], 1)

    def test_those_behind_each_other_wait_once(self):
        with another_writer(self.server.workspace):
            began = time.monotonic()
            changes = [self.enroll(f"user-{number}") for number in range(4)]
            for change in changes:
                change.join()
            took = time.monotonic() - began
        self.assertEqual([change.answer.status_code for change in changes], [409] * 4)
        answer = changes[0].answer
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(answer.json()["detail"], "Le registre est en cours de modification. Veuillez réessayer plus tard.")
        self.assertLess(took, 12)  # a patience of 5 s each would be 20


class Long(unittest.TestCase):
    """A training takes its time: nobody else waits for it."""

    def test_others_go_on(self):
        for path in ("/api/v1/system/train-model", "/reset_training/"):
            with self.subTest(path):
                self.assertTrue(any(self.go_on(path, photos) for photos in (30, 120, 480, 1920)), "trainings are too quick here")

    def go_on(self, path: str, photos: int) -> bool:
        """Whether the training still ran when the others had their answers."""
        with Server("--workers", "1", "--side-threads", "1", workspace=workspace_with_photos()) as server:
            return self.others_have_answers(server, path, photos)

    def others_have_answers(self, server: Server, path: str, photos: int) -> bool:
        workspace, url = server.workspace, server.url
        folder = workspace / ("dataset_reserve" if "reset" in path else "dataset_training")
        ada = support.ADA.read_bytes()
        for number in range(photos):  # the same face, each time another photo
            (folder / "ada" / f"more_{number}.jpg").write_bytes(ada + b"%d" % number)
        confirmed = []
        images = [requests.post(url + "/upload/", timeout=GENEROUS, files={
            "file": ("door.jpg", (PHOTOS / f"stranger_{number}.jpg").read_bytes())}).json()["image_path"] for number in (1, 2)]
        training = Asking("POST", url + path, json={})
        time.sleep(0.5)
        self.assertEqual(requests.get(url + "/health", timeout=GENEROUS).status_code, 200)
        self.assertEqual(requests.get(url + "/stats", timeout=GENEROUS).status_code, 200)
        known = requests.post(url + "/recognize", files={"photo": ada}, timeout=GENEROUS)
        self.assertEqual(known.json()["user_id"], "ada")
        for image, label in zip(images, ("eva", "fred")):
            answer = requests.post(url + "/confirm/", data={"image_path": image, "label": label}, timeout=GENEROUS)
            confirmed.append((answer.status_code, answer.json().get("code")))
        enrolled = requests.post(url + "/ml/enroll-face", files={"file": (PHOTOS / "stranger_3.jpg").read_bytes()},
                                 headers={"user_id": "hanna", "Authorization": "Bearer x"}, timeout=GENEROUS)
        self.assertEqual(enrolled.status_code, 200, enrolled.text)
        self.assertEqual(requests.post(url + "/upload/", files={"file": ada}, timeout=GENEROUS).status_code, 200)
        if not training.is_alive():
            return False
        self.assertEqual(confirmed, [(200, "confirmed")] * 2)
        training.join()
        self.assertEqual(training.answer.status_code, 200, training.answer.text)
        people = requests.get(url + "/v1/people", timeout=GENEROUS).json()["people"]
        labels = {each["label"] for each in people}
        self.assertEqual({"eva", "fred", "hanna"} & labels, set() if "reset" in path else {"eva", "fred", "hanna"})
        self.assertEqual([each["encodings"] for each in people if each["label"] == "ada"], [len(list((folder / "ada").iterdir()))])
        return True


class Kept(unittest.TestCase):
    def enroll(self, server: Server, photo: Path) -> dict:
        answer = requests.post(server.url + "/ml/enroll-face", files={"file": photo.read_bytes()},
                               headers={"user_id": "eva", "Authorization": "Bearer x"}, timeout=GENEROUS)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_photos_are_kept_where_that_is_asked_for(self):
        workspace = workspace_with_photos()
        folder = workspace / "dataset_training" / "eva"
        with Server("--keep-photos", "--max-per-person", "1", workspace=workspace) as server:
            first = self.enroll(server, LIAM[0])["kept_as"]
            self.assertEqual((workspace / first).read_bytes(), LIAM[0].read_bytes())
            self.assertEqual((workspace / first).parent, folder)
            self.assertEqual(self.enroll(server, LIAM[0]).get("code"), "already")
            second = self.enroll(server, LIAM[1])["kept_as"]
            self.assertEqual([each.name for each in folder.iterdir()], [Path(second).name])  # the first made room
            mien(workspace, "undo")
            self.assertEqual([each.name for each in folder.iterdir()], [Path(first).name])
            mien(workspace, "train", "-q")  # learns nobody twice
            people = {each["label"]: each["encodings"] for each in map(json.loads, mien(workspace, "--json", "list").splitlines())
                      if "label" in each}
            self.assertEqual(people["eva"], 1)
            self.assertEqual(requests.delete(server.url + "/face/eva", timeout=GENEROUS).status_code, 200)
            self.assertFalse(folder.exists() and any(folder.iterdir()))

    def test_they_are_not_otherwise(self):
        workspace = workspace_with_photos()
        with Server(workspace=workspace) as server:
            self.assertNotIn("kept_as", self.enroll(server, LIAM[0]))
        self.assertFalse((workspace / "dataset_training" / "eva").exists())

    def test_not_beside_another_store(self):
        status, said = support.start_fails("--keep-photos", "--store", "elsewhere.mien")
        self.assertEqual(status, 2)
        self.assertIn("--keep-photos", said)


if __name__ == "__main__":
    support.main()
