# SPDX-License-Identifier: MIT
"""What the starter scripts share: folders, the split by person, alignment, pair measures."""
from __future__ import annotations

import argparse
import hashlib
import unicodedata
from pathlib import Path

import cv2
import numpy as np

# The ArcFace five points in a 112x112 chip: eyes, nose tip, mouth corners, image-left first.
TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                     [41.5493, 92.3655], [70.7299, 92.2041]], np.float64)
CHIP = 112
MARGIN = 8                      # cached chips are 128x128, so that jitter finds real pixels
CACHED = CHIP + 2 * MARGIN


def options(text: str) -> argparse.ArgumentParser:
    """An argument parser with the two folders every script takes."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--shared", type=Path, default=root.parent / "shared",
                        help="folder that holds faces/ and models/")
    parser.add_argument("--work", type=Path, default=root.parent / "scratch" / "starter",
                        help="folder for caches and checkpoints")
    return parser


def person_key(name: str) -> str:
    """One spelling a person: NFKD without marks, lower case, letters and digits only."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain.lower() if c.isalnum())


def held_out(name: str) -> bool:
    """True for the fifth of all people that no training ever sees."""
    return int(hashlib.sha256(person_key(name).encode()).hexdigest(), 16) % 5 == 0


def umeyama(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The 2x3 similarity (rotation, scale, shift) that maps source to target with least squares."""
    ms, mt = source.mean(0), target.mean(0)
    s, t = source - ms, target - mt
    u, d, vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (d * sign).sum() / s.var(0).sum()
    return np.hstack([scale * rotation, (mt - scale * rotation @ ms)[:, None]])


def align(image: np.ndarray, points: np.ndarray, margin: int = 0) -> np.ndarray:
    """The chip (plus a margin on every side) around five points; bilinear, black border."""
    size = CHIP + 2 * margin
    return cv2.warpAffine(image, umeyama(points, TEMPLATE + margin), (size, size),
                          flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


class Yunet:
    """YuNet through OpenCV's FaceDetectorYN; gives the most central face."""

    def __init__(self, shared: Path, score: float = 0.6) -> None:
        model = shared / "models" / "face_detection_yunet_2021sep_120x160.onnx"
        self.net = cv2.FaceDetectorYN_create(str(model), "", (250, 250), score)

    def central(self, image: np.ndarray) -> np.ndarray | None:
        """15 numbers (box x y w h, five points, score) or None."""
        height, width = image.shape[:2]
        self.net.setInputSize((width, height))
        faces = self.net.detect(image)[1]
        if faces is None:
            return None
        centres = faces[:, :2] + faces[:, 2:4] / 2 - np.array([width, height]) / 2
        return faces[np.argmin((centres ** 2).sum(1))]


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def fold_accuracy(scores: np.ndarray, same: np.ndarray, folds: np.ndarray) -> tuple[float, float]:
    """LFW's protocol: the threshold is chosen on the other folds. Mean and standard error."""
    accuracies = []
    for fold in np.unique(folds):
        test = folds == fold
        order = np.argsort(scores[~test])
        s, y = scores[~test][order], same[~test][order]
        # accept everything from index k on
        right = np.concatenate([[0], np.cumsum(~y)]) + np.concatenate([np.cumsum(y[::-1])[::-1], [0]])
        k = int(np.argmax(right))
        threshold = s[0] - 1 if k == 0 else (s[-1] + 1 if k == len(s) else (s[k - 1] + s[k]) / 2)
        accuracies.append(((scores[test] >= threshold) == same[test]).mean())
    return float(np.mean(accuracies)), float(np.std(accuracies) / np.sqrt(len(accuracies)))


def tar_at(scores: np.ndarray, same: np.ndarray, far: float) -> tuple[float, float]:
    """(share of same pairs accepted, threshold) where a share `far` of the others is accepted."""
    impostors = np.sort(scores[~same])[::-1]
    threshold = impostors[min(int(far * len(impostors)), len(impostors) - 1)]
    return float((scores[same] > threshold).mean()), float(threshold)
