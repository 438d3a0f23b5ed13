# SPDX-License-Identifier: MIT
"""A real server in a workspace of its own, and the clients that the five services' texts show.

The workspace knows some of the sample people; the others are newcomers that rows may enrol. The server runs with the
models that are in the binary, on a loopback port that it chooses itself, and is ended by its process id.
"""
from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from dialects.rows import Mismatch, NotProvoked, Reply

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "tests/data/photos"
PEOPLE = ("ada", "bruno", "chiara", "dario", "felix")
NEWCOMERS = ("greta", "hugo", "imani", "kenji", "liam", "mei", "otto", "priya", "zoé")
SECRET = "a-made-up-secret-for-the-contract-of-mien"
TOKEN = "a-made-up-token-for-the-contract-of-mien"
ORIGIN = "https://app.example.com"


@dataclasses.dataclass(frozen=True)
class Profile:
    """How a server is set up."""
    arguments: tuple[str, ...] = ("--auth", "none")
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    people: tuple[str, ...] = PEOPLE


# Enrolling and verifying are limited to ten a minute unless told otherwise; all but one profile lift the limit.
OFTEN = {"MIEN_RATE_LIMIT": "off", "ALLOWED_ORIGINS": f"{ORIGIN},https://www.example.com"}
PROFILES = {
    "open": Profile(variables=OFTEN),
    "empty": Profile(variables=OFTEN, people=()),
    "token": Profile(("--auth", "token"), {**OFTEN, "MIEN_TOKENS": TOKEN}),
    "jwt": Profile(("--auth", "jwt"), {**OFTEN, "JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "production"}),
    "compat": Profile(("--auth", "none", "--compat"), OFTEN),
    "compat-empty": Profile(("--auth", "none", "--compat"), OFTEN, ()),
    "quality": Profile(variables={**OFTEN, "FACE_QUALITY_THRESHOLD": "0.8"}),
    "limited": Profile(),
    "small": Profile(("--auth", "none", "--max-body", "4K"), OFTEN),
    "busy": Profile(("--auth", "none", "--workers", "1", "--queue", "1"), OFTEN),
}


def photo(name: str) -> Path:
    return PHOTOS / name


def photos_of(label: str) -> list[Path]:
    """Seven photos of one of the newcomers."""
    return sorted((ROOT / "dataset_training" / label).glob("*.jpg")) + [photo(f"{label}_held_out_{n}.jpg") for n in (1, 2)]


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def data_uri(path: Path) -> str:
    return "data:image/jpeg;base64," + base64_of(path)


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def jwt(claims: dict, secret: str = SECRET, algorithm: str = "HS256") -> str:
    """A token as the identity services of these clients make it."""
    head = _part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + "." + _part(json.dumps(claims).encode())
    mark = "" if algorithm == "none" else _part(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())
    return head + "." + mark


def claims(sub: str, role: str = "user", seconds: int = 600) -> dict:
    return {"sub": sub, "email": "user@example.com", "role": role, "exp": int(time.time()) + seconds}


class Server:
    """A server that answers at url. What is None below is known only of servers that were started here."""

    workspace: Path | None = None
    mien: Path | None = None
    log: Path | None = None
    process: subprocess.Popen | None = None
    starter: Starter | None = None  # for rows that need servers of their own

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.notes: dict[str, object] = {}  # what a row leaves for the next
        self.answers: list[tuple[str, str, Reply]] = []  # method, path, answer: all that requests got

    def ask(self, method: str, path: str, **options) -> Reply:
        """One request with Python's requests; redirects are not followed."""
        answer = requests.request(method, self.url + path, timeout=30, allow_redirects=False, **options)
        reply = Reply(answer.status_code, dict(answer.headers), answer.content)
        self.answers.append((method, path, reply))
        return reply

    def get(self, path: str, **options) -> Reply:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options) -> Reply:
        return self.ask("POST", path, **options)

    def delete(self, path: str, **options) -> Reply:
        return self.ask("DELETE", path, **options)

    def post_file(self, path: str, image: Path, name: str | None = None, field: str = "file", **options) -> Reply:
        with image.open("rb") as file:
            return self.post(path, files={field: (name or image.name, file, "image/jpeg")}, **options)

    def curl(self, line: str, files: dict[str, Path] | None = None, **words: str) -> Reply:
        """Runs a curl line as the text shows it. The address in it becomes this server's; files are what its @names
        mean; words are put in the place of the texts' own placeholders."""
        line = re.sub(r"http://localhost:(8000|5000)", self.url, line)
        for old, new in words.items():
            if old not in line:
                raise ValueError(f"{old} is not in the line")
            line = line.replace(old, new)
        with tempfile.TemporaryDirectory(prefix="mien-curl-") as folder:
            for name, source in (files or {}).items():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
            script = 'curl() { command curl --silent --show-error --max-time 30 --dump-header .head --output .body "$@"; }\n'
            done = subprocess.run(["bash", "-c", script + line], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Mismatch(f"curl: {done.stderr.strip()}")
            heads = Path(folder, ".head").read_bytes().decode("latin-1").strip().split("\r\n\r\n")[-1].split("\r\n")
            body = Path(folder, ".body")
            headers = dict(line.split(": ", 1) for line in heads[1:] if ": " in line)
            return Reply(int(heads[0].split()[1]), headers, body.read_bytes() if body.exists() else b"")

    def files(self, folder: str) -> set[str]:
        """All files below a folder of the workspace."""
        assert self.workspace
        top = self.workspace / folder
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}

    def people(self) -> list[str]:
        """Who is in the gallery, as a client sees it."""
        return self.get("/ml/users-enrolled", headers={"authorization": "Bearer any"}).body["enrolled_users"]


def make_workspace(mien: Path, folder: Path, people: tuple[str, ...] = PEOPLE) -> None:
    for label in people:
        shutil.copytree(ROOT / "dataset_training" / label, folder / "dataset_training" / label)
    for label in people[:2]:
        shutil.copytree(ROOT / "dataset_reserve" / label, folder / "dataset_reserve" / label)
    (folder / "dataset").mkdir()
    if people:
        run_mien(mien, folder, "train", "--workspace", str(folder), "--encoder", "starter", "--method", "hog")


def environment(home: Path, more: dict[str, str] | None = None) -> dict[str, str]:
    """Nothing of the caller's settings, and no models but those in the binary."""
    kept = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"} | (more or {})


def run_mien(mien: Path, home: Path, *arguments: str, more: dict[str, str] | None = None, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(mien), *arguments], env=environment(home, more), stdin=subprocess.DEVNULL, cwd=home,
                          capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"mien {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done


@contextlib.contextmanager
def broken_store(server: Server) -> Iterator[Server]:
    """Another server of that kind, whose store cannot be written: a folder lies where its journal belongs."""
    if not server.starter:
        raise NotProvoked("needs a server started by this script (--start)")
    with server.starter.start("open") as other:
        journal = other.workspace / "train.mien.journal"
        journal.unlink(missing_ok=True)
        journal.mkdir()
        yield other


class Starter:
    """Starts servers of one binary; everything they write lies in one temporary folder."""

    def __init__(self, mien: Path, folder: Path) -> None:
        self.mien = mien
        self.folder = folder
        self._trained: dict[tuple[str, ...], Path] = {}

    def _workspace(self, people: tuple[str, ...]) -> Path:
        """Trained once for all servers that begin with the same people."""
        if people not in self._trained:
            self._trained[people] = Path(tempfile.mkdtemp(prefix="trained-", dir=self.folder))
            make_workspace(self.mien, self._trained[people], people)
        workspace = Path(tempfile.mkdtemp(prefix="workspace-", dir=self.folder))
        return shutil.copytree(self._trained[people], workspace, dirs_exist_ok=True)

    @contextlib.contextmanager
    def start(self, profile: str, arguments: tuple[str, ...] = (), variables: dict[str, str] | None = None,
              workspace: Path | None = None) -> Iterator[Server]:
        """A server that runs inside the `with`, in a new workspace unless one is given."""
        setup = PROFILES[profile]
        workspace = workspace or self._workspace(setup.people)
        log, ready = workspace / "server.log", workspace / "server.ready"
        ready.unlink(missing_ok=True)
        command = [str(self.mien), "serve", "--workspace", str(workspace), "--ready-file", str(ready), *setup.arguments,
                   *arguments]
        if "--port" not in arguments:
            command += ["--port", "0"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=environment(workspace, {**setup.variables, **(variables or {})}), cwd=workspace,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            server = Server(wait_until_ready(process, ready, log))
            server.workspace, server.mien, server.log = workspace, self.mien, log
            server.process, server.starter = process, self
            yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise RuntimeError("the server did not end within 30 s of SIGTERM") from None


def wait_until_ready(process: subprocess.Popen, ready: Path, log: Path) -> str:
    """The first address that the server says it listens at, once it can answer about photos."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}:\n{log.read_text(errors='replace')}")
        if ready.exists():
            url = ready.read_text(encoding="utf-8").split()[0]
            if requests.get(url + "/readyz", timeout=5).status_code == 200:
                return url
        time.sleep(0.05)
    raise RuntimeError(f"the server was not ready within 60 s:\n{log.read_text(errors='replace')}")
