#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets every verb that changes a workspace fail, be killed and lose power at every single file operation.

usage: faults.py MIEN FAULTY_FILES.so STORE_DIGEST [SCENARIO …]
       faults.py --list

For each scenario, mode and k the verb runs in a fresh copy of the scenario's workspace and is stopped at its k-th file
operation (faulty_files.cpp says what that means), for k = 1, 2, … until it comes through. After each: the store opens
without repair, says exactly what it said before or after the verb, its history can be read, every photo that was there
is still somewhere in the workspace, and an exit status of 0 means that the change is there. The same verb then does its
work, where it had not.

Clock and names of temporary files are the same in every run, so that points can be compared: many leave the very same
files (all that lie between two syncs, when the power goes). Such files are examined once.

A new verb needs a line in SCENARIOS.
"""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOPPED = 99
MODES = ("error", "kill", "power")


@dataclass
class Scenario:
    name: str
    verb: list[str]                    # the command under test, without "mien"
    setup: list[str] = field(default_factory=list)  # lines of bash before it; mien is on PATH
    photos_may_go: bool = False        # the verb is there to remove photos
    status: int = 0                    # what the verb ends with when all goes well


RESERVE = ["mkdir -p dataset_reserve dataset", "cp -r spare dataset_reserve/chiara", "cp spare/1.jpg dataset/"]

# The workspace of every scenario has two people with two photos each, and another's photo in spare/.
SCENARIOS = [
    Scenario("train, first", ["train"]),
    Scenario("train, changes", ["train"],
             ["mien train -q", "rm dataset_training/ada/1.jpg", "cp -r spare dataset_training/chiara"]),
    Scenario("train, rebuild", ["train", "--rebuild"], ["mien train -q", "mv dataset_training/ada/1.jpg dataset_training/"]),
    Scenario("compact", ["compact"], ["mien train -q", "mv dataset_training/ada/1.jpg spare/", "mien train -q"]),
    Scenario("compact --forget-history", ["compact", "--forget-history", "--yes"],
             ["mien train -q", "mv dataset_training/ada/1.jpg spare/", "mien train -q"]),
    Scenario("undo", ["undo"], ["mien train -q", "mv dataset_training/ada/1.jpg spare/", "mien train -q"]),
    Scenario("undo, folded", ["undo"],
             ["mien train -q", "mv dataset_training/ada/1.jpg spare/", "mien train -q", "mien compact -q"]),
    Scenario("restore", ["restore", "--at", "1"],
             ["mien train -q", "mv dataset_training/ada/1.jpg spare/", "mien train -q", "mien undo -q"]),
    Scenario("confirm, first of all", ["confirm", "spare/1.jpg", "--label", "chiara"]),
    Scenario("confirm, outside", ["confirm", "spare/1.jpg", "--label", "chiara"], ["mien train -q"]),
    Scenario("confirm, upload", ["confirm", "dataset/door.jpg", "--label", "chiara"],
             ["mien train -q", "mkdir dataset", "cp spare/1.jpg dataset/door.jpg", "mien pending -q"]),
    Scenario("confirm, another's", ["confirm", "dataset_training/ada/1.jpg", "--label", "bruno", "--force"],
             ["mien train -q"]),
    Scenario("confirm --not-a-face", ["confirm", "dataset/door.jpg", "--not-a-face"],
             ["mien train -q", "mkdir dataset", "cp spare/1.jpg dataset/door.jpg", "mien pending -q"]),
    Scenario("undo of confirm", ["undo"],
             ["mien train -q", "mkdir dataset", "cp spare/1.jpg dataset/door.jpg",
              "mien confirm -q dataset/door.jpg --label chiara"]),
    Scenario("predict --remember", ["predict", "--remember", "--tolerance", "0", "spare/1.jpg"], ["mien train -q"],
             status=1),
    Scenario("pending", ["pending"], ["mien train -q", "cp -r spare dataset"]),
    Scenario("reset, first", ["reset", "--yes"], RESERVE),
    Scenario("reset", ["reset", "--yes"], ["mien train -q", *RESERVE]),
    Scenario("undo of reset", ["undo"], ["mien train -q", *RESERVE, "mien reset -q --yes"]),
    Scenario("enroll", ["enroll", "--user", "chiara", "--quality", "0", "spare/1.jpg"], ["mien train -q"]),
    Scenario("forget", ["forget", "ada", "--yes"], ["mien train -q"], photos_may_go=True),
]


class Failure(Exception):
    pass


@dataclass
class Tree:
    """All files of a workspace."""
    digest: str
    photos: set[str]  # their hashes


class Bench:
    def __init__(self, mien: str, library: str, digest: str, folder: Path):
        self.mien, self.digest_tool = Path(mien).resolve(), Path(digest).resolve()
        self.folder = folder
        self.work = folder / "work"
        self.report = folder / "count"
        self.began = int(time.time())
        (folder / "home").mkdir()
        self.environment = {"PATH": f"{self.mien.parent}:{os.environ['PATH']}", "HOME": str(folder / "home"),
                            "LANG": "C.UTF-8", "LD_PRELOAD": str(Path(library).resolve()), "FAULTS_ROOT": str(self.work),
                            "FAULTS_AT": "0", "FAULTS_MODE": "error", "FAULTS_REPORT": str(self.report),
                            "FAULTS_TIME": str(self.began)}
        self.seen: dict[str, str] = {}  # trees that were examined and what their store says

    def prepare(self, scenario: Scenario) -> Path:
        start = self.folder / "start"
        shutil.rmtree(start, ignore_errors=True)
        for person in ("ada", "bruno"):
            (start / "dataset_training" / person).mkdir(parents=True)
            for photo in sorted((ROOT / "dataset_training" / person).iterdir())[:2]:
                shutil.copy2(photo, start / "dataset_training" / person)
        (start / "spare").mkdir()
        shutil.copy2(ROOT / "dataset_training" / "chiara" / "1.jpg", start / "spare")
        for line in scenario.setup:
            done = subprocess.run(["bash", "-euc", line], cwd=start, env=self.environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                raise Failure(f"{scenario.name}: setup '{line}': {done.stdout.decode()}")
        return start

    def fresh(self, start: Path) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(start, self.work, symlinks=True)

    def run(self, verb: list[str], mode: str = "error", at: int = 0) -> tuple[int, str]:
        environment = self.environment | {"FAULTS_AT": str(at), "FAULTS_MODE": mode}
        done = subprocess.run([self.mien, *verb, "-q"], cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def state(self) -> str:
        done = subprocess.run([self.digest_tool, self.work / "train.mien"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failure("the store cannot be read: " + done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode()

    def tree(self) -> Tree:
        digest = hashlib.sha256()
        photos = set()
        for path in sorted(self.work.rglob("*")):
            status = path.lstat()
            entry = [str(path.relative_to(self.work)), oct(status.st_mode)]
            if path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                # A lock holds the process that had it last. A time counts where the verb has kept or set it.
                entry.append("" if path.suffix == ".lock" else content)
                entry.append(str(status.st_mtime_ns) if status.st_mtime < self.began else "now")
                if path.suffix == ".jpg":
                    photos.add(content)
            digest.update(repr(entry).encode("utf-8", "surrogateescape"))
        return Tree(digest.hexdigest(), photos)

    def try_scenario(self, scenario: Scenario) -> int:
        start = self.prepare(scenario)
        self.fresh(start)
        before, photos = self.state(), self.tree().photos
        status, output = self.run(scenario.verb)
        if status != scenario.status:
            raise Failure(f"{scenario.name}: fails by itself: {output}")
        after = self.state()
        self.seen.clear()
        points = 0
        for mode in MODES:
            at = 0
            while True:
                at += 1
                self.fresh(start)
                status, output = self.run(scenario.verb, mode, at)
                where = f"{scenario.name}, {mode} at {at}"
                try:
                    if int(self.report.read_text()) < at:
                        if status != scenario.status:
                            raise Failure("came through, but failed: " + output)
                        break
                    points += 1
                    if status < 0 or status in (134, 139):
                        raise Failure(f"crashed: {output}")
                    tree = self.tree()
                    if tree.digest not in self.seen:
                        self.seen[tree.digest] = self.examine(scenario, before, after, photos, tree, output)
                    if status == scenario.status and self.seen[tree.digest] != after:
                        raise Failure("says that it succeeded, but the change is not there")
                except Failure as failure:
                    raise Failure(f"{where}: {failure}") from failure
        print(f"{scenario.name}: {points} points, {len(self.seen)} different ends", flush=True)
        return points

    def examine(self, scenario: Scenario, before: str, after: str, photos: set[str], tree: Tree, output: str) -> str:
        """What the store says."""
        now = self.state()
        if now not in (before, after):
            raise Failure(f"neither the state before nor after:\n{now}\nbefore:\n{before}\nafter:\n{after}\n{output}")
        if not scenario.photos_may_go and not photos <= tree.photos:
            raise Failure("photos are gone")
        if now == before != after:
            status, output = self.run(scenario.verb)
            if status != scenario.status or self.state() != after:
                raise Failure(f"does not work afterwards: {output}")
        return now


def main() -> int:
    if sys.argv[1:] == ["--list"]:
        print("\n".join(scenario.name for scenario in SCENARIOS))
        return 0
    wanted = sys.argv[4:]
    if unknown := set(wanted) - {scenario.name for scenario in SCENARIOS}:
        print("no such scenario:", *unknown)
        return 2
    # In memory: nothing here outlives a real power cut anyway, and disks are slow to sync.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="mien-faults-", dir=memory) as folder:
        bench = Bench(*sys.argv[1:4], Path(folder).resolve())
        points = 0
        try:
            for scenario in SCENARIOS:
                if not wanted or scenario.name in wanted:
                    points += bench.try_scenario(scenario)
        except Failure as failure:
            print(failure)
            return 1
    if len(wanted) != 1:
        print(f"all: {points} points")
    return 0


if __name__ == "__main__":
    sys.exit(main())
