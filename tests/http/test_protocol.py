#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP/1.1 as clients speak it, and as those speak it who mean harm."""
import base64
import contextlib
import gzip
import json
import resource
import socket
import struct
import time
import unittest

import requests

import support
from support import ADA, Server, read_all, read_answer

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--header-timeout", "1s", "--body-timeout", "2s", "--max-body", "1M")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        assert cls.server.process.returncode == 0, cls.server.log()

    def status(self, sent: bytes) -> int:
        return status_of(self.server.talk(sent))

    def test_keeps_the_connection(self):
        with requests.Session() as session:
            ids = {session.get(self.server.url + "/healthz").json()["request_id"] for _ in range(20)}
        self.assertEqual(len(ids), 20)
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            for _ in range(3):
                connection.sendall(GET)
                self.assertEqual(read_answer(stream)[0], 200)

    def test_answers_pipelined_requests_in_order(self):
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(GET + b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            self.assertEqual([read_answer(stream)[0] for _ in range(3)], [200, 404, 200])

    def test_closes_when_asked(self):
        answer = self.server.talk(GET.replace(b"Host: a", b"Host: a\r\nConnection: close"))
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(status_of(answer), 200)

    def test_speaks_with_old_clients(self):
        answer = self.server.talk(b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertEqual(status_of(answer), 200)
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            status, fields, _ = read_answer(stream)
            self.assertEqual((status, fields["connection"]), (200, "keep-alive"))
            connection.sendall(GET)
            self.assertEqual(read_answer(stream)[0], 200)

    def test_head_has_no_body(self):
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(GET.replace(b"GET", b"HEAD") + GET)
            line = stream.readline()
            self.assertIn(b" 200 ", line)
            length = 0
            while (field := stream.readline().strip()):
                if field.lower().startswith(b"content-length:"):
                    length = int(field.split(b":")[1])
            self.assertGreater(length, 0)
            self.assertEqual(read_answer(stream)[0], 200)

    def test_takes_the_absolute_form(self):
        self.assertEqual(self.status(b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200)

    def test_says_which_methods_there_are(self):
        answer = requests.delete(self.server.url + "/healthz")
        self.assertEqual((answer.status_code, answer.headers["Allow"]), (405, "GET, HEAD, OPTIONS"))
        answer = requests.options(self.server.url + "/healthz")
        self.assertEqual((answer.status_code, answer.headers["Allow"]), (204, "GET, HEAD, OPTIONS"))

    def test_says_what_it_can_do_anywhere(self):
        answer = self.server.talk(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(status_of(answer), 204)
        self.assertIn(b"\r\nAllow: DELETE, GET, HEAD, OPTIONS, POST, PUT\r\n", answer)
        self.assertEqual(self.status(b"GET * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 400)

    def test_bodies_come_as_they_are(self):
        url, photo = self.server.url + "/v1/predict", ADA.read_bytes()
        for body, coding in ((gzip.compress(photo), "gzip"), (photo, "deflate"), (photo, "identity, br"), (b"\x1f\x8b", "x-gzip")):
            answer = requests.post(url, data=body, headers={"Content-Type": "image/jpeg", "Content-Encoding": coding})
            self.assertEqual((answer.status_code, answer.json()["code"]), (415, "unsupported_encoding"), coding)
            self.assertEqual(answer.headers["Accept-Encoding"], "identity")
        chunked = requests.post(url, data=iter([gzip.compress(photo)]), headers={"Content-Type": "image/jpeg", "Content-Encoding": "gzip"})
        self.assertEqual(chunked.status_code, 415)
        for coding in ("identity", "Identity", ""):
            answer = requests.post(url, data=photo, headers={"Content-Type": "image/jpeg", "Content-Encoding": coding})
            self.assertEqual(answer.status_code, 200, coding)
        self.assertEqual(requests.get(self.server.url + "/healthz", headers={"Content-Encoding": "gzip"}).status_code, 200)

    def test_broken_percent_signs(self):
        for target, words in (("/register-face?user_id=%zz", "the query has a % without two hexadecimal digits behind it"),
                              ("/register-face?user_id=%", "the query has a %"), ("/face/%zz", "the path has a %")):
            answer = self.server.talk(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            self.assertEqual(status_of(answer), 400, target)
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            self.assertEqual((body["success"], body["code"]), (False, "bad_target"))
            self.assertIn(words, body["message"])

    def test_fields_that_contradict_each_other(self):
        url, photo = self.server.url + "/register-face", ADA.with_name("stranger_1.jpg").read_bytes()
        text = base64.b64encode(photo).decode()
        image = {"Content-Type": "image/jpeg"}
        refused = [
            requests.post(url, json={"user_id": 7, "user-id": 8, "photo": text}),
            requests.post(url, files={"photo": photo}, data={"user_id": "7", "user-id": "8"}),
            requests.post(url, data={"user_id": "7", "user-id": "8", "photo": text}),
            requests.post(url + "?user_id=7&user-id=8", data=photo, headers=image),
            requests.post(url + "?user_id=8", json={"user_id": 7, "photo": text}),
        ]
        enrol, bearer = self.server.url + "/ml/enroll-face", {"Authorization": "Bearer x"}
        refused.append(requests.post(enrol, files={"file": photo}, headers={"user_id": "a", "user-id": "b", **bearer}))
        for answer in refused:
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "conflicting_fields"), answer.text)
            self.assertIn("more than once", answer.json()["message"])
        self.assertEqual(requests.get(self.server.url + "/status/7").json()["registered"], False)
        for answer in (requests.post(url + "?user_id=7", json={"user_id": 7, "user-id": 7, "photo": text}),
                       requests.post(enrol, files={"file": photo}, headers={"user_id": "7", "user-id": "7", **bearer})):
            self.assertEqual(answer.status_code, 200, answer.text)

    def test_json_of_other_editors_and_of_enemies(self):
        url, text = self.server.url + "/recognize", base64.b64encode(ADA.read_bytes()).decode()
        marked = requests.post(url, data=b"\xef\xbb\xbf" + json.dumps({"photo": text}).encode(),
                               headers={"Content-Type": "application/json"})
        self.assertEqual((marked.status_code, marked.json()["user_id"]), (200, "ada"))
        for deep in ("[" * 40 + "]" * 40, "[" * 400_000, '{"a":' * 100_000):
            answer = requests.post(url, data='{"photo":"AAAA","x":' + deep + "}", headers={"Content-Type": "application/json"})
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "bad_json"))

    def test_unknown_paths(self):
        for path in ("/nothing", "/healthz/x", "/v1", "/%2e%2e/etc/passwd", "/healthz%00", "/%ff", "/a%zz"):
            answer = requests.get(self.server.url + path)
            self.assertIn(answer.status_code, (400, 404), path)
            self.assertTrue(answer.text.startswith('{"success":false,"message":'), answer.text)
            self.assertEqual(answer.json()["request_id"], answer.headers["X-Request-Id"])

    def test_refuses_what_is_not_http(self):
        close = b"Connection: close\r\n"
        table = {
            b"GET /healthz HTTP/1.1\r\n" + close + b"\r\n": 400,  # no Host
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + close + b"\r\n": 400,
            b"GET /healthz HTTP/1.1\r\nHost : a\r\n" + close + b"\r\n": 400,
            b"GET /healthz HTTP/1.1\nHost: a\n\n": 505,  # the bare line feed is read as part of the version
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n": 400,
            b"GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n": 505,
            b"GET healthz HTTP/1.1\r\nHost: a\r\n" + close + b"\r\n": 400,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n": 400,  # TLS to a plain port
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n": 400,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx": 417,
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n": 400,
        }
        for sent, wanted in table.items():
            self.assertEqual(self.status(sent), wanted, sent)

    def test_limits_headers(self):
        flood = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(1000))
        self.assertEqual(self.status(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + flood + b"\r\n"), 431)
        self.assertEqual(self.status(b"GET /" + b"a" * 30_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"), 431)
        almost = b"X: " + b"y" * 18_000 + b"\r\n"
        self.assertEqual(self.status(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + almost + b"\r\n"), 200)

    def test_limits_bodies(self):
        image = {"Content-Type": "image/jpeg"}
        answer = requests.post(self.server.url + "/v1/predict", data=b"\0" * 3_000_000, headers=image)
        self.assertEqual((answer.status_code, answer.json()["code"]), (413, "body_too_large"))

        def chunks():
            for _ in range(300):
                yield b"\0" * 10_000

        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n")
            sent = 0
            try:
                for chunk in chunks():
                    connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    sent += len(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(read_answer(stream)[0], 413)
        # routes without a photo take little
        self.assertEqual(self.status(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n"), 413)

    def test_takes_chunks(self):
        photo = ADA.read_bytes()

        def blocks():
            for at in range(0, len(photo), 1000):
                yield photo[at:at + 1000]

        answer = requests.post(self.server.url + "/v1/predict", data=blocks(), headers={"Content-Type": "image/jpeg"})
        self.assertEqual(answer.json()["faces"][0]["label"], "ada")

    def test_trailers_change_nothing(self):
        photo = ADA.read_bytes()
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nContent-Type: text/html\r\n\r\n"
                               % (len(photo), photo))
            self.assertEqual(read_answer(stream)[0], 200)

    def test_invites_the_body_that_waits(self):
        photo = ADA.read_bytes()
        head = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n"
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(photo))
            self.assertEqual(read_answer(stream)[0], 100)
            connection.sendall(photo)
            self.assertEqual(read_answer(stream)[0], 200)
        with self.server.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(head + b"Content-Length: 2000000\r\n\r\n")
            self.assertEqual(read_answer(stream)[0], 413)

    def test_closes_on_slow_headers_and_bodies(self):
        for sent, drip, least, most in ((b"GET /healthz HTTP/1.1\r\n", b"X", 0.8, 5),
                                        (b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"x", 1.6, 8)):
            start = time.monotonic()
            with self.server.connect() as connection:
                connection.sendall(sent)
                connection.settimeout(0.1)
                received = b""
                while time.monotonic() - start < support.GENEROUS:
                    try:
                        connection.sendall(drip)
                        block = connection.recv(4096)
                    except TimeoutError:
                        continue
                    except (BrokenPipeError, ConnectionResetError):
                        break
                    received += block
                    if not block:
                        break
            took = time.monotonic() - start
            self.assertGreater(took, least)
            self.assertLess(took, most + 10)
            self.assertEqual(status_of(received), 408)

    def test_half_sent_bodies_and_idle_connections_stop_nobody(self):
        held = []
        for _ in range(50):
            connection = self.server.connect()
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf")
            held.append(connection)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        for _ in range(1000):
            held.append(self.server.connect())
        try:
            self.assertEqual(requests.get(self.server.url + "/healthz", timeout=5).status_code, 200)
            answer = requests.post(self.server.url + "/v1/predict", files={"file": ADA.read_bytes()}, timeout=30)
            self.assertEqual(answer.json()["verdict"], "known")
        finally:
            for connection in held:
                connection.close()

    def test_survives_clients_that_leave(self):
        for _ in range(20):
            connection = self.server.connect()
            photo = ADA.read_bytes()
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                               % len(photo) + photo)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()  # a reset, with the answer still to come

        def answered():
            return requests.post(self.server.url + "/v1/predict", files={"file": ADA.read_bytes()}).status_code == 200

        self.assertTrue(support.eventually(answered))

    def test_no_header_is_smuggled_by_an_echoed_value(self):
        answer = requests.get(self.server.url + "/healthz", headers={"X-Request-Id": "a" * 65})
        self.assertNotEqual(answer.headers["X-Request-Id"], "a" * 65)
        answer = requests.get(self.server.url + "/healthz", headers={"X-Request-Id": "order-17.a"})
        self.assertEqual(answer.json()["request_id"], "order-17.a")


class Limits(unittest.TestCase):
    def test_limits_connections(self):
        def status_on(connection: socket.socket) -> int:
            connection.sendall(GET)
            with connection.makefile("rb") as stream:
                return read_answer(stream)[0]

        with Server("--max-connections", "5") as server, contextlib.ExitStack() as held:
            # Those that asked whether the server is ready may still be on their way out.
            self.assertTrue(support.eventually(
                lambda: "mien_http_connections 1\n" in requests.get(server.url + "/metrics").text))  # who asks
            for _ in range(5):
                self.assertEqual(status_on(held.enter_context(server.connect())), 200)
            with server.connect() as one_more:
                answer = read_all(one_more)
            self.assertEqual(status_of(answer), 503)
            head, _, text = answer.partition(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self.assertEqual((fields[b"Retry-After"], fields[b"Connection"]), (b"1", b"close"))
            self.assertEqual(int(fields[b"Content-Length"]), len(text))
            body = json.loads(text)
            self.assertEqual((body["success"], body["code"], body["request_id"]),
                             (False, "too_many_connections", fields[b"X-Request-Id"].decode()))
            self.assertIn("too many connections", body["message"])
            # Also to somebody who had said something already.
            with self.assertRaises(requests.HTTPError) as refused:
                requests.get(server.url + "/healthz").raise_for_status()
            self.assertEqual(refused.exception.response.json()["code"], "too_many_connections")
            self.assertEqual(server.access()[-1]["status"], 503)
            held.close()
            self.assertTrue(support.eventually(lambda: status_of(server.talk(
                GET.replace(b"Host: a", b"Host: a\r\nConnection: close"))) == 200))

    def test_limits_memory_of_bodies(self):
        with Server("--max-body-memory", "300K", "--max-body", "1M") as server:
            with server.connect() as connection, connection.makefile("rb") as stream:
                connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n"
                                   b"Content-Length: 900000\r\n\r\n")
                connection.sendall(b"\0" * 400_000)
                status, fields, _ = read_answer(stream)
                self.assertEqual((status, fields["retry-after"]), (503, "1"))
            # What the refused body took is free again once its connection is gone.
            self.assertTrue(support.eventually(lambda: requests.post(
                server.url + "/v1/predict", files={"file": ADA.read_bytes()}).status_code == 200))

    def test_idle_connections_end(self):
        with Server("--idle-timeout", "500ms") as server, server.connect() as connection:
            connection.sendall(GET)
            start = time.monotonic()
            read_all(connection)
            self.assertGreater(time.monotonic() - start, 0.4)


if __name__ == "__main__":
    support.main()
