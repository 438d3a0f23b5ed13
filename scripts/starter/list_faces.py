#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes WORK/faces.txt for train_landmarks: source, side, YuNet box, five points, photo."""
from __future__ import annotations

import json

import numpy as np

from common import options


def main() -> None:
    args = options(__doc__).parse_args()
    rows = json.loads((args.work / "faces.json").read_text())["rows"]
    points = np.load(args.work / "points.npy")
    folders = {"lfw": "lfw", "video": "extra/video_frames"}
    with (args.work / "faces.txt").open("w") as out:
        for row, p in zip(rows, points):
            if row["source"] in folders:
                numbers = " ".join(f"{v:.2f}" for v in p)
                out.write(f"{row['source']} {int(row['held_out'])} {numbers} "
                          f"{args.shared}/faces/{folders[row['source']]}/{row['photo']}\n")


if __name__ == "__main__":
    main()
