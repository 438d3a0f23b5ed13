# SPDX-License-Identifier: MIT
"""A program on a real pseudo-terminal, for tests: waits for what it shows, types, and hears its exit status."""
from __future__ import annotations

import os
import pty
import re
import select
import signal
import time


class Terminal:
    def __init__(self, command: list[str], environment: dict[str, str] | None = None, seconds: float = 60):
        self.seen = ""
        self._from = 0
        self._seconds = seconds
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm", "COLUMNS": "200", **(environment or {})})
            os.execvp(command[0], command)

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, text: str) -> str:
        """Waits until text is shown behind what was expected last; returns what was shown before it."""
        until = time.monotonic() + self._seconds
        while text not in self.seen[self._from:]:
            if not self._read(until):
                raise AssertionError(f"{text!r} was not shown, but {self.seen[self._from:]!r}")
        at = self.seen.index(text, self._from)
        before = self.seen[self._from:at]
        self._from = at + len(text)
        return before

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def status(self) -> int:
        """Waits for the end; the exit status, or minus the signal."""
        until = time.monotonic() + self._seconds
        while self._read(until):
            pass
        if time.monotonic() > until:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError(f"it did not end, but showed {self.seen[self._from:]!r}")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def plain(self) -> str:
        """All that was shown, without the terminal's commands."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.seen)
