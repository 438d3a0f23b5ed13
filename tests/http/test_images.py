#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Photos in every way that clients send them, and what only looks like photos."""
import base64
import unittest
from concurrent.futures import ThreadPoolExecutor

import requests

import support
from support import ADA, PHOTOS, Server


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--queue", "1000")
        cls.url = cls.server.url + "/v1/predict"
        cls.photo = ADA.read_bytes()
        cls.text = base64.b64encode(cls.photo).decode()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        assert cls.server.process.returncode == 0, cls.server.log()

    def test_every_way_gives_the_same_answer(self):
        image = {"Content-Type": "image/jpeg"}
        broken_lines = "\r\n".join(self.text[i:i + 76] for i in range(0, len(self.text), 76))
        ways = {
            "multipart file": {"files": {"file": ("ada.jpg", self.photo, "image/jpeg")}},
            "multipart photo, no type": {"files": {"photo": ("ada.jpg", self.photo)}},
            "multipart with a field": {"files": {"file": self.photo}, "data": {"label": "Ada"}},
            "multipart of base64": {"files": {"photo": (None, self.text)}},
            "JSON": {"json": {"photo": self.text}},
            "JSON with a data URI": {"json": {"photo": "data:image/jpeg;base64," + self.text}},
            "JSON frame_data": {"json": {"frame_data": self.text, "frame_number": 1}},
            "JSON with line breaks": {"json": {"image": broken_lines}},
            "JSON without padding": {"json": {"photo": self.text.rstrip("=")}},
            "JSON of charset": {"data": '{"photo":"%s"}' % self.text,
                                "headers": {"Content-Type": "application/json; charset=utf-8"}},
            "JSON that curl calls a form": {"data": '{"photo":"%s"}' % self.text,
                                            "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            "form": {"data": {"photo": self.text}},
            "bare": {"data": self.photo, "headers": image},
            "octets": {"data": self.photo, "headers": {"Content-Type": "application/octet-stream"}},
        }
        answers = {}
        for way, arguments in ways.items():
            answer = requests.post(self.url, **arguments)
            self.assertEqual(answer.status_code, 200, way + answer.text)
            json = answer.json()
            answers[way] = (json["verdict"], json["sha256"], json["faces"][0]["label"], json["faces"][0]["distance"])
        self.assertEqual(len(set(answers.values())), 1, answers)
        self.assertEqual(answers["bare"][2], "ada")

    def test_refuses_with_a_code(self):
        boundary = {"Content-Type": "multipart/form-data; boundary=x"}
        json = {"Content-Type": "application/json"}
        table = {
            "no body": ({}, 422, "missing_photo"),
            "no photo": ({"json": {"user": 1}}, 422, "missing_photo"),
            "not base64": ({"json": {"photo": "§§§"}}, 400, "bad_base64"),
            "number": ({"json": {"photo": 7}}, 400, "bad_base64"),
            "object": ({"json": {"photo": {"a": 1}}}, 400, "bad_base64"),
            "data URI of text": ({"json": {"photo": "data:image/jpeg," + self.text}}, 400, "bad_base64"),
            "array": ({"json": [1]}, 400, "bad_json"),
            "cut JSON": ({"data": '{"photo":', "headers": json}, 400, "bad_json"),
            "nested JSON": ({"data": '{"a":' * 100_000, "headers": json}, 400, "bad_json"),
            "nested arrays": ({"data": '{"a":' + "[" * 40 + "]" * 40 + "}", "headers": json}, 400, "bad_json"),
            "two photos": ({"files": [("file", b"a"), ("file", b"b")]}, 400, "bad_form"),
            "no boundary": ({"data": "x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "bad_multipart"),
            "no closing boundary": ({"data": "--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc", "headers": boundary},
                                    400, "bad_multipart"),
            "parts without end": ({"data": "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 100, "headers": boundary},
                                  400, "bad_multipart"),
            "text": ({"data": "hello", "headers": {"Content-Type": "text/html"}}, 415, "unsupported_media_type"),
            "not an image": ({"files": {"file": b"hello"}}, 400, "unreadable"),
            "empty file": ({"files": {"file": b""}}, 400, "unreadable"),
        }
        for what, (arguments, status, code) in table.items():
            answer = requests.post(self.url, **arguments)
            self.assertEqual((answer.status_code, answer.json()["code"]), (status, code), what + answer.text)
            self.assertFalse(answer.json()["success"])

    def test_bombs_cost_nothing(self):
        for name in ("bomb.png", "bomb.jpg"):
            answer = requests.post(self.url, files={"file": (PHOTOS / name).read_bytes()})
            self.assertEqual((answer.status_code, answer.json()["code"]), (413, "too_many_pixels"), name)

    def test_damaged_photos_are_refused(self):
        for name in ("truncated.jpg", "truncated_header.jpg", "text_as.jpg", "zero_dimension.png"):
            answer = requests.post(self.url, files={"file": (PHOTOS / name).read_bytes()})
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "unreadable"), name)

    def test_answers_under_concurrency_equal_the_serial_ones(self):
        names = ["ada_held_out_1.jpg", "priya_held_out_1.jpg", "stranger_1.jpg", "nobody.jpg", "two_people.jpg"]
        photos = [(PHOTOS / name).read_bytes() for name in names]

        def ask(i):
            if i % 7 == 0:
                assert requests.get(self.server.url + "/healthz").status_code == 200
            answer = requests.post(self.url, files={"file": photos[i % len(photos)]})
            assert answer.status_code == 200, answer.text
            json = answer.json()
            del json["ms"], json["request_id"]
            return json

        serial = [ask(i) for i in range(len(photos))]
        with ThreadPoolExecutor(32) as pool:
            for i, answer in enumerate(pool.map(ask, range(100))):
                self.assertEqual(answer, serial[i % len(photos)])


if __name__ == "__main__":
    support.main()
