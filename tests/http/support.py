# SPDX-License-Identifier: MIT
"""A real server on a free port, and raw sockets for what no client library sends.

Every test program here is run as: test_x.py MIEN [unittest options]
"""
from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "tests" / "data" / "photos"
ADA = PHOTOS / "ada_held_out_1.jpg"
GENEROUS = float(os.environ.get("MIEN_TEST_PATIENCE", "60"))  # seconds; machines that run tests are busy

MIEN = ""
_trained: tempfile.TemporaryDirectory | None = None


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")}
    home = trained_workspace().parent / "home"
    home.mkdir(exist_ok=True)
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", **more}


def trained_workspace() -> Path:
    """The sample people, learned once a program."""
    global _trained
    if _trained is None:
        _trained = tempfile.TemporaryDirectory(prefix="mien-http-")
        workspace = Path(_trained.name) / "trained"
        workspace.mkdir()
        subprocess.run([MIEN, "--workspace", str(workspace), "train", str(ROOT / "dataset_training"), "-q"], check=True,
                       env={**os.environ, "HOME": _trained.name}, timeout=GENEROUS * 4)
    return Path(_trained.name) / "trained"


def new_workspace() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=trained_workspace().parent))
    for file in trained_workspace().glob("train.mien*"):
        if file.is_file():
            shutil.copy(file, folder)
    return folder


def workspace_with_photos() -> Path:
    """The same with the photos, and a reserve."""
    folder = Path(tempfile.mkdtemp(prefix="changes-", dir=trained_workspace().parent)) / "w"
    shutil.copytree(new_workspace(), folder)
    for name in ("dataset_training", "dataset_reserve"):
        shutil.copytree(ROOT / "dataset_training", folder / name)
    return folder


def make_certificate(folder: Path, name: str) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


class Server:
    """Serves a copy of the trained workspace until it is closed; use it with `with`."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, workspace: Path | None = None,
                 port: bool = True, rates: bool = False, popen: dict | None = None):
        self.workspace = workspace or new_workspace()
        self.ready_file = self.workspace / "ready"
        self.ready_file.unlink(missing_ok=True)
        self.log_path = self.workspace / "stderr.log"
        self.access_path = self.workspace / "access.log"
        command = [MIEN, "serve", "--workspace", str(self.workspace), "--ready-file", str(self.ready_file),
                   "--access-log", str(self.access_path), "--workers", "2"]
        if port:
            command += ["--port", "0"]
        if not rates:
            command += ["--rate-limit", "off"]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command + list(arguments), env=environment(**(env or {})), stderr=log,
                                            stdout=subprocess.DEVNULL, **(popen or {}))
        deadline = time.monotonic() + GENEROUS
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise AssertionError(f"the server did not start: {self.log()}")
            time.sleep(0.02)
        self.addresses = self.ready_file.read_text(encoding="utf-8").split()
        self.url = self.addresses[0]
        if self.url.startswith("http"):
            host, _, number = self.url.partition("://")[2].rpartition(":")
            self.host, self.port = host.strip("[]"), int(number)
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + GENEROUS
        while self.url.startswith("http:") and time.monotonic() < deadline:
            if b" 200 " in self.talk(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"):
                return
            time.sleep(0.05)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def access(self) -> list[dict]:
        return [json.loads(line) for line in self.access_path.read_text(encoding="utf-8").splitlines()]

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=GENEROUS)

    def talk(self, sent: bytes) -> bytes:
        """Sends and reads until the server closes."""
        with self.connect() as connection:
            connection.sendall(sent)
            return read_all(connection)

    def terminate(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(GENEROUS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(GENEROUS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def socket_answer(path: Path, target: str) -> dict:
    """What GET over a Unix socket answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(GENEROUS)
        connection.connect(str(path))
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: mien\r\nConnection: close\r\n\r\n".encode())
        return json.loads(read_all(connection).partition(b"\r\n\r\n")[2])


@contextlib.contextmanager
def talking(listener: socket.socket, answer: bytes):
    """Whoever comes is told the same, meanwhile."""
    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(GENEROUS)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            block = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not block:
            return received
        received += block


def read_answer(stream) -> tuple[int, dict[str, str], bytes]:
    """One answer from a binary file made of a socket; (0, {}, b"") at the end."""
    line = stream.readline()
    if not line:
        return 0, {}, b""
    status = int(line.split()[1])
    fields = {}
    while (line := stream.readline().strip()):
        name, _, value = line.decode().partition(":")
        fields[name.lower()] = value.strip()
    return status, fields, stream.read(int(fields.get("content-length", "0")))


def start_fails(*arguments: str, env: dict[str, str] | None = None, workspace: Path | None = None) -> tuple[int, str]:
    """Exit status and words of a server that must not start."""
    done = subprocess.run([MIEN, "serve", "--workspace", str(workspace or new_workspace()), "--port", "0", *arguments],
                          env=environment(**(env or {})), capture_output=True, text=True, timeout=GENEROUS, check=False)
    return done.returncode, done.stderr


def eventually(check, seconds: float = GENEROUS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.02)
    return False


def main() -> None:
    global MIEN
    MIEN = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(module="__main__", verbosity=1)
