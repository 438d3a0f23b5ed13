#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the starter encoder beside its teacher in cv2.dnn, turn by turn on a real chip; run it on a quiet machine."""
from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from common import CACHED, MARGIN, options


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--model", type=Path, default=Path(__file__).resolve().parents[2]
                        / "lib/mien/encode/starter/starter_encoder.onnx")
    parser.add_argument("--rounds", type=int, default=200)
    args = parser.parse_args()
    end = CACHED - MARGIN
    chip = np.load(args.work / "chips.npy", mmap_mode="r")[0, MARGIN:end, MARGIN:end].astype(np.float32)
    x = np.ascontiguousarray((chip.transpose(2, 0, 1)[None] - 127.5) / 128)
    paths = {"teacher": args.shared / "models/mobilefacenet_ms1m.onnx", "starter": args.model}
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        nets = {name: cv2.dnn.readNetFromONNX(str(path)) for name, path in paths.items()}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in nets}
        for _ in range(args.rounds):
            for name, net in nets.items():
                start, busy = time.perf_counter(), time.process_time()
                net.setInput(x)
                net.forward()
                times[name].append((time.perf_counter() - start, time.process_time() - busy))
        wall, cpu = ({name: 1e3 * float(np.median([t[k] for t in ts[5:]])) for name, ts in times.items()}
                     for k in (0, 1))
        for what, m in (("wall", wall), ("processor", cpu)):
            print(f"{threads} thread(s), {what} time: teacher {m['teacher']:.2f} ms, starter {m['starter']:.2f} ms, "
                  f"ratio {m['starter'] / m['teacher']:.2f}")


if __name__ == "__main__":
    main()
