#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands behind the dialects' own fields: the same in every answer about a photo."""
import unittest

import requests

import support
from support import ADA, GENEROUS, PHOTOS, Server, workspace_with_photos

EXTRAS = ("verdict", "code", "distance", "probability", "confidence_kind", "faces", "request_id")
BEARER = {"Authorization": "Bearer x"}
STRANGER = PHOTOS / "stranger_1.jpg"
ADA_AGAIN = PHOTOS / "ada_held_out_2.jpg"


class Enrolment(unittest.TestCase):
    def setUp(self):
        self.server = Server("--quality-threshold", "0", workspace=workspace_with_photos())
        self.addCleanup(self.server.close)

    def post(self, path: str, status: int = 200, **how) -> dict:
        answer = requests.post(self.server.url + path, timeout=GENEROUS, **how)
        self.assertEqual(answer.status_code, status, answer.text)
        body = answer.json()
        for name in EXTRAS:
            self.assertIn(name, body)
        self.assertEqual(len(body["faces"]) > 0, body["verdict"] in ("known", "unknown", "several_faces"), answer.text)
        return body

    def enrol(self, who: str, photo, status: int = 200) -> tuple[dict, dict]:
        """Both ways; the second undoes the first, so that each has the same store before it."""
        files = {"file": photo.read_bytes()}
        french = self.post("/ml/enroll-face", status, files=files, headers={"user_id": who, **BEARER})
        if status == 200:
            requests.post(self.server.url + "/v1/undo", json={}, timeout=GENEROUS)
        english = self.post("/register-face", status, files=files, data={"user_id": who})
        return french, english

    def test_the_first_photo_of_somebody_has_nothing_beside_it(self):
        for body in self.enrol("eva", STRANGER):
            self.assertEqual((body["success"], body["code"], body["verdict"]), (True, "enrolled", "unknown"))
            self.assertIsNone(body["distance"])
            self.assertIsNone(body["probability"])
            face, = body["faces"]
            self.assertEqual((face["verdict"], face["label"], face["candidates"]), ("unknown", None, []))

    def test_a_further_photo_is_held_against_the_others(self):
        told = requests.post(self.server.url + "/v1/predict", files={"file": ADA.read_bytes()}, timeout=GENEROUS).json()["faces"][0]
        for body in self.enrol("ada", ADA):
            self.assertEqual((body["code"], body["verdict"], body["faces"][0]["label"]), ("enrolled", "known", "ada"))
            self.assertEqual(body["distance"], told["distance"])
            self.assertEqual(body["probability"], told["confidence"])
            self.assertEqual(body["confidence_kind"], told["confidence_kind"])
            self.assertEqual(body["faces"][0]["box"], told["box"])
        again = self.post("/register-face", files={"file": ADA.read_bytes()}, data={"user_id": "ada"})
        self.assertEqual((again["code"], again["distance"]), ("already", told["distance"]))

    def test_somebody_else_with_this_name_is_far_away(self):
        for body in self.enrol("ada", STRANGER):
            self.assertEqual((body["code"], body["verdict"]), ("enrolled", "unknown"))
            self.assertGreater(body["distance"], 0.53)
            self.assertEqual(body["faces"][0]["label"], None)

    def test_refusals_say_what_was_seen(self):
        for body in self.enrol("eva", PHOTOS / "nobody.jpg", 400):
            self.assertEqual((body["code"], body["verdict"], body["distance"]), ("no_face", "no_face", None))
        for body in self.enrol("eva", PHOTOS / "two_people.jpg", 400):
            self.assertEqual((body["code"], body["verdict"]), ("several_faces", "several_faces"))
            self.assertEqual(len(body["faces"]), 2)
        self.enrol("eva", STRANGER)
        for body in self.enrol("fred", STRANGER, 400):
            self.assertEqual((body["code"], body["verdict"], body["distance"]), ("other_person", "known", 0))
            self.assertIsNone(body["faces"][0]["label"])

    def test_poor_photos_too(self):
        with Server("--quality-threshold", "1", workspace=workspace_with_photos()) as self.server:
            for body in self.enrol("ada", PHOTOS / "blurred.jpg", 400):
                self.assertEqual(body["code"], "low_quality")
                self.assertIn(body["verdict"], ("known", "unknown"))
                self.assertGreater(body["distance"], 0)
                self.assertIn("quality", body)

    def test_confirmations(self):
        def confirm(photo, label) -> dict:
            files = {"file": photo.read_bytes()}
            image = requests.post(self.server.url + "/upload/", files=files, timeout=GENEROUS).json()["image_path"]
            return self.post("/confirm/", data={"image_path": image, "label": label, "face": 1})

        image = requests.post(self.server.url + "/upload/", files={"file": (PHOTOS / "nobody.jpg").read_bytes()},
                              timeout=GENEROUS).json()["image_path"]
        nobody = self.post("/confirm/", 400, data={"image_path": image, "label": "eva"})
        self.assertEqual((nobody["code"], nobody["verdict"], nobody["faces"]), ("no_face", "no_face", []))
        first = confirm(STRANGER, "eva")
        self.assertEqual((first["code"], first["verdict"], first["distance"]), ("confirmed", "unknown", None))
        further = confirm(ADA, "ada")
        self.assertEqual((further["code"], further["verdict"], further["faces"][0]["label"]), ("confirmed", "known", "ada"))
        self.assertGreater(further["distance"], 0)

        requests.post(self.server.url + "/v1/pending", files={"file": ADA_AGAIN.read_bytes()}, timeout=GENEROUS)
        cluster = requests.get(self.server.url + "/v1/pending", timeout=GENEROUS).json()["clusters"][0]
        denied = self.post(f"/v1/pending/{cluster['faces'][0]['id']}/deny", json={"label": "bruno"})
        self.assertEqual((denied["code"], denied["outcome"], denied["verdict"]), ("denied", "denied", "unknown"))
        cluster = requests.get(self.server.url + "/v1/pending", timeout=GENEROUS).json()["clusters"][0]
        done = self.post(f"/v1/clusters/{cluster['id']}/confirm", json={"label": "ada"})
        self.assertEqual((done["code"], done["verdict"]), ("confirmed", "known"))
        self.assertGreater(done["distance"], 0)


class Recognition(unittest.TestCase):
    def test_every_dialect(self):
        with Server(workspace=workspace_with_photos()) as server:
            for photo, verdict in ((ADA, "known"), (STRANGER, "unknown"), (PHOTOS / "nobody.jpg", "no_face")):
                distances = set()
                for path in ("/ml/verify-face", "/upload/", "/recognize", "/api/v1/recognition/recognize"):
                    body = requests.post(server.url + path, files={"file": photo.read_bytes()}, timeout=GENEROUS).json()
                    for name in EXTRAS:
                        self.assertIn(name, body, path)
                    self.assertEqual((body["verdict"], body["code"]), (verdict, verdict), path)
                    distances.add(body["distance"])
                self.assertEqual(len(distances), 1, distances)
                for path in ("/v1/predict", "/v1/pending"):
                    body = requests.post(server.url + path, files={"file": photo.read_bytes()}, timeout=GENEROUS).json()
                    self.assertEqual((body["verdict"], body["code"]), (verdict, verdict), path)


if __name__ == "__main__":
    support.main()
