#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line with a server: the same answers, byte for byte, without loading models."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from support import GENEROUS, PHOTOS, ROOT, Server, make_certificate, new_workspace

TOKEN = "operator-token-0123456789abcdef"
LOOKED = "/v1/faces"


def run(workspace: Path, *arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run([support.MIEN, "--workspace", str(workspace), *arguments], capture_output=True, text=True,
                          env=support.environment(**env), cwd=cwd, timeout=GENEROUS * 2, check=False)


def timeless(text: str) -> str:
    """Without what two runs never share: how long they took, and when."""
    text = re.sub(r'"ms":\{[^}]*\}', '"ms":{}', text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)


def asked(server: Server) -> int:
    """How many photos the server has looked at for others."""
    return sum(line["route"] == LOOKED and line["status"] == 200 for line in server.access())


def copy_with_photos() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="client-", dir=support.trained_workspace().parent)) / "w"
    shutil.copytree(new_workspace(), folder)
    shutil.copytree(ROOT / "dataset_training", folder / "dataset_training")
    return folder


class Certificates(unittest.TestCase):
    def test_one_of_our_own(self):
        workspace = new_workspace()
        make_certificate(workspace, "mine")
        with Server("--tls-cert", str(workspace / "cert.pem"), "--tls-key", str(workspace / "key.pem"), workspace=workspace) as server:
            def predict(**env):
                return run(workspace, "predict", str(PHOTOS / "ada_held_out_1.jpg"), MIEN_SERVER=server.url, **env)

            refused = predict()
            self.assertEqual(refused.returncode, 14)
            self.assertIn("in SSL_CERT_FILE", refused.stderr)
            self.assertEqual(asked(server), 0)
            trusted = predict(SSL_CERT_FILE=str(workspace / "cert.pem"))
            self.assertEqual((trusted.returncode, asked(server)), (0, 1), trusted.stderr)
            make_certificate(workspace, "another")
            self.assertIn("in SSL_CERT_FILE", predict(SSL_CERT_FILE=str(workspace / "cert.pem")).stderr)
            self.assertIn("in SSL_CERT_FILE", predict(SSL_CERT_FILE="/nowhere.pem").stderr)


class SameAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.workspace = cls.server.workspace

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def same(self, *arguments: str, looks: int) -> subprocess.CompletedProcess:
        """looks: how many photos the server has to look at"""
        before = asked(self.server)
        helped = run(self.workspace, *arguments)
        self.assertEqual(asked(self.server) - before, looks, helped.stderr)
        alone = run(self.workspace, "--no-server", *arguments)
        self.assertEqual(asked(self.server) - before, looks)
        self.assertEqual(timeless(helped.stdout), timeless(alone.stdout))
        self.assertEqual(helped.stderr, alone.stderr)
        self.assertEqual(helped.returncode, alone.returncode)
        return helped

    def test_predict(self):
        table = [("ada_held_out_1.jpg", 0), ("stranger_1.jpg", 1), ("nobody.jpg", 1), ("group.jpg", None),
                 ("truncated.jpg", 4), ("text_as.jpg", 4), ("absent.jpg", 4), ("empty.jpg", 4), ("blurred.jpg", None)]
        for name, status in table:
            if name == "group.jpg" and not (PHOTOS / name).exists():
                continue
            looks = 0 if name in ("absent.jpg", "empty.jpg") else 1
            for form in ([], ["--json"]):
                with self.subTest(name, form=form):
                    done = self.same(*form, "predict", str(PHOTOS / name), looks=looks)
                    if status is not None:
                        self.assertEqual(done.returncode, status, done.stderr)
                    self.assertTrue(done.stdout)

    def test_options_that_decide_here(self):
        photos = [str(PHOTOS / name) for name in ("ada_held_out_1.jpg", "stranger_1.jpg", "nobody.jpg")]
        for options in (["--top", "0"], ["--top", "7"], ["--tolerance", "0.05"], ["--tolerance", "2"],
                        ["--matcher", "centroid"], ["-j", "1"], ["--max-pixels", "100000000"]):
            with self.subTest(options):
                self.same("--json", "predict", *options, *photos, looks=3)

    def test_options_that_ask_for_other_tools(self):
        for options in (["-m", "hog"] if self.detector() != "hog" else ["-m", "cnn"], ["--upsample", "1"], ["--max-pixels", "100001"],
                        ["--detect-size", "320"], ["--flip"] if not self.flips() else ["--no-flip"]):
            with self.subTest(options):
                self.same("--json", "predict", *options, str(PHOTOS / "ada_held_out_1.jpg"), looks=0)

    def settings(self) -> dict:
        return support.socket_answer(self.workspace / "serve.sock", "/v1/tools")["settings"]

    def detector(self) -> str:
        return self.settings()["detector"]

    def flips(self) -> bool:
        return self.settings()["flip"]

    def test_verify_and_compare(self):
        ada, other = str(PHOTOS / "ada_held_out_1.jpg"), str(PHOTOS / "bruno_held_out_1.jpg")
        for form in ([], ["--json"]):
            self.same(*form, "verify", ada, looks=1)
            self.same(*form, "verify", ada, "-u", "ada", looks=1)
            self.same(*form, "verify", other, "-u", "ada", looks=1)
            self.same(*form, "verify", str(PHOTOS / "nobody.jpg"), looks=1)
            self.same(*form, "verify", ada, "-u", "nobody-of-that-name", looks=0)
            self.same(*form, "compare", ada, other, looks=2)

    def test_pixels_are_drawn_here(self):
        for name, more in (("helped.png", []), ("alone.png", ["--no-server"])):
            run(self.workspace, *more, "predict", str(PHOTOS / "ada_held_out_1.jpg"), "--draw", str(self.workspace / name))
        self.assertEqual((self.workspace / "helped.png").read_bytes(), (self.workspace / "alone.png").read_bytes())


class Changes(unittest.TestCase):
    def test_what_changes_a_workspace_changes_it_alike(self):
        stranger = str(PHOTOS / "stranger_1.jpg")
        verbs = [["predict", "--remember", stranger], ["pending"], ["--json", "enroll", "-u", "eva", "--quality", "0", stranger],
                 ["--json", "confirm", str(PHOTOS / "ada_held_out_1.jpg"), "--label", "ada"],
                 ["confirm", str(PHOTOS / "nobody.jpg"), "--label", "ada"], ["--json", "verify", stranger]]
        helped, alone = copy_with_photos(), copy_with_photos()
        with Server(workspace=helped) as server:
            for verb in verbs:
                with self.subTest(verb):
                    one, two = run(helped, *verb), run(alone, *verb)
                    self.assertEqual(timeless(one.stdout).replace(str(helped), "W"), timeless(two.stdout).replace(str(alone), "W"))
                    self.assertEqual(one.returncode, two.returncode)
            self.assertGreaterEqual(asked(server), 5)
        exported = [run(each, "export", "--format", "jsonl").stdout for each in (helped, alone)]
        self.assertEqual(timeless(exported[0]), timeless(exported[1]))


class Finding(unittest.TestCase):
    photo = str(PHOTOS / "ada_held_out_1.jpg")

    def test_the_socket_is_for_its_user_only(self):
        with Server() as server:
            path = server.workspace / "serve.sock"
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            self.assertNotIn(f"unix:{path}", server.addresses)
            with Server(workspace=server.workspace) as second:  # leaves the first one's socket alone
                self.assertIn("a server is there already", second.log())
                self.assertEqual(run(server.workspace, "predict", self.photo).returncode, 0)
                self.assertEqual(asked(server), 1)  # by the first: the second has no socket
            self.assertTrue(path.exists())
        self.assertFalse(path.exists())

    def test_a_socket_that_a_dead_server_left_is_passed_over_and_taken_over(self):
        workspace = new_workspace()
        with Server(workspace=workspace) as server:
            server.process.kill()
            server.process.wait()
        self.assertTrue((workspace / "serve.sock").exists())
        done = run(workspace, "predict", self.photo)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("the workspace's server does not help", run(workspace, "-v", "predict", self.photo).stderr)
        with Server(workspace=workspace) as server:
            run(workspace, "predict", self.photo)
            self.assertEqual(asked(server), 1)

    def test_a_server_that_speaks_nonsense_is_passed_over(self):
        workspace = new_workspace()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(workspace / "serve.sock"))
            listener.listen()
            with support.talking(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"):
                done = run(workspace, "predict", self.photo)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                named = run(workspace, "predict", self.photo, MIEN_SERVER=f"unix:{workspace}/serve.sock")
                self.assertEqual(named.returncode, 14)
                self.assertIn("not of this version", named.stderr)

    def test_a_path_that_is_too_long_stops_no_server(self):
        workspace = new_workspace() / ("d" * 60) / ("e" * 60)
        shutil.copytree(new_workspace(), workspace)
        with Server(workspace=workspace) as server:
            self.assertIn("too long", server.log())
            self.assertEqual(run(workspace, "predict", self.photo).returncode, 0)

    def test_a_named_server_must_answer(self):
        workspace = new_workspace()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for address in (f"http://127.0.0.1:{port}", f"unix:{workspace}/nowhere.sock"):
            done = run(workspace, "--json", "predict", self.photo, MIEN_SERVER=address)
            self.assertEqual(done.returncode, 14, done.stderr)
            self.assertIn(address, done.stderr)
            self.assertIn("--no-server", done.stderr)
            self.assertEqual(json.loads(done.stdout.splitlines()[-1])["error"]["code"], "server")
            for more in ({"MIEN_SERVER": "none"}, {}):
                self.assertEqual(run(workspace, "predict", self.photo, **more).returncode, 0)
            self.assertEqual(run(workspace, "--no-server", "predict", self.photo, MIEN_SERVER=address).returncode, 0)
        for address in ("ftp://127.0.0.1", "localhost:8000", "unix:", "http://me:secret-word@127.0.0.1:1"):
            done = run(workspace, "predict", self.photo, MIEN_SERVER=address)
            self.assertEqual(done.returncode, 2, address)
            self.assertNotIn("secret-word", done.stderr)

    def test_a_named_server_is_asked_for_what_another_workspace_decides(self):
        mine = new_workspace()
        with Server() as server:
            for address in (server.url, server.url + "/", f"unix:{server.workspace}/serve.sock"):
                before = asked(server)
                self.assertEqual(run(mine, "predict", self.photo, MIEN_SERVER=address).returncode, 0)
                self.assertEqual(asked(server) - before, 1, address)

    def test_the_token_comes_from_the_environment(self):
        with Server("--auth", "token", env={"MIEN_TOKENS": f"{TOKEN} operator admin"}) as server:
            self.assertEqual(run(server.workspace, "predict", self.photo).returncode, 0)  # the socket asks for none
            self.assertEqual(asked(server), 1)
            named = {"MIEN_SERVER": server.url}
            good = run(server.workspace, "-v", "predict", self.photo, **named, MIEN_TOKEN=TOKEN)
            self.assertEqual(good.returncode, 0, good.stderr)
            self.assertEqual(asked(server), 2)
            self.assertNotIn(TOKEN, good.stderr + server.log() + server.access_path.read_text(encoding="utf-8"))
            for more in ({}, {"MIEN_TOKEN": "a-wrong-token-0123456789"}):
                bad = run(server.workspace, "predict", self.photo, **named, **more)
                self.assertEqual(bad.returncode, 14)
                self.assertIn("MIEN_TOKEN", bad.stderr)
                self.assertNotIn("a-wrong-token", bad.stderr)
            split = run(server.workspace, "predict", self.photo, **named, MIEN_TOKEN="a\r\nX-Evil: 1")
            self.assertEqual(split.returncode, 2)

    def test_the_socket_gives_no_rights_on_the_older_paths(self):
        with Server("--auth", "token", env={"MIEN_TOKENS": f"{TOKEN} operator admin"}) as server:
            path = server.workspace / "serve.sock"
            self.assertEqual(support.socket_answer(path, "/v1/people")["total"] > 0, True)
            self.assertEqual(support.socket_answer(path, "/stats")["code"], "token_missing")


if __name__ == "__main__":
    support.main()
