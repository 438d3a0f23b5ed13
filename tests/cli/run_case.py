#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one golden case of the command line: tests/cli/VERB/CASE.sh in an empty folder, against VERB/CASE.out.

usage: run_case.py CASE.sh MIEN [--update]

The script sees MIEN's folder on PATH, PHOTOS (tests/data/photos), DATASET (dataset_training), no weights but those in
the binary, and a home of its own. What it prints on both streams and its exit status are compared; figures that differ
between machines are masked: numbers with a decimal point as #, digests as HEX, the temporary folder as TMP.
"""
from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def masked(text: str, folder: str) -> str:
    text = text.replace(folder, "TMP").replace(str(ROOT), "ROOT")
    text = re.sub(r"\b[0-9a-f]{64}\b", "HEX", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "HEX", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"-?\d+\.\d+(e-?\d+)?", "#", text)
    return re.sub(r"\b\d+:\d\d\b", "M:SS", text)


def main() -> int:
    script = Path(sys.argv[1]).resolve()
    mien = Path(sys.argv[2]).resolve()
    expected = script.with_suffix(".out")
    with tempfile.TemporaryDirectory(prefix="mien-cli-") as folder:
        environment = {
            "PATH": f"{mien.parent}:{os.environ['PATH']}",
            "HOME": f"{folder}/home",
            "LANG": "C.UTF-8",
            "PHOTOS": str(ROOT / "tests/data/photos"),
            "DATASET": str(ROOT / "dataset_training"),
            "SUPPORT": str(ROOT / "tests/support"),
        }
        work = Path(folder) / "work"
        work.mkdir()
        (Path(folder) / "home").mkdir()
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        done = subprocess.run(["bash", "-u", str(script)], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        output = masked(done.stdout.decode("utf-8", "replace") + f"exit {done.returncode}\n", folder)
    if "--update" in sys.argv:
        expected.write_text(output, encoding="utf-8")
        return 0
    wanted = expected.read_text(encoding="utf-8")
    if output != wanted:
        sys.stdout.writelines(difflib.unified_diff(wanted.splitlines(True), output.splitlines(True), str(expected), "now"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
