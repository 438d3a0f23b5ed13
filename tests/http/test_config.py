#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which setting wins, what it was called before, and what stops the start."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import support


class Config(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.workspace = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def run_print(self, *arguments: str, toml: str | None = None, dotenv: str | None = None, **env: str):
        for name, text in (("mien.toml", toml), (".env", dotenv)):
            (self.workspace / name).unlink(missing_ok=True)
            if text is not None:
                (self.workspace / name).write_text(text, encoding="utf-8")
        return subprocess.run([support.MIEN, "serve", "--print-config", "--workspace", self.folder.name, *arguments],
                              env={"HOME": self.folder.name, "PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True,
                              timeout=support.GENEROUS, check=False)

    def config(self, *arguments: str, **more) -> dict[str, tuple]:
        done = self.run_print("--json", *arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return {each["name"]: (each["value"], each["source"]) for each in json.loads(done.stdout)}

    def refused(self, *arguments: str, **more) -> str:
        done = self.run_print(*arguments, **more)
        self.assertEqual(done.returncode, 2, done.stdout)
        return done.stderr

    def test_defaults(self):
        config = self.config()
        self.assertEqual(config["port"], (["8000", "5000"], "default"))
        self.assertEqual(config["host"], (["127.0.0.1"], "default"))
        self.assertEqual(config["auth"], ("none", "default"))
        self.assertEqual(config["rate-limit-verify"], ("10/min", "default"))
        self.assertEqual(config["max-per-person"], ("5", "default"))
        self.assertEqual(config["tolerance"], (None, "default"))

    def test_the_first_that_speaks_wins(self):
        toml = '[serve]\nmax-body = "4M"\nport = [1, 2]\n\n[other]\nthing = 1\n'
        dotenv = "MIEN_MAX_BODY=5M\nMIEN_QUEUE=7\nAPI_PORT=9\n"
        self.assertEqual(self.config("--max-body", "2M", toml=toml, dotenv=dotenv, MIEN_MAX_BODY="3M")["max-body"],
                         (str(2 << 20), "--max-body"))
        self.assertEqual(self.config(toml=toml, dotenv=dotenv, MIEN_MAX_BODY="3M")["max-body"], (str(3 << 20), "MIEN_MAX_BODY"))
        config = self.config(toml=toml, dotenv=dotenv, API_PORT="8")
        self.assertEqual(config["max-body"], (str(4 << 20), "mien.toml"))
        self.assertEqual(config["port"], (["1", "2"], "mien.toml"))
        self.assertEqual(config["queue"], ("7", ".env: MIEN_QUEUE"))
        config = self.config(dotenv=dotenv)
        self.assertEqual(config["max-body"], (str(5 << 20), ".env: MIEN_MAX_BODY"))
        self.assertEqual(config["port"], (["9"], ".env: API_PORT"))
        self.assertEqual(self.config(dotenv=dotenv, API_PORT="8")["port"], (["8"], "API_PORT"))
        self.assertEqual(self.config(MIEN_MAX_BODY="")["max-body"][1], "default")

    def test_the_old_names(self):
        table = {
            ("FACE_RECOGNITION_TOLERANCE", "0.5"): ("tolerance", "dlib:0.5"),
            ("FACE_RECOGNITION_THRESHOLD", "0.6"): ("tolerance", "dlib:0.6"),
            ("RECOGNITION_TOLERANCE", "0.55"): ("tolerance", "dlib:0.55"),
            ("RECOGNITION_THRESHOLD", "0.4"): ("tolerance", "similarity:0.4"),
            ("MAX_FACE_ENCODINGS_PER_USER", "3"): ("max-per-person", "3"),
            ("MAX_ENCODINGS_PER_USER", "4"): ("max-per-person", "4"),
            ("MAX_FACES_PER_USER", "6"): ("max-per-person", "6"),
            ("API_HOST", "::1"): ("host", ["::1"]),
            ("FLASK_HOST", "localhost"): ("host", ["localhost"]),
            ("API_PORT", "8001"): ("port", ["8001"]),
            ("FLASK_PORT", "5001"): ("port", ["5001"]),
            ("JWT_ALGORITHM", "HS256"): ("jwt-algorithm", "HS256"),
            ("ALLOWED_ORIGINS", "https://a.example, https://b.example"): ("allowed-origins", ["https://a.example", "https://b.example"]),
            ("LOG_LEVEL", "WARNING"): ("log-level", "warning"),
            ("ENVIRONMENT", "production"): ("environment", "production"),
            ("FACE_QUALITY_THRESHOLD", "0.8"): ("quality-threshold", "0.8"),
            ("SVM_C", "10"): ("svm-c", "10"),
            ("SVM_GAMMA", "0.1"): ("svm-gamma", "0.1"),
            ("SVM_KERNEL", "rbf"): ("svm-kernel", "rbf"),
            ("AUGMENTATION_COUNT", "5"): ("augmentation-count", "5"),
        }
        for (variable, value), (name, wanted) in table.items():
            self.assertEqual(self.config(**{variable: value})[name], (wanted, variable))
        config = self.config(JWT_SECRET_KEY="0123456789abcdef0123456789abcdef")
        self.assertEqual(config["jwt-secret"], ("********", "JWT_SECRET_KEY"))
        self.assertEqual(config["auth"], ("jwt", "because of JWT_SECRET_KEY"))
        self.assertEqual(self.config(API_PORT="8001", FLASK_PORT="5001")["port"], (["8001", "5001"], "API_PORT, FLASK_PORT"))

    def test_names_that_disagree(self):
        said = self.refused(FACE_RECOGNITION_TOLERANCE="0.6", RECOGNITION_TOLERANCE="0.5")
        self.assertIn("FACE_RECOGNITION_TOLERANCE", said)
        self.assertIn("RECOGNITION_TOLERANCE", said.replace("FACE_RECOGNITION_TOLERANCE", ""))
        said = self.refused(MAX_FACES_PER_USER="5", dotenv="MAX_ENCODINGS_PER_USER=6\n")
        self.assertIn("MAX_FACES_PER_USER", said)
        self.assertIn(".env: MAX_ENCODINGS_PER_USER", said)
        self.refused(API_HOST="127.0.0.1", FLASK_HOST="0.0.0.0")
        self.refused(RECOGNITION_TOLERANCE="0.6", RECOGNITION_THRESHOLD="0.6")
        # the same on both scales, and said in our own words, is no quarrel
        self.config(RECOGNITION_TOLERANCE="0.6", RECOGNITION_THRESHOLD="0.5")
        self.config(FACE_RECOGNITION_TOLERANCE="0.60", RECOGNITION_TOLERANCE="0.6")
        self.config("--tolerance", "0.4", FACE_RECOGNITION_TOLERANCE="0.6", RECOGNITION_TOLERANCE="0.5")

    def test_nonsense_is_named_with_its_source(self):
        table = [
            ((), {"MIEN_PORT": "http"}, ("port", "'http'", "MIEN_PORT")),
            ((), {"MIEN_PORT": "70000"}, ("port", "65535")),
            ((), {"FACE_RECOGNITION_TOLERANCE": "strict"}, ("tolerance", "FACE_RECOGNITION_TOLERANCE")),
            ((), {"RECOGNITION_THRESHOLD": "1.5"}, ("tolerance", "between 0 and 1")),
            (("--auth", "password"), {}, ("auth", "none, token, jwt", "--auth")),
            (("--max-body", "lots"), {}, ("max-body", "lots")),
            (("--header-timeout", "0"), {}, ("header-timeout",)),
            ((), {"AUGMENTATION_COUNT": "101"}, ("augmentation-count", "AUGMENTATION_COUNT", "between 0 and 100")),
            (("--rate-limit", "10/fortnight"), {}, ("rate-limit", "10/min")),
            ((), {"MIEN_COMPAT": "perhaps"}, ("compat", "true or false")),
            (("--tls-cert", "a.pem"), {}, ("--tls-key",)),
            ((), {"toml": "[serve]\nprot = 1\n"}, ("mien.toml", "prot", "no such setting")),
            ((), {"toml": "[serve\n"}, ("mien.toml", "line 1")),
            ((), {"toml": "serve = 1\n"}, ("mien.toml", "[serve]")),
            ((), {"toml": "[serve]\nport = { a = 1 }\n"}, ("mien.toml", "port")),
            ((), {"toml": "[serve]\nport = " + "[" * 400 + "]" * 400 + "\n"}, ("mien.toml",)),
            ((), {"dotenv": "A=1\nwhat is this\n"}, (".env", "line 2")),
            ((), {"dotenv": "A='open\n"}, (".env", "line 1")),
            (("--config", "/nowhere/mien.toml"), {}, ("/nowhere/mien.toml",)),
        ]
        for arguments, more, words in table:
            done = self.run_print(*arguments, **more)
            self.assertIn(done.returncode, (2, 3), f"{arguments} {more}: {done.stdout}")
            for word in words:
                self.assertIn(word, done.stderr, f"{arguments} {more}")

    def test_secrets_are_masked(self):
        secret = "0123456789abcdef0123456789abcdef"
        for arguments in ((), ("--json",)):
            done = self.run_print(*arguments, MIEN_TOKENS=secret, JWT_SECRET_KEY=secret + "x")
            self.assertEqual(done.returncode, 0)
            self.assertNotIn(secret, done.stdout + done.stderr)
        done = self.run_print(MIEN_JWT_SECRET=secret, MIEN_JWT_ALGORITHM=secret)
        self.assertNotIn(f"'{secret}'", done.stdout)
        help_text = subprocess.run([support.MIEN, "serve", "--help"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("--jwt-secret", help_text)
        self.assertNotIn("--tokens", help_text)

    def test_what_is_printed_can_be_read_again(self):
        printed = self.run_print("--max-body", "3M", "--allowed-origins", "https://a.example", "--auth-verify",
                                 "--tolerance", "similarity:0.45", "--header-timeout", "1500ms").stdout
        again = self.config(toml=printed)
        self.assertEqual(again["max-body"], (str(3 << 20), "mien.toml"))
        self.assertEqual(again["allowed-origins"], (["https://a.example"], "mien.toml"))
        self.assertEqual(again["auth-verify"], ("true", "mien.toml"))
        self.assertEqual(again["tolerance"], ("similarity:0.45", "mien.toml"))
        self.assertEqual(again["header-timeout"], ("1500ms", "mien.toml"))

    def test_names_that_say_nothing_are_warned_of(self):
        done = self.run_print(dotenv="FACE_DATA_DIR=./face_data\n", SECRET_KEY="something-secret")
        self.assertEqual(done.returncode, 0)
        self.assertIn(".env: FACE_DATA_DIR is not used; faces are in the workspace's store: --workspace", done.stderr)
        self.assertIn("SECRET_KEY is not used; tokens are signed with JWT_SECRET_KEY", done.stderr)
        self.assertNotIn("something-secret", done.stderr)
        self.assertEqual(self.run_print().stderr, "")
        self.assertIn("# .env: FACE_DATA_DIR is not used; faces are in the workspace's store: --workspace\n", done.stdout)
        self.assertIn("# SECRET_KEY is not used; tokens are signed with JWT_SECRET_KEY\n", done.stdout)
        self.assertNotIn("something-secret", done.stdout)
        self.assertEqual(self.config(toml=done.stdout)["queue"], ("0", "mien.toml"))

    def test_mistyped_names_are_warned_of(self):
        done = self.run_print(dotenv="MIEN_MAX_BDY=1M\nMIEN_SERVER=none\n", MIEN_PROT="secret-value", MIEN_SPECTACLES="1", MIEN_EMPTY="")
        self.assertEqual(done.returncode, 0, done.stderr)
        unknown = "is not used; there is no such setting (see 'man mien-config')"
        for line in (f"MIEN_PROT {unknown}; did you mean MIEN_PORT?", f"MIEN_SPECTACLES {unknown}",
                     f".env: MIEN_MAX_BDY {unknown}; did you mean MIEN_MAX_BODY?",
                     ".env: MIEN_SERVER is not used; it counts in the environment only"):
            self.assertIn(f"warning: {line}\n", done.stderr.replace("mien: ", ""))
            self.assertIn(f"# {line}\n", done.stdout)
        self.assertNotIn("secret-value", done.stdout + done.stderr)
        self.assertNotIn("MIEN_EMPTY", done.stdout + done.stderr)
        # What the program reads elsewhere is known.
        done = self.run_print(MIEN_SERVER="none", MIEN_TOKEN="0123456789abcdef", MIEN_MODELS="/nowhere", MIEN_WORKSPACE="/nowhere",
                              MIEN_QUEUE="3", toml="")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_warnings_heed_the_level_that_is_asked_for(self):
        for level, warned in (("debug", True), ("warning", True), ("error", False)):
            done = self.run_print(dotenv=f"LOG_LEVEL={level}\n", FACE_DATA_DIR="x")
            self.assertEqual("FACE_DATA_DIR" in done.stderr, warned, level)
        self.assertEqual(self.run_print("-q", FACE_DATA_DIR="x").stderr, "")
        self.assertIn("FACE_DATA_DIR", self.run_print("-v", LOG_LEVEL="error", FACE_DATA_DIR="x").stderr)

    def test_why_there_is_auth(self):
        done = self.run_print(JWT_SECRET_KEY="correct-horse-battery-staple-0123456789")
        self.assertIn('auth = "jwt"  # because of JWT_SECRET_KEY\n', done.stdout)

    def test_dotenv_syntax(self):
        dotenv = ("# comment\n\nexport ENVIRONMENT=\"staging # one\" # two\nMIEN_QUEUE = 3 # three\r\n"
                  "MIEN_JWT_ISSUER='a b'\nMIEN_JWT_AUDIENCE=a#b\nEMPTY=\n")
        config = self.config(dotenv=dotenv)
        self.assertEqual(config["environment"][0], "staging # one")
        self.assertEqual(config["queue"][0], "3")
        self.assertEqual(config["jwt-issuer"][0], "a b")
        self.assertEqual(config["jwt-audience"][0], "a#b")


class Manual(unittest.TestCase):
    def test_knows_every_setting(self):
        page = (support.ROOT / "man" / "mien-config.5.scd").read_text(encoding="utf-8")
        done = subprocess.run([support.MIEN, "serve", "--print-config", "--json", "--workspace", "/nowhere"],
                              capture_output=True, text=True, check=True, env={"PATH": "/usr/bin"})
        for setting in json.loads(done.stdout):
            self.assertIn(f"\n*{setting['name']}*", page)
            if setting["value"] and not isinstance(setting["value"], list) and setting["name"] != "auth" \
                    and setting["value"] not in ("false",) and not setting["name"].startswith(("max-", "rate-limit-")):
                block = page[page.index(f"\n*{setting['name']}*") + 1:].split("\n*")[0]
                self.assertIn(f"Default: {setting['value']}", block)


class Places(unittest.TestCase):
    def test_that_are_not_there_stop_the_start(self):
        nowhere = Path(tempfile.gettempdir()) / "mien-nowhere"
        for status, said, words in (
                (*support.start_fails(workspace=nowhere), ("there is no folder", "mien-nowhere", "--workspace")),
                (*support.start_fails("--store", str(nowhere / "x.mien")), ("there is no folder", "mien-nowhere", "--store")),
                (*support.start_fails("--tls-cert", str(nowhere), "--tls-key", str(nowhere)), ("mien-nowhere", "No such file"))):
            self.assertEqual(status, 2, said)
            for word in words:
                self.assertIn(word, said)


class EffectiveThreshold(unittest.TestCase):
    def test_is_printed_at_the_start(self):
        for env, words in (({"RECOGNITION_TOLERANCE": "0.3"}, "tolerance 0.3 is distance 0.265 of starter"),
                           ({"RECOGNITION_THRESHOLD": "0.75"}, "similarity 0.75 is distance 0.265 of starter"),
                           ({"FACE_RECOGNITION_TOLERANCE": "0.6"}, "known up to distance 0.53"),
                           ({"MIEN_TOLERANCE": "0.2"}, "known up to distance 0.2")):
            with support.Server(env=env) as server:
                self.assertIn(words, server.log())


if __name__ == "__main__":
    support.main()
