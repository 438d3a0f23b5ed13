#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Eight processes make 1,000 changes to one store at once, and a reader checks every state that it sees.

usage: many_writers.py MANY_WRITERS MIEN [CHANGES]
"""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile

WRITERS = 8


def main() -> int:
    tool, mien = sys.argv[1:3]
    changes = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    each = changes // WRITERS
    with tempfile.TemporaryDirectory(prefix="mien-writers-") as folder:
        store = f"{folder}/train.mien"
        subprocess.run([tool, store, "make"], check=True)
        reader = subprocess.Popen([tool, store, "watch", str(each * WRITERS)], stdout=subprocess.PIPE)
        writers = [subprocess.Popen([tool, store, "write", str(i * each), str(each)]) for i in range(WRITERS)]
        bad = sum(writer.wait(timeout=900) != 0 for writer in writers)
        if bad:
            reader.terminate()
        seen = reader.communicate(timeout=60)[0].decode().strip()
        if bad or reader.returncode != 0:
            print(f"{bad} writers failed; the reader ended with {reader.returncode}: {seen}")
            return 1
        lines = subprocess.run([mien, "log", "--all", "--json", "--store", store], check=True,
                               stdout=subprocess.PIPE).stdout.splitlines()
        numbers = [json.loads(line)["change"] for line in lines]
        if numbers != list(range(each * WRITERS + 1, 0, -1)):
            print(f"the log does not have each change once: {len(numbers)}")
            return 1
        print(f"{WRITERS} processes, {each * WRITERS} changes, each there once; the reader: {seen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
