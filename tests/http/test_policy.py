#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CORS, rates, a full queue, traces, figures, and a log that keeps secrets."""
import re
import threading
import unittest

import requests

import support
from support import ADA, PHOTOS, Server, workspace_with_photos

ORIGIN = "https://door.example"


class Cors(unittest.TestCase):
    def test_configured_origins(self):
        with Server(env={"ALLOWED_ORIGINS": f"{ORIGIN}, https://b.example"}) as server:
            url = server.url + "/v1/predict"
            answer = requests.get(server.url + "/healthz", headers={"Origin": ORIGIN})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], ORIGIN)
            self.assertEqual(answer.headers["Vary"], "Origin")
            answer = requests.get(server.url + "/healthz", headers={"Origin": "https://evil.example"})
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
            ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,user-id"}
            answer = requests.options(url, headers={"Origin": ORIGIN, **ask})
            self.assertEqual(answer.status_code, 204)
            self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
            self.assertEqual(answer.headers["Access-Control-Allow-Headers"], "authorization,user-id")
            answer = requests.options(url, headers={"Origin": ORIGIN, **ask, "Access-Control-Request-Headers": "x-own, traceparent"})
            self.assertEqual(answer.headers["Access-Control-Allow-Headers"], "x-own, traceparent")
            answer = requests.options(url, headers={"Origin": "https://evil.example", **ask})
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
            # refusals carry it too, else pages cannot read them
            answer = requests.post(url, headers={"Origin": ORIGIN})
            self.assertEqual((answer.status_code, answer.headers["Access-Control-Allow-Origin"]), (422, ORIGIN))

    def test_all_and_none(self):
        with Server("--allowed-origins", "*") as server:
            answer = requests.get(server.url + "/healthz", headers={"Origin": ORIGIN})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertNotIn("Access-Control-Allow-Credentials", answer.headers)
        with Server() as server:
            answer = requests.get(server.url + "/healthz", headers={"Origin": ORIGIN})
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)


class Rates(unittest.TestCase):
    def test_each_client_has_its_own_bucket(self):
        with Server("--rate-limit-verify", "3/min", "--trusted-proxies", "127.0.0.1,10.0.0.0/8", rates=True) as server:
            def ask(forwarded=None):
                headers = {"X-Forwarded-For": forwarded} if forwarded else {}
                return requests.post(server.url + "/v1/predict", headers=headers)

            self.assertEqual([ask("192.0.2.1").status_code for _ in range(4)], [422, 422, 422, 429])
            answer = ask("192.0.2.1")
            self.assertEqual(answer.json()["code"], "rate_limited")
            self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 20)
            self.assertEqual(ask("192.0.2.2").status_code, 422)
            # what the client itself wrote in front of its address does not make it another one
            self.assertEqual(ask("198.51.100.7, 192.0.2.1").status_code, 429)
            self.assertEqual(ask("192.0.2.1, 10.1.2.3").status_code, 429)
            self.assertEqual(requests.get(server.url + "/healthz").status_code, 200)

    def test_strangers_cannot_say_who_they_are(self):
        with Server("--rate-limit", "2/min", rates=True) as server:
            statuses = [requests.post(server.url + "/v1/predict", headers={"X-Forwarded-For": f"192.0.2.{i}"}).status_code
                        for i in range(4)]
            self.assertEqual(statuses, [422, 422, 429, 429])

    def test_the_default_is_ten_a_minute(self):
        with Server(rates=True) as server:
            statuses = [requests.post(server.url + "/v1/predict").status_code for _ in range(12)]
            self.assertEqual(statuses, [422] * 10 + [429] * 2)


class Crowds(unittest.TestCase):
    def test_a_full_queue_says_so_at_once(self):
        with Server("--workers", "1", "--queue", "1") as server:
            photo = (PHOTOS / "group.jpg").read_bytes()
            statuses = []
            retry = []

            def ask():
                answer = requests.post(server.url + "/v1/predict", files={"file": photo})
                statuses.append(answer.status_code)
                if answer.status_code == 503:
                    retry.append(answer.headers["Retry-After"])
                    assert answer.json()["code"] == "queue_full", answer.text

            threads = [threading.Thread(target=ask) for _ in range(30)]
            for thread in threads:
                thread.start()
            self.assertLess(requests.get(server.url + "/healthz").elapsed.total_seconds(), 10)
            for thread in threads:
                thread.join()
            self.assertEqual(set(statuses), {200, 503})
            self.assertGreaterEqual(statuses.count(200), 2)
            self.assertEqual(len(retry), statuses.count(503))
            text = requests.get(server.url + "/metrics").text
            self.assertIn(f'mien_http_refusals_total{{reason="queue_full"}} {statuses.count(503)}', text)

    def test_waiting_too_long_in_the_queue(self):
        with Server("--workers", "1", "--queue", "100", "--request-timeout", "1ms") as server:
            photo = (PHOTOS / "group.jpg").read_bytes()
            codes = []
            threads = [threading.Thread(target=lambda: codes.append(
                requests.post(server.url + "/v1/predict", files={"file": photo}).status_code)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertIn(503, codes)


class Telling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        assert cls.server.process.returncode == 0, cls.server.log()

    def test_traces(self):
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        answer = requests.get(self.server.url + "/healthz", headers={"traceparent": trace})
        self.assertEqual(answer.headers["traceparent"], trace)
        line = [line for line in self.server.access() if line.get("traceparent") == trace]
        self.assertEqual(line[0]["request_id"], answer.json()["request_id"])
        self.assertNotIn("tracestate", answer.headers)
        answer = requests.get(self.server.url + "/healthz", headers={"traceparent": trace, "tracestate": "a=1, b@c=x"})
        self.assertEqual((answer.headers["traceparent"], answer.headers["tracestate"]), (trace, "a=1,b@c=x"))
        self.assertEqual(self.server.access()[-1]["tracestate"], "a=1,b@c=x")
        later = requests.get(self.server.url + "/healthz", headers={"traceparent": "01" + trace[2:] + "-extra"})
        self.assertEqual(later.headers["traceparent"], trace)
        for bad in ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", trace.upper(), trace + "-x", "ff" + trace[2:], "hello"):
            answer = requests.get(self.server.url + "/healthz", headers={"traceparent": bad, "tracestate": "a=1"})
            self.assertRegex(answer.headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", bad)
            self.assertNotIn(answer.headers["traceparent"][3:35], bad)
            self.assertNotIn("tracestate", answer.headers)
        self.assertNotIn("traceparent", requests.get(self.server.url + "/healthz", headers={"tracestate": "a=1"}).headers)

    def test_the_log_has_a_line_for_each_and_no_secrets(self):
        secret = "very-secret-token-value"
        answer = requests.post(self.server.url + f"/v1/predict?key={secret}", files={"file": ADA.read_bytes()},
                               headers={"Authorization": f"Bearer {secret}", "Cookie": secret, "X-Thing": secret})
        line = [line for line in self.server.access() if line["request_id"] == answer.json()["request_id"]][0]
        self.assertEqual((line["method"], line["path"], line["route"], line["status"], line["client"]),
                         ("POST", "/v1/predict", "/v1/predict", 200, "127.0.0.1"))
        self.assertGreater(line["bytes_in"], ADA.stat().st_size)
        self.assertEqual(line["bytes_out"], len(answer.content))
        self.assertGreater(line["ms"], 0)
        text = self.server.access_path.read_text(encoding="utf-8") + self.server.log()
        self.assertNotIn(secret, text)
        requests.get(self.server.url + "/a%0Ab%22")  # no line can be forged
        self.assertEqual(len(self.server.access_path.read_bytes().splitlines()), len(self.server.access()))

    def test_figures(self):
        requests.post(self.server.url + "/v1/predict", files={"file": ADA.read_bytes()})
        requests.get(self.server.url + "/no/such/path")
        answer = requests.get(self.server.url + "/metrics")
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        figures = {}
        for line in answer.text.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [-+.0-9einfNa]+$')
                name, _, value = line.rpartition(" ")
                figures[name] = float(value)
        self.assertGreaterEqual(figures['mien_http_requests_total{method="POST",route="/v1/predict",status="200"}'], 1)
        self.assertGreaterEqual(figures['mien_verdicts_total{verdict="known"}'], 1)
        for stage in ("decode", "detect", "encode", "match", "queue"):
            self.assertGreaterEqual(figures[f'mien_stage_seconds_count{{stage="{stage}"}}'], 1, stage)
        self.assertEqual(figures["mien_gallery_people"], 17)
        self.assertEqual(figures["mien_workers"], 2)
        self.assertEqual(figures["mien_ready"], 1)
        self.assertGreater(figures["process_resident_memory_bytes"], 1e6)
        self.assertGreater(figures["process_cpu_seconds_total"], 0)
        for name in ("cpu", "memory", "disk"):
            self.assertTrue(0 <= figures[f"mien_machine_{name}_percent"] <= 100)
        self.assertFalse([name for name in figures if "/no/such" in name])

    def test_what_happened_is_counted_by_its_code(self):
        def enroll(photo):
            requests.post(server.url + "/ml/enroll-face", files={"file": (PHOTOS / photo).read_bytes()},
                          headers={"user_id": "eva", "Authorization": "Bearer x"})

        with Server(workspace=workspace_with_photos()) as server:
            for photo in ("stranger_1.jpg", "stranger_1.jpg", "stranger_2.jpg", "nobody.jpg", "text_as.jpg"):
                enroll(photo)
            requests.post(server.url + "/api/v1/system/train-model", json={})
            for _ in range(3):
                requests.get(server.url + "/v1/pending")
            text = requests.get(server.url + "/metrics").text
        for line in ('mien_enrolments_total{outcome="enrolled"} 2', 'mien_enrolments_total{outcome="already"} 1',
                     'mien_enrolments_total{outcome="no_face"} 1', 'mien_enrolments_total{outcome="unreadable"} 1',
                     'mien_http_refusals_total{reason="no_face"} 1', 'mien_http_refusals_total{reason="unreadable"} 1',
                     'mien_cache_lookups_total{cache="photos",result="hit"} 73', 'mien_cache_lookups_total{cache="inbox",result="hit"} 2',
                     'mien_cache_lookups_total{cache="inbox",result="miss"} 1'):
            self.assertIn(line + "\n", text)

    def test_figures_have_their_types(self):
        answer = requests.get(self.server.url + "/metrics")
        self.assertTrue(re.search(r"# TYPE mien_stage_seconds histogram", answer.text))


if __name__ == "__main__":
    support.main()
