# SPDX-License-Identifier: MIT
"""Validation pairs: photos of held-out people only, the same for every run."""
from __future__ import annotations

import hashlib
import json
from itertools import combinations
from pathlib import Path

import numpy as np

from common import held_out


def draw(work: Path, seed: int = 7, impostors: int = 4000, cap: int = 150) -> dict[str, np.ndarray]:
    """Rows (index, index) into chips.npy, whether the same person, fold by person, person numbers.

    Every held-out LFW person gives at most `cap` pairs of their own; impostor pairs are drawn
    with all people equally likely, so that no much-photographed person dominates.
    """
    rows = json.loads((work / "faces.json").read_text())["rows"]
    people: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if row["source"] == "lfw" and row["held_out"]:
            people.setdefault(row["person"], []).append(i)
    names = sorted(people)
    rng = np.random.default_rng(seed)
    first, second, same, owner, other = [], [], [], [], []
    for number, name in enumerate(names):
        own = list(combinations(people[name], 2))
        for k in rng.permutation(len(own))[:cap]:
            first.append(own[k][0]), second.append(own[k][1])
            same.append(True), owner.append(number), other.append(number)
    for _ in range(impostors):
        a, b = rng.choice(len(names), 2, replace=False)
        first.append(rng.choice(people[names[a]])), second.append(rng.choice(people[names[b]]))
        same.append(False), owner.append(a), other.append(b)
    fold_of = [int(hashlib.sha256(n.encode()).hexdigest()[:8], 16) % 10 for n in names]
    return {"a": np.array(first), "b": np.array(second), "same": np.array(same),
            "fold": np.array([fold_of[o] for o in owner]),
            "owner": np.array(owner), "other": np.array(other)}


def listed(work: Path, shared: Path) -> dict[str, np.ndarray]:
    """The pairs of lfw_pairs.txt whose people are all held out."""
    rows = json.loads((work / "faces.json").read_text())["rows"]
    index = {r["photo"]: i for i, r in enumerate(rows) if r["source"] == "lfw"}
    first, second, same, folds = [], [], [], []
    lines = (shared / "faces" / "lfw_pairs.txt").read_text().splitlines()
    count, size = map(int, lines[0].split())
    for number, line in enumerate(lines[1:]):
        parts = line.split("\t")
        if len(parts) == 3:
            parts = [parts[0], parts[1], parts[0], parts[2]]
        a, i, b, j = parts
        if held_out(a) and held_out(b):
            first.append(index[f"{a}/{a}_{int(i):04d}.jpg"])
            second.append(index[f"{b}/{b}_{int(j):04d}.jpg"])
            same.append(a == b)
            folds.append(number // (2 * size))
    return {"a": np.array(first), "b": np.array(second), "same": np.array(same), "fold": np.array(folds)}
