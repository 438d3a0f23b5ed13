#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the committed sample people against networks that never saw them.

    python3 scripts/sample_people/check.py --shared ../shared

prints, for each encoder, the lowest similarity within one person and the highest between two, and fails unless
the detectors find exactly one face in every single-face photo, every held-out photo is nearest to its own person,
and every stranger stays below every held-out photo.
"""
import argparse
import glob
import os
import sys
import unicodedata

import cv2
import numpy as np

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
STRIDES = (8, 16, 32)


class Yunet2021:
    def __init__(self, path):
        self.net = cv2.FaceDetectorYN.create(path, "", (320, 320), 0.6)

    def __call__(self, image):
        self.net.setInputSize((image.shape[1], image.shape[0]))
        _, faces = self.net.detect(image)
        return [] if faces is None else [f[4:14].reshape(5, 2).astype(np.float64) for f in faces]


class Yunet2023:
    """The newer file's raw outputs: scores, boxes and points per cell."""

    def __init__(self, path):
        self.net = cv2.dnn.readNet(path)
        self.outputs = [kind + str(s) for kind in ("cls_", "obj_", "bbox_", "kps_") for s in STRIDES]

    def __call__(self, image):
        h, w = image.shape[:2]
        padded = cv2.copyMakeBorder(image, 0, -h % 32, 0, -w % 32, cv2.BORDER_CONSTANT)
        self.net.setInput(np.ascontiguousarray(padded.astype(np.float32).transpose(2, 0, 1)[None]))
        out = self.net.forward(self.outputs)
        boxes, scores, points = [], [], []
        for i, s in enumerate(STRIDES):
            score = np.sqrt(np.clip(out[i].ravel(), 0, 1) * np.clip(out[3 + i].ravel(), 0, 1))
            for k in np.flatnonzero(score >= 0.6):
                cell = np.array([k % (padded.shape[1] // s), k // (padded.shape[1] // s)])
                centre = (cell + out[6 + i].reshape(-1, 4)[k, :2]) * s
                size = np.exp(out[6 + i].reshape(-1, 4)[k, 2:]) * s
                boxes.append([*(centre - size / 2).tolist(), *size.tolist()])
                scores.append(float(score[k]))
                points.append((cell + out[9 + i].reshape(-1, 5, 2)[k]) * s)
        if not boxes:
            return []
        return [points[i] for i in np.array(cv2.dnn.NMSBoxes(boxes, scores, 0.6, 0.3)).ravel()]


def chip_of(image, points):
    p, t = points - points.mean(0), TEMPLATE - TEMPLATE.mean(0)
    z, w = p[:, 0] + 1j * p[:, 1], t[:, 0] + 1j * t[:, 1]
    k = (w * z.conj()).sum() / (np.abs(z) ** 2).sum()
    turn = np.array([[k.real, -k.imag], [k.imag, k.real]])
    return cv2.warpAffine(image, np.hstack([turn, (TEMPLATE.mean(0) - turn @ points.mean(0))[:, None]]), (112, 112))


class Encoder:
    def __init__(self, path, mean, scale):
        self.net, self.mean, self.scale = cv2.dnn.readNet(path), np.array(mean), np.array(scale)

    def __call__(self, chip):
        rgb = (chip[:, :, ::-1] - self.mean) * self.scale
        self.net.setInput(np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32))
        vector = self.net.forward().ravel()
        return vector / np.linalg.norm(vector)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="folder with models/")
    parser.add_argument("--root", default=".", help="folder with dataset_training/ and tests/data/photos/")
    parser.add_argument("--encoder", metavar="FILE", help="one more 112x112 RGB network")
    parser.add_argument("--mean", type=float, default=127.5, help="subtracted from 0..255 for --encoder")
    parser.add_argument("--std", type=float, default=127.5, help="then divided by")
    args = parser.parse_args()
    models = os.path.join(args.shared, "models")
    detectors = {"YuNet 2021": Yunet2021(os.path.join(models, "face_detection_yunet_2021sep_120x160.onnx")),
                 "YuNet 2023": Yunet2023(os.path.join(models, "face_detection_yunet_2023mar.onnx"))}
    encoders = {"MobileFaceNet": Encoder(os.path.join(models, "mobilefacenet_ms1m.onnx"), np.array([.485, .456, .406]) * 255,
                                         1 / (np.array([.229, .224, .225]) * 255)),
                "MobileFace v2": Encoder(os.path.join(models, "mobileface_v2.onnx"), 0.0, 1.0)}
    if args.encoder:
        encoders[os.path.basename(args.encoder)] = Encoder(args.encoder, args.mean, 1 / args.std)

    training = sorted(glob.glob(os.path.join(args.root, "dataset_training", "*", "*.jpg")))
    flat = sorted(glob.glob(os.path.join(args.root, "dataset_training", "*.jpg")))
    photos = os.path.join(args.root, "tests", "data", "photos")
    held_out = sorted(glob.glob(os.path.join(photos, "*_held_out_*.jpg")))
    strangers = sorted(glob.glob(os.path.join(photos, "stranger_*.jpg")))
    turned = sorted(glob.glob(os.path.join(photos, "exif_*.jpg")) + glob.glob(os.path.join(photos, "corrupt_exif.jpg")) +
                    glob.glob(os.path.join(photos, "format*")) + glob.glob(os.path.join(photos, "png_named.jpg")))

    def label(path):
        name = os.path.basename(path)
        if "_held_out_" in name:
            return unicodedata.normalize("NFC", name.split("_held_out_")[0])
        if path in training:
            return unicodedata.normalize("NFC", os.path.basename(os.path.dirname(path)))
        return "ada" if path in turned else name

    failures, chips = [], {}
    singles = training + flat + held_out + strangers + turned
    for path in singles:
        image = cv2.imread(path)
        for name, detect in detectors.items():
            faces = detect(image)
            if len(faces) != 1:
                failures.append(f"{path}: {name} finds {len(faces)} faces")
        chips[path] = chip_of(image, faces[0]) if faces else None
    for path, count in (("group.jpg", 5), ("two_people.jpg", 2), ("nobody.jpg", 0)):
        for name, detect in detectors.items():
            found = len(detect(cv2.imread(os.path.join(photos, path))))
            if found != count:
                failures.append(f"{path}: {name} finds {found} faces, not {count}")
    print(f"{len(singles)} single-face photos: {len(training)} for training, {len(flat)} flat, {len(held_out)} held out, "
          f"{len(strangers)} strangers, {len(turned)} in other formats")

    for name, encode in encoders.items():
        vector = {path: encode(chips[path]) for path in singles if chips[path] is not None}
        everyday = [p for p in training + flat + held_out + strangers if p in vector]
        same, other = [], []
        for i, a in enumerate(everyday):
            for b in everyday[:i]:
                (same if label(a) == label(b) else other).append(float(vector[a] @ vector[b]))
        gallery = [p for p in training + flat if p in vector]
        matrix = np.stack([vector[p] for p in gallery])
        owners = np.array([label(p) for p in gallery])
        accepted, rejected, runner_up = [], [], []
        for path in held_out + turned:
            scores = matrix @ vector[path]
            if owners[scores.argmax()] != label(path):
                failures.append(f"{path}: {name} says {owners[scores.argmax()]}")
            accepted.append(float(scores.max()))
            runner_up.append(float(scores[owners != label(path)].max()))
        for path in strangers:
            rejected.append(float((matrix @ vector[path]).max()))
        if max(rejected) >= min(accepted):
            failures.append(f"{name}: a stranger ({max(rejected):.3f}) scores above a held-out photo ({min(accepted):.3f})")
        print(f"{name}: same person lowest {min(same):.3f}, 1 % {np.quantile(same, .01):.3f}, median {np.median(same):.3f}; "
              f"other people highest {max(other):.3f}, median {np.median(other):.3f}")
        print(f"  nearest in dataset_training: held out lowest {min(accepted):.3f} (best wrong person {max(runner_up):.3f}), "
              f"strangers highest {max(rejected):.3f}")
    for failure in failures:
        print("FAILED", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
