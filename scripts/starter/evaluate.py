#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the exported encoder in cv2.dnn on people no training saw; writes a table in Markdown.

Chips come from YuNet's points and, where WORK/points5.txt exists (train_landmarks points), from the
starter landmarks on each detector's boxes: the way of a photo from end to end.
"""
from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from common import CACHED, MARGIN, align, fold_accuracy, options, tar_at, unit
from pairs import draw, listed

MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
SCALE = np.array([0.229, 0.224, 0.225], np.float32) * 255


def encode(net: cv2.dnn.Net, chips: np.ndarray, teacher: bool) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of n x 112 x 112 x 3 RGB bytes, one at a time as the program does: chip, chip + mirror."""
    def run(chip: np.ndarray) -> np.ndarray:
        x = (chip - MEAN) / SCALE if teacher else (chip.astype(np.float32) - 127.5) / 128
        net.setInput(np.ascontiguousarray(x.transpose(2, 0, 1)[None], np.float32))
        return unit(net.forward()[0].copy())

    single = np.stack([run(chip) for chip in chips])
    return single, unit(single + np.stack([run(chip[:, ::-1]) for chip in chips]))


def intervals(pairs: dict[str, np.ndarray], scores: np.ndarray, rounds: int = 100) -> dict[str, tuple[float, float]]:
    """95 % intervals of accuracy and TAR at FAR 1 %: people are drawn with replacement."""
    rng = np.random.default_rng(3)
    people = int(max(pairs["owner"].max(), pairs["other"].max())) + 1
    same, folds = pairs["same"], pairs["fold"]
    accuracies, tars = [], []
    for _ in range(rounds):
        times = np.bincount(rng.integers(0, people, people), minlength=people)
        w = np.where(same, times[pairs["owner"]], times[pairs["owner"]] * times[pairs["other"]])
        again = np.repeat(np.arange(len(scores)), w)
        accuracies.append(fold_accuracy(scores[again], same[again], folds[again])[0])
        tars.append(tar_at(scores[again], same[again], 0.01)[0])
    return {"accuracy": tuple(np.percentile(accuracies, [2.5, 97.5])),
            "tar": tuple(np.percentile(tars, [2.5, 97.5]))}


def thresholds(vectors: np.ndarray, rows: list[dict], genuine: np.ndarray) -> list[str]:
    """Cosines for FAR 1 % and 0.1 % over all pairs of different held-out people (at most 3 photos each)."""
    names = sorted({r["person"] for r in rows})
    number = {n: i for i, n in enumerate(names)}
    seen: dict[str, int] = {}
    chosen = []
    for i, r in enumerate(rows):
        seen[r["person"]] = seen.get(r["person"], 0) + 1
        if seen[r["person"]] <= 3:
            chosen.append(i)
    owner = np.array([number[rows[i]["person"]] for i in chosen])
    cosines = vectors[chosen] @ vectors[chosen].T
    a, b = np.triu_indices(len(chosen), 1)
    different = owner[a] != owner[b]
    a, b = a[different], b[different]
    impostors = cosines[a, b]
    half = np.random.default_rng(11).permutation(len(names)) % 2
    side = half[owner]
    lines = []
    for far in (0.01, 0.001):
        threshold = float(np.quantile(impostors, 1 - far))
        rng = np.random.default_rng(3)
        drawn = []
        for _ in range(100):
            times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
            w = times[owner[a]] * times[owner[b]]
            drawn.append((w * (impostors >= threshold)).sum() / w.sum())
        crossed = []
        for s in (0, 1):
            chosen_on = (side[a] == s) & (side[b] == s)
            measured_on = (side[a] != s) & (side[b] != s)
            t = np.quantile(impostors[chosen_on], 1 - far)
            crossed.append((impostors[measured_on] >= t).mean())
        low, high = np.percentile(drawn, [2.5, 97.5])
        lines.append(f"| {100 * far:g} % | {threshold:.3f} | {100 * low:.3f}-{100 * high:.3f} % | "
                     f"{100 * crossed[0]:.3f} %, {100 * crossed[1]:.3f} % | "
                     f"{100 * (genuine < threshold).mean():.1f} % | {len(impostors)} |")
    return lines


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--model", type=Path, default=Path(__file__).resolve().parents[2]
                        / "lib/mien/encode/starter/starter_encoder.onnx")
    parser.add_argument("--only", choices=["starter", "teacher"], help="measure one of the two")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = json.loads((args.work / "faces.json").read_text())["rows"]
    mine = [i for i, r in enumerate(rows) if r["source"] == "lfw" and r["held_out"]]
    place = {i: k for k, i in enumerate(mine)}
    everything = np.load(args.work / "chips.npy", mmap_mode="r")[mine]
    end = CACHED - MARGIN
    views = {"YuNet points": everything[:, MARGIN:end, MARGIN:end]}
    table = args.work / "points5.txt"
    if table.exists():
        found: dict[str, dict[int, np.ndarray]] = {}
        for line in table.read_text().splitlines():
            number, name, *numbers = line.split()
            found.setdefault(name, {})[int(number)] = np.array(numbers, float).reshape(5, 2)
        # faces.txt skips the celebs, which come between lfw and video: lfw's numbers are the rows' own
        for name in ("hog", "yunet"):
            chips = []
            for i in mine:
                photo = cv2.imread(str(args.shared / "faces/lfw" / rows[i]["photo"]))[:, :, ::-1]
                points = found[name].get(i, found["yunet"][i])
                chips.append(align(np.ascontiguousarray(photo), points))
            views[f"starter landmarks, {name} boxes"] = np.stack(chips)
            missing = sum(i not in found[name] for i in mine)
            print(f"{name}: {missing} of {len(mine)} faces not found (YuNet's box used)")
    pairs, restricted = draw(args.work), listed(args.work, args.shared)
    for p in (pairs, restricted):
        p["a"], p["b"] = (np.array([place[i] for i in p[k]]) for k in "ab")
    print(f"{pairs['same'].sum()} + {(~pairs['same']).sum()} pairs; listed: "
          f"{restricted['same'].sum()} + {(~restricted['same']).sum()}\n")
    print("| encoder | chips | views | 10-fold accuracy (95 %) | TAR at FAR 1 % (95 %) | listed pairs |\n"
          "|---|---|---|---|---|---|")
    kept = None
    models = {"starter": args.model, "teacher": args.shared / "models/mobilefacenet_ms1m.onnx"}
    for name, path in models.items():
        if args.only not in (None, name):
            continue
        net = cv2.dnn.readNetFromONNX(str(path))
        for view, chips in views.items():
            for mirror, vectors in enumerate(encode(net, chips, name == "teacher")):
                scores = (vectors[pairs["a"]] * vectors[pairs["b"]]).sum(1)
                accuracy, error = fold_accuracy(scores, pairs["same"], pairs["fold"])
                tar, _ = tar_at(scores, pairs["same"], 0.01)
                inside = intervals(pairs, scores)
                short = (vectors[restricted["a"]] * vectors[restricted["b"]]).sum(1)
                other, _ = fold_accuracy(short, restricted["same"], restricted["fold"])
                print(f"| {name} | {view} | {'chip + mirror' if mirror else 'chip'} | {accuracy:.4f} "
                      f"({inside['accuracy'][0]:.4f}-{inside['accuracy'][1]:.4f}) | {tar:.4f} "
                      f"({inside['tar'][0]:.4f}-{inside['tar'][1]:.4f}) | {other:.4f} |", flush=True)
                if name == "starter" and view == "YuNet points" and not mirror:
                    kept = vectors, scores[pairs["same"]]
    if kept is None:
        return
    print("\n| FAR | cosine threshold | FAR, 95 % by people | FAR on the other half of the people | "
          "same person refused | impostor pairs |\n|---|---|---|---|---|---|")
    print("\n".join(thresholds(kept[0], [rows[i] for i in mine], kept[1])))


if __name__ == "__main__":
    main()
