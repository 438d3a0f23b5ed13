#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may ask: tokens, JSON Web Tokens, and all the ways to forge them."""
import tempfile
import time
import unittest
from pathlib import Path

import requests

import support
from support import ADA, Server, new_workspace, start_fails
from tokens import b64, hs256, make_key, signed_by_key

SECRET = "correct-horse-battery-staple-0123456789"
NOW = int(time.time())
GOOD = {"sub": "ada-17", "role": "user", "exp": NOW + 3600}


def get(server: Server, token: str | None = None, header: str | None = None) -> requests.Response:
    """/metrics needs a user."""
    headers = {"Authorization": header or f"Bearer {token}"} if token is not None or header else {}
    return requests.get(server.url + "/metrics", headers=headers)


def words_of(answer: requests.Response) -> str:
    """All of it but hexadecimal digits, among which a name may stand by chance."""
    return str({name: value for name, value in answer.json().items() if name not in ("request_id", "sha256")})


class Jwt(unittest.TestCase):
    def test_hs256(self):
        with Server("--jwt-issuer", "mien-test", "--jwt-audience", "faces", env={"JWT_SECRET_KEY": SECRET}) as server:
            claims = {**GOOD, "iss": "mien-test", "aud": ["doors", "faces"]}
            self.assertEqual(get(server, hs256(claims, SECRET)).status_code, 200)
            self.assertEqual(get(server, header="bearer  " + hs256(claims, SECRET)).status_code, 200)
            self.assertEqual(get(server, hs256({**claims, "aud": "faces", "exp": NOW + 60.5}, SECRET)).status_code, 200)
            self.assertEqual(get(server, hs256({**claims, "sub": 17}, SECRET)).status_code, 200)

            good = hs256(claims, SECRET)
            head, payload, signature = good.split(".")
            none = b64({"alg": "none", "typ": "JWT"})
            hostile = {
                "no signature": f"{head}.{payload}.",
                "cut signature": good[:-4],
                "longer signature": good + "AAAA",
                "another signature": f"{head}.{payload}.{'A' * len(signature)}",
                "other claims": f"{head}.{b64({**claims, 'role': 'admin'})}.{signature}",
                "another secret": hs256(claims, SECRET + "x"),
                "empty secret": hs256(claims, ""),
                "alg none": f"{none}.{payload}.",
                "alg none with signature": f"{none}.{payload}.{signature}",
                "alg NoNe": f"{b64({'alg': 'NoNe'})}.{payload}.",
                "alg HS512": hs256(claims, SECRET, {"alg": "HS512", "typ": "JWT"}),
                "alg RS256": hs256(claims, SECRET, {"alg": "RS256", "typ": "JWT"}),
                "alg a number": hs256(claims, SECRET, {"alg": 7}),
                "no alg": hs256(claims, SECRET, {"typ": "JWT"}),
                "expired": hs256({**claims, "exp": NOW - 1}, SECRET),
                "expired long ago": hs256({**claims, "exp": 0}, SECRET),
                "not yet": hs256({**claims, "nbf": NOW + 1000}, SECRET),
                "no exp": hs256({k: v for k, v in claims.items() if k != "exp"}, SECRET),
                "exp a text": hs256({**claims, "exp": str(NOW + 3600)}, SECRET),
                "exp null": hs256({**claims, "exp": None}, SECRET),
                "exp endless": hs256({**claims, "exp": 1e30}, SECRET),
                "exp negative": hs256({**claims, "exp": -5}, SECRET),
                "nbf a text": hs256({**claims, "nbf": "now"}, SECRET),
                "crit": hs256(claims, SECRET, {"alg": "HS256", "crit": ["exp"], "exp": NOW}),
                "another issuer": hs256({**claims, "iss": "somebody"}, SECRET),
                "no audience": hs256({k: v for k, v in claims.items() if k != "aud"}, SECRET),
                "another audience": hs256({**claims, "aud": ["doors"]}, SECRET),
                "no sub": hs256({k: v for k, v in claims.items() if k != "sub"}, SECRET),
                "sub a list": hs256({**claims, "sub": ["ada"]}, SECRET),
                "no JSON": hs256("hello", SECRET),
                "claims a list": hs256("[1]", SECRET),
                "deep claims": hs256("[" * 5000, SECRET),
                "two parts": f"{head}.{payload}",
                "four parts": good + ".x",
                "padding": f"{head}=.{payload}.{signature}",
                "standard alphabet": good.replace(head, head[:-1] + "+"),
                "long": hs256({**claims, "x": "y" * 9000}, SECRET),
                "empty": "..",
                "words": "hello",
            }
            for what, token in hostile.items():
                answer = get(server, token)
                self.assertEqual(answer.status_code, 401, what)
                self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
                wanted = "token_without_sub" if what == "no sub" else "token_invalid"
                self.assertEqual(answer.json()["code"], wanted, what)
                self.assertNotIn(token[:40], answer.text)
            self.assertEqual(get(server).json()["code"], "token_missing")
            self.assertEqual(get(server, header="Basic YTpi").status_code, 401)
            everything = server.log() + str(server.access())
            self.assertNotIn(SECRET, everything)
            self.assertNotIn(payload, everything)

    def test_public_keys(self):
        with tempfile.TemporaryDirectory() as folder:
            for algorithm, kind in (("RS256", "RSA"), ("ES256", "P-256")):
                private, public = make_key(Path(folder), kind)
                other, _ = make_key(Path(folder), kind, "other-" + kind)
                with Server("--jwt-algorithm", algorithm, "--jwt-key-file", str(public)) as server:
                    good = signed_by_key(GOOD, private, algorithm)
                    self.assertEqual(get(server, good).status_code, 200)
                    head, payload, signature = good.split(".")
                    pem = public.read_bytes()
                    hostile = {
                        "another key": signed_by_key(GOOD, other, algorithm),
                        "the public key as a secret": hs256(GOOD, pem),
                        "the same with our alg": hs256(GOOD, pem, {"alg": algorithm}),
                        "none": f"{b64({'alg': 'none'})}.{payload}.",
                        "expired": signed_by_key({**GOOD, "exp": NOW - 5}, private, algorithm),
                        "other claims": f"{head}.{b64({**GOOD, 'role': 'admin'})}.{signature}",
                        "zeros": f"{head}.{payload}.{b64(bytes(64))}",
                        "short": f"{head}.{payload}.{b64(bytes(10))}",
                        "long": f"{head}.{payload}.{b64(bytes(1000))}",
                    }
                    for what, token in hostile.items():
                        self.assertEqual(get(server, token).status_code, 401, f"{algorithm} {what}")

    def test_weak_keys_do_not_start(self):
        with tempfile.TemporaryDirectory() as folder:
            rsa = make_key(Path(folder), "RSA-1024")[1]
            private, _ = make_key(Path(folder), "RSA")
            p384 = make_key(Path(folder), "P-384")[1]
            table = [
                (["--auth", "jwt"], {}, "needs a secret"),
                ([], {"JWT_SECRET_KEY": "short"}, "shorter than 32"),
                ([], {"JWT_SECRET_KEY": "a" * 40}, "again and again"),
                ([], {"JWT_SECRET_KEY": "your-secret-key-CHANGE_ME-in-production"}, "an example"),
                (["--jwt-algorithm", "RS256", "--jwt-key-file", str(rsa)], {}, "2048"),
                (["--jwt-algorithm", "RS256", "--jwt-key-file", str(private)], {}, "public key"),
                (["--jwt-algorithm", "RS256", "--jwt-key-file", str(p384)], {}, "no RSA key"),
                (["--jwt-algorithm", "ES256", "--jwt-key-file", str(p384)], {}, "P-256"),
                (["--jwt-algorithm", "none"], {"JWT_SECRET_KEY": SECRET}, "HS256, RS256 or ES256"),
                (["--jwt-key-file", "/nowhere/key"], {}, "/nowhere/key"),
                (["--auth", "token"], {}, "needs tokens"),
                ([], {"MIEN_TOKENS": "tiny"}, "shorter than 16"),
                ([], {"MIEN_TOKENS": "0123456789abcdef ada root"}, "neither user nor admin"),
                (["--host", "0.0.0.0"], {}, "--allow-unauthenticated"),
                (["--host", "::"], {}, "--allow-unauthenticated"),
            ]
            for arguments, env, words in table:
                status, said = start_fails(*arguments, env=env)
                self.assertIn(status, (2, 3), said)
                self.assertIn(words, said)
                for value in env.values():
                    if len(value) > 10:
                        self.assertNotIn(value, said)


class Others(unittest.TestCase):
    """What a user hears of other users."""

    def test_enrolling(self):
        def enroll(path, who, photo=ADA, role="user", **headers):
            token = hs256({**GOOD, "sub": who, "role": role}, SECRET)
            return requests.post(server.url + path, files={"file": photo.read_bytes()}, data={"user_id": who},
                                 headers={"Authorization": "Bearer " + token, **headers})

        with Server(env={"JWT_SECRET_KEY": SECRET}) as server:
            self.assertEqual(enroll("/ml/enroll-face", "ada-7").status_code, 200)
            answer = enroll("/ml/enroll-face", "bob", user_id="ada-7")
            self.assertEqual((answer.status_code, answer.json()["code"]), (403, "not_yours"))
            self.assertEqual(answer.json()["detail"], "Vous ne pouvez enregistrer que votre propre visage")
            self.assertEqual(answer.json()["message"], answer.json()["detail"])
            for path, words in (("/ml/enroll-face", "Cette photo est déjà enregistrée pour un autre utilisateur."),
                                ("/register-face", "This photo is already registered for another user")):
                answer = enroll(path, "bob")
                self.assertEqual((answer.status_code, answer.json()["code"]), (400, "other_person"), answer.text)
                self.assertEqual((answer.json()["message"], answer.json()["detail"]), (words, words))
                self.assertNotIn("ada", words_of(answer))
            other = ADA.with_name("ada_held_out_2.jpg")
            answer = enroll("/ml/enroll-face", "bob", other)
            self.assertEqual(answer.status_code, 200)
            self.assertNotIn("ada", words_of(answer))
            answer = enroll("/ml/enroll-face", "carl", ADA.with_name("liam_held_out_1.jpg"), role="admin")
            self.assertEqual(answer.json()["also_known_as"], "liam")


class Tokens(unittest.TestCase):
    def test_list(self):
        workspace = new_workspace()
        file = workspace / "tokens"
        file.write_text("# who\n0123456789abcdef-ada ada\n\n0123456789abcdef-bob bob admin # the boss\n", encoding="utf-8")
        with Server("--token-file", str(file), env={"MIEN_TOKENS": "0123456789abcdef-env"}, workspace=workspace) as server:
            for token in ("0123456789abcdef-ada", "0123456789abcdef-bob", "0123456789abcdef-env"):
                self.assertEqual(get(server, token).status_code, 200)
            for token in ("0123456789abcdef-ad", "0123456789abcdef-adaa", "", "0123456789ABCDEF-ada"):
                self.assertEqual(get(server, token).status_code, 401)
            # verifying is open unless asked otherwise; a bad token counts as none there
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                answer = requests.post(server.url + "/v1/predict", files={"file": ADA.read_bytes()}, headers=headers)
                self.assertEqual(answer.status_code, 200)
            self.assertNotIn("0123456789abcdef", server.log() + str(server.access()))

    def test_auth_verify(self):
        with Server("--auth-verify", env={"MIEN_TOKENS": "0123456789abcdef"}) as server:
            send = {"file": ADA.read_bytes()}
            self.assertEqual(requests.post(server.url + "/v1/predict", files=send).status_code, 401)
            answer = requests.post(server.url + "/v1/predict", files=send, headers={"Authorization": "Bearer 0123456789abcdef"})
            self.assertEqual(answer.status_code, 200)

    def test_open_addresses_need_a_word(self):
        with Server("--host", "0.0.0.0", "--allow-unauthenticated") as server:
            self.assertTrue(server.url.startswith("http://0.0.0.0:"))


if __name__ == "__main__":
    support.main()
