#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds, aligns and caches every face, with its points, its person and its side of the split."""
from __future__ import annotations

import json

import cv2
import numpy as np

from common import MARGIN, Yunet, align, held_out, options, person_key


def main() -> None:
    parser = options(__doc__)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    detector = Yunet(args.shared)
    faces = args.shared / "faces"
    sources = {"lfw": faces / "lfw", "celebs": faces / "extra/celebs_aligned",
               "video": faces / "extra/video_frames"}
    chips, rows, points, missed = [], [], [], []
    for source, folder in sources.items():
        for photo in sorted(folder.glob("*/*.jpg")):
            image = cv2.imread(str(photo))
            if source == "celebs":      # tight chips: give the detector some room
                image = cv2.copyMakeBorder(image, 40, 40, 40, 40, cv2.BORDER_CONSTANT)
            face = detector.central(image)
            if face is None:
                missed.append(f"{source}/{photo.parent.name}/{photo.name}")
                continue
            five = face[4:14].reshape(5, 2).astype(np.float64)
            chips.append(align(image, five, MARGIN)[:, :, ::-1])
            points.append(np.concatenate([face[:4], face[4:14]]))
            rows.append({"source": source, "photo": f"{photo.parent.name}/{photo.name}",
                         "person": person_key(photo.parent.name),
                         "held_out": held_out(photo.parent.name)})
    np.save(args.work / "chips.npy", np.stack(chips))
    np.save(args.work / "points.npy", np.stack(points).astype(np.float32))
    (args.work / "faces.json").write_text(json.dumps({"rows": rows, "missed": missed}))
    for source in sources:
        for side in (False, True):
            mine = [r for r in rows if r["source"] == source and r["held_out"] == side]
            print(source, "held out" if side else "training", len(mine), "photos of",
                  len({r["person"] for r in mine}), "people")
    print("no face found:", len(missed))


if __name__ == "__main__":
    main()
