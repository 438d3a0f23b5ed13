#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the first socket to the last answer: TLS, Unix sockets, systemd, reloads, changes of the store, the end."""
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
from pathlib import Path

import requests

import support
from support import ADA, PHOTOS, ROOT, Server, eventually, make_certificate, new_workspace, read_all, read_answer, start_fails


def subject_of(server: Server) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(server.connect()) as connection:
        der = connection.getpeercert(binary_form=True)
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True, check=True)
    return done.stdout.decode()


class Tls(unittest.TestCase):
    def test_serves_and_reloads_its_certificate(self):
        workspace = new_workspace()
        make_certificate(workspace, "first")
        with Server("--tls-cert", str(workspace / "cert.pem"), "--tls-key", str(workspace / "key.pem"),
                    workspace=workspace) as server:
            self.assertTrue(server.url.startswith("https://127.0.0.1:"))
            with requests.Session() as session:
                session.verify = str(workspace / "cert.pem")
                session.trust_env = False  # a CA bundle of the environment would win
                answer = session.post(server.url + "/v1/predict", files={"file": ADA.read_bytes()})
                self.assertEqual(answer.json()["faces"][0]["label"], "ada")
                self.assertIn("first", subject_of(server))
                make_certificate(workspace, "second")
                server.process.send_signal(signal.SIGHUP)
                self.assertTrue(eventually(lambda: "second" in subject_of(server)), server.log())
                self.assertEqual(session.get(server.url + "/healthz").status_code, 200)  # the old connection lives on
            (workspace / "key.pem").write_text("no key", encoding="utf-8")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: "key.pem" in server.log()), server.log())
            self.assertIn("second", subject_of(server))

            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
            old.set_ciphers("ALL:@SECLEVEL=0")
            with self.assertRaises(OSError):
                old.wrap_socket(server.connect())
            # bodies that are refused half-way are refused over TLS too
            context = ssl.create_default_context(cafile=workspace / "cert.pem")
            with context.wrap_socket(server.connect(), server_hostname="127.0.0.1") as connection:
                connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000\r\n\r\n")
                self.assertEqual(read_answer(connection.makefile("rb"))[0], 413)

    def test_does_not_start_with_half_of_it(self):
        workspace = new_workspace()
        make_certificate(workspace, "a")
        shutil.copy(workspace / "cert.pem", workspace / "mine.pem")
        make_certificate(workspace, "b")
        table = [(["--tls-cert", str(workspace / "cert.pem")], "belong together"),
                 (["--tls-cert", "/nowhere.pem", "--tls-key", str(workspace / "key.pem")], "/nowhere.pem"),
                 (["--tls-cert", str(workspace / "mine.pem"), "--tls-key", str(workspace / "key.pem")], "key values mismatch")]
        for arguments, words in table:
            status, said = start_fails(*arguments)
            self.assertEqual(status, 2, said)
            self.assertIn(words, said)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str):
        super().__init__("localhost", timeout=support.GENEROUS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Sockets(unittest.TestCase):
    def test_unix_socket(self):
        workspace = new_workspace()
        path = workspace / "mien.sock"
        with Server("--unix-socket", str(path), workspace=workspace) as server:
            self.assertEqual(server.addresses[-1], f"unix:{path}")
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            connection = UnixConnection(str(path))
            connection.request("GET", "/healthz")
            self.assertEqual(connection.getresponse().status, 200)
            self.assertEqual(server.access()[-1]["client"], "unix")
            connection.close()
            status, said = start_fails("--unix-socket", str(path))
            self.assertEqual(status, 3)
            self.assertIn("a server is there already", said)
            server.process.kill()  # leaves its socket behind
            server.process.wait()
        self.assertTrue(path.exists())
        with Server("--unix-socket", str(path), workspace=workspace) as server:
            self.assertEqual(server.terminate(), 0)
        self.assertFalse(path.exists())

    def test_several_ports_and_addresses(self):
        with Server("--port", "0", "--host", "127.0.0.1", "--host", "::1") as server:
            self.assertEqual(len(server.addresses), 4)
            for address in server.addresses:
                self.assertEqual(requests.get(address + "/healthz").status_code, 200)

    def test_a_busy_port_is_an_error_that_says_what_to_do(self):
        with Server() as server:
            done = subprocess.run([support.MIEN, "serve", "--workspace", str(server.workspace), "--port", str(server.port)],
                                  capture_output=True, text=True, env=support.environment(), timeout=support.GENEROUS)
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"cannot listen on http://127.0.0.1:{server.port}", done.stderr)
            self.assertIn("--port", done.stderr)

    def test_socket_activation_and_notification(self):
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            workspace = new_workspace()
            unix.bind(str(workspace / "activated.sock"))
            unix.listen()
            manager.bind(str(workspace / "notify.sock"))
            manager.settimeout(support.GENEROUS)
            port = tcp.getsockname()[1]

            def hand_over():
                os.dup2(os.dup(tcp.fileno()), 3)
                os.dup2(os.dup(unix.fileno()), 4)
                os.set_inheritable(3, True)
                os.set_inheritable(4, True)
                os.environ["LISTEN_PID"] = str(os.getpid())

            shim = ["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', support.MIEN, "serve", "--workspace", str(workspace),
                    "--ready-file", str(workspace / "ready"), "--access-log", "off"]
            with open(workspace / "stderr.log", "w", encoding="utf-8") as log:
                process = subprocess.Popen(shim, stderr=log, preexec_fn=hand_over, pass_fds=(3, 4),
                                           env=support.environment(LISTEN_FDS="2", NOTIFY_SOCKET=str(workspace / "notify.sock")))
            try:
                self.assertEqual(manager.recv(1000), b"READY=1")
                self.assertEqual(requests.get(f"http://127.0.0.1:{port}/healthz").status_code, 200)
                connection = UnixConnection(str(workspace / "activated.sock"))
                connection.request("GET", "/healthz")
                self.assertEqual(connection.getresponse().status, 200)
                connection.close()
                process.send_signal(signal.SIGHUP)
                self.assertTrue(manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
                self.assertEqual(manager.recv(1000), b"READY=1")
            finally:
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(support.GENEROUS), 0)
            self.assertEqual(manager.recv(1000), b"STOPPING=1")


class Reloads(unittest.TestCase):
    def test_takes_over_the_configuration_or_nothing(self):
        workspace = new_workspace()
        config = workspace / "mien.toml"
        config.write_text('[serve]\ntokens = "first-token-0123456"\n', encoding="utf-8")
        with Server("--log-level", "info", workspace=workspace) as server:
            def status(token):
                return requests.get(server.url + "/metrics", headers={"Authorization": "Bearer " + token}).status_code

            self.assertEqual((status("first-token-0123456"), status("second-token-012345")), (200, 401))
            config.write_text('[serve]\ntokens = "second-token-012345"\nallowed-origins = ["https://a.example"]\n', encoding="utf-8")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: status("second-token-012345") == 200), server.log())
            self.assertEqual(status("first-token-0123456"), 401)
            config.write_text('[serve]\ntokens = "tiny"\n', encoding="utf-8")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: "nothing is changed" in server.log()), server.log())
            self.assertEqual(status("second-token-012345"), 200)
            self.assertNotIn("second-token-012345", server.log())

            def asks_for_tokens():
                return requests.get(server.url + "/openapi.json").json()["paths"]["/stats"]["get"]["security"] != []

            self.assertTrue(asks_for_tokens())
            config.write_text("[serve]\n", encoding="utf-8")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: not asks_for_tokens()), server.log())

    def test_log_rotation(self):
        with Server() as server:
            old = server.access_path.with_suffix(".1")
            server.access_path.rename(old)
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: server.access_path.exists()), server.log())
            answer = requests.get(server.url + "/healthz").json()["request_id"]
            self.assertIn(answer, server.access_path.read_text(encoding="utf-8"))


class LiveStore(unittest.TestCase):
    def label(self, server: Server, photo: str) -> str | None:
        answer = requests.post(server.url + "/v1/predict", files={"file": (PHOTOS / photo).read_bytes()})
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["faces"][0]["label"]

    def test_serves_what_another_process_learned(self):
        workspace = new_workspace()
        learned = (workspace / "train.mien").read_bytes()
        (workspace / "train.mien").unlink()
        with Server(workspace=workspace) as server:  # a store that is not there yet has nobody in it
            answer = requests.post(server.url + "/v1/predict", files={"file": ADA.read_bytes()}).json()
            self.assertEqual((answer["verdict"], answer["faces"][0]["distance"]), ("unknown", None))
            one = workspace / "dataset_training" / "Grace"
            one.mkdir(parents=True)
            shutil.copy(PHOTOS / "stranger_1.jpg", one)
            subprocess.run([support.MIEN, "--workspace", str(workspace), "train", "-q"], check=True, env=support.environment())
            start = time.monotonic()
            self.assertTrue(eventually(lambda: "mien_gallery_people 1\n" in requests.get(server.url + "/metrics").text))
            self.assertLess(time.monotonic() - start, 2)  # a second is promised; the machine may be busy
            self.assertEqual(self.label(server, "stranger_1.jpg"), "Grace")
            (workspace / "new").write_bytes(learned)
            for file in workspace.glob("train.mien.*"):
                if file.is_file() and not file.name.endswith(".lock"):
                    file.unlink()
            (workspace / "new").rename(workspace / "train.mien")
            self.assertTrue(eventually(lambda: self.label(server, ADA.name) == "ada"), server.log())
            # a store that cannot be read changes nothing
            (workspace / "new").write_bytes(b"rubbish")
            (workspace / "new").rename(workspace / "train.mien")
            self.assertTrue(eventually(lambda: "not taken over" in server.log()), server.log())
            self.assertEqual(self.label(server, ADA.name), "ada")

    def test_a_damaged_store_does_not_start(self):
        workspace = new_workspace()
        (workspace / "train.mien").write_bytes(b"rubbish")
        status, said = start_fails(workspace=workspace)
        self.assertEqual(status, 12, said)


class TheEnd(unittest.TestCase):
    def test_finishes_what_was_accepted(self):
        server = Server()
        photo = ADA.read_bytes()
        head = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(photo)
        half = [server.connect() for _ in range(5)]
        for connection in half:
            connection.sendall(head + photo[:100])
        idle = server.connect()
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        idle_stream = idle.makefile("rb")
        self.assertEqual(read_answer(idle_stream)[0], 200)
        whole = [server.connect() for _ in range(6)]
        for connection in whole:
            connection.sendall(head + photo)
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        self.assertTrue(eventually(lambda: "ending" in server.log()))
        for connection in half:
            connection.sendall(photo[100:])
        for connection in half + whole:
            answer = read_all(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer[:200])
            if connection in half:  # the others may have been answered before the end began
                self.assertIn(b"Connection: close", answer)
            connection.close()
        self.assertEqual(idle_stream.read(), b"")
        idle_stream.close()
        idle.close()
        self.assertEqual(server.process.wait(support.GENEROUS), 0)
        with self.assertRaises(OSError):
            server.connect()

    def test_loses_no_request_while_clients_keep_asking(self):
        server = Server()
        lost = []
        answered = []

        def ask():
            while True:
                try:
                    with server.connect() as connection:
                        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                        answer = read_all(connection)
                except OSError:
                    return  # not accepted any more
                (answered if answer.startswith(b"HTTP/1.1 200") else lost).append(answer)
                if not answer:
                    return

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        self.assertEqual(server.terminate(), 0)
        for thread in threads:
            thread.join()
        self.assertGreater(len(answered), 50)
        self.assertEqual([answer for answer in lost if answer], [])

    def test_does_not_wait_for_ever(self):
        server = Server("--drain-timeout", "500ms")
        with server.connect() as connection:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            time.sleep(0.1)
            start = time.monotonic()
            self.assertEqual(server.terminate(), 0)
            self.assertLess(time.monotonic() - start, 20)

    def test_a_second_signal_ends_at_once(self):
        server = Server()
        with server.connect() as connection:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            time.sleep(0.1)
            server.process.send_signal(signal.SIGINT)
            self.assertTrue(eventually(lambda: "ending" in server.log()))
            self.assertEqual(server.terminate(), 0)


if __name__ == "__main__":
    support.main()
