# SPDX-License-Identifier: MIT
"""What a row of the contract is, and how an answer is compared with what it promises.

A row is a function that asks a server and raises Mismatch with the difference. Rows run in the order in which they are
written: a file of rows is the story of one client. `promise` is the mark of the contract: S (the service's own text), U
(what its public code also does), 6 (a settlement between two services).
"""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

ROWS: list[Row] = []


class Mismatch(AssertionError):
    """The answer is not what the row promises; the text is the difference."""


class NotProvoked(Exception):
    """The row cannot be provoked from outside; the text says why."""


@dataclasses.dataclass(frozen=True)
class Row:
    dialect: str
    promise: str
    what: str
    profile: str  # how the server is set up: a key of server.PROFILES
    check: Callable[[Any], str | None]


def row(dialect: str, promise: str, what: str, profile: str = "open"):
    """Adds the function to the rows. It may return a few words about what it saw."""
    def add(check):
        ROWS.append(Row(dialect, promise, what, profile, check))
        return check
    return add


class Reply:
    """An answer, whichever client got it."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.content = content

    @property
    def body(self) -> Any:
        kind = self.headers.get("content-type", "")
        if not re.match(r"application/json(;|$)", kind):
            raise Mismatch(f"Content-Type is {kind!r}, not application/json")
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise Mismatch(f"the body is not JSON: {error}") from None

    def __str__(self) -> str:
        return f"{self.status} {self.content[:400].decode('utf-8', 'replace')}"


def same(place: str, wanted: Any, seen: Any) -> None:
    """wanted: a type, a compiled pattern, a predicate, a dict of leading fields, or the value itself, type included."""
    if isinstance(wanted, type):
        fits = isinstance(seen, wanted) and not (wanted is not bool and isinstance(seen, bool))
        if not fits:
            raise Mismatch(f"{place} is {seen!r}, not of type {wanted.__name__}")
    elif isinstance(wanted, re.Pattern):
        if not isinstance(seen, str) or not wanted.fullmatch(seen):
            raise Mismatch(f"{place} is {seen!r}, not like {wanted.pattern!r}")
    elif isinstance(wanted, dict):
        if not isinstance(seen, dict):
            raise Mismatch(f"{place} is {seen!r}, not an object")
        leads(place + ".", wanted, seen)
    elif callable(wanted):
        if not wanted(seen):
            raise Mismatch(f"{place} is {seen!r}: {wanted.__doc__ or 'refused'}")
    elif type(wanted) is not type(seen) or wanted != seen:
        raise Mismatch(f"{place} is {seen!r}, not {wanted!r}")


def leads(place: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    """The fields come first and in this order; more may follow."""
    missing = [name for name in fields if name not in body]
    if missing:
        raise Mismatch(f"without {', '.join(missing)} in {place}{list(body)}")
    if list(body)[:len(fields)] != list(fields):
        raise Mismatch(f"fields of {place} begin {list(body)[:len(fields)]}, not {list(fields)}")
    for name, wanted in fields.items():
        same(place + name, wanted, body[name])


def expect(reply: Reply, status: int | tuple[int, ...], fields: dict[str, Any], also: tuple[str, ...] = ()) -> dict[str, Any]:
    """Status, type, leading fields with their order and types, and further fields that must be somewhere."""
    statuses = status if isinstance(status, tuple) else (status,)
    if reply.status not in statuses:
        raise Mismatch(f"status {reply.status}, not {' or '.join(map(str, statuses))}: {reply}")
    body = reply.body
    if not isinstance(body, dict):
        raise Mismatch(f"the body is no object: {reply}")
    leads("", fields, body)
    missing = [name for name in also if name not in body]
    if missing:
        raise Mismatch(f"without {', '.join(missing)} in {list(body)}")
    return body


# What every answer about a face carries behind the dialect's own fields.
RECOGNITION = ("verdict", "distance", "probability", "confidence_kind", "faces", "request_id", "code")


def refused(reply: Reply, status: int | tuple[int, ...], fields: dict[str, Any]) -> dict[str, Any]:
    """An error: the dialect's own fields, and the settled ones: detail and message, success false, a stable code."""
    body = expect(reply, status, fields, also=("success", "detail", "message", "code", "request_id"))
    same("success", False, body["success"])
    same("code", re.compile(r"[a-z][a-z0-9_]+"), body["code"])
    if not body["detail"] or not body["message"]:
        raise Mismatch(f"an empty text: {reply}")
    return body


def invalid(reply: Reply, *location: str) -> None:
    """422 with FastAPI's array: loc, msg, type; one entry names the location."""
    body = expect(reply, 422, {}, also=("detail", "message", "code"))
    same("detail", list, body["detail"])
    for entry in body["detail"]:
        leads("detail.", {"type": str, "loc": list, "msg": str}, {k: entry.get(k) for k in ("type", "loc", "msg")})
    if list(location) not in [entry["loc"] for entry in body["detail"]]:
        raise Mismatch(f"no entry of detail has loc {list(location)}: {reply}")


def is_score(places: int) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return isinstance(value, float) and 0 <= value <= 1 and abs(round(value, places) - value) < 1e-12
    check.__doc__ = f"not a number from 0 to 1 with at most {places} places"
    return check


NAIVE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?")
ANY_TIME = re.compile(NAIVE_TIME.pattern + r"(Z|[+-]\d\d:\d\d)?")
NUMBER = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)  # noqa: E731
NUMBER.__doc__ = "not a number"
PERCENT = lambda value: isinstance(value, float) and 0 <= value <= 100  # noqa: E731
PERCENT.__doc__ = "not a number from 0 to 100 with a decimal point"
