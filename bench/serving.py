# SPDX-License-Identifier: MIT
"""What the benches of the server share: a server of their own on loopback, and clients that keep their connection."""
from __future__ import annotations

import base64
import http.client
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "http"))

import support  # noqa: E402  (the tests' server)
from support import Server  # noqa: E402,F401

PHOTOS = ROOT / "tests" / "data" / "photos"


def known_photos() -> list[Path]:
    return sorted(PHOTOS.glob("*_held_out_*.jpg"))


@dataclass(frozen=True)
class Asked:
    """A request, ready to be sent."""
    method: str
    path: str
    body: bytes = b""
    content_type: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type} if self.content_type else {}


def as_json(path: str, field: str, photo: Path) -> Asked:
    body = json.dumps({field: base64.b64encode(photo.read_bytes()).decode()}).encode()
    return Asked("POST", path, body, "application/json")


def as_multipart(path: str, photo: Path) -> Asked:
    head = ('--mien-bench\r\nContent-Disposition: form-data; name="file"; filename="' + photo.name +
            '"\r\nContent-Type: image/jpeg\r\n\r\n')
    # File names are not ASCII here; browsers send them as UTF-8.
    return Asked("POST", path, head.encode() + photo.read_bytes() + b"\r\n--mien-bench--\r\n",
                 "multipart/form-data; boundary=mien-bench")


def as_image(path: str, photo: Path) -> Asked:
    return Asked("POST", path, photo.read_bytes(), "image/jpeg")


class Client:
    """One connection that stays. Not for several threads."""

    def __init__(self, server: Server, timeout: float = 60):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)

    def ask(self, asked: Asked) -> tuple[int, bytes, float]:
        """Status (0: no answer came), body, seconds."""
        began = time.perf_counter()
        try:
            self.connection.request(asked.method, asked.path, asked.body or None, asked.headers)
            answer = self.connection.getresponse()
            body = answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException) as problem:
            self.connection.close()
            return 0, repr(problem).encode(), time.perf_counter() - began
        return status, body, time.perf_counter() - began

    def close(self) -> None:
        self.connection.close()


def percentile(values: list[float], share: float) -> float:
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(values: list[float]) -> str:
    return (f"p50 {percentile(values, 0.5) * 1000:.1f} ms, p99 {percentile(values, 0.99) * 1000:.1f} ms, "
            f"max {max(values, default=float('nan')) * 1000:.1f} ms")


def median(values: list[float]) -> float:
    return statistics.median(values)


def resident(pid: int) -> int:
    """Bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)
