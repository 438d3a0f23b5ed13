#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Distils the teacher into the starter encoder. Stop it at any time: it goes on from its checkpoint.

Put a number of steps into WORK/decay to end: the learning rate then falls to zero over that many.
"""
from __future__ import annotations

import argparse
import csv
import json
import math
import os
import queue
import threading
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from common import CACHED, CHIP, fold_accuracy, options, tar_at, unit
from pairs import draw
from student import Student, Teacher


def mix(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A new face from two aligned ones: a blend, or parts of both with a soft seam."""
    if rng.random() < 0.5:
        a = a[:, ::-1]
    if rng.random() < 0.5:
        mask = np.full((CACHED, CACHED, 1), rng.uniform(0.25, 0.75), np.float32)
    else:
        angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(-16, 16)
        y, x = np.mgrid[:CACHED, :CACHED].astype(np.float32) - CACHED / 2
        ramp = (x * math.cos(angle) + y * math.sin(angle) - reach) / rng.uniform(3, 12)
        mask = 1 / (1 + np.exp(-np.clip(ramp, -20, 20)))[:, :, None]
    return (a * mask + b * (1 - mask)).astype(np.uint8)


def spoil(chip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the student sees of a cached chip: other landmarks, light, lens, compression, cover."""
    shift = rng.normal(0, 1.4, 2)
    turn, zoom = rng.normal(0, 2.5), math.exp(rng.normal(0, 0.03))
    matrix = cv2.getRotationMatrix2D((CACHED / 2, CACHED / 2), turn, zoom)
    matrix[:, 2] += shift - (CACHED - CHIP) / 2
    image = cv2.warpAffine(chip, matrix, (CHIP, CHIP), flags=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < 0.15:
        small = int(rng.uniform(28, 90))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (CHIP, CHIP))
    elif rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8))
    if rng.random() < 0.4:
        gain, lift, gamma = rng.uniform(0.6, 1.4), rng.uniform(-30, 30), math.exp(rng.normal(0, 0.25))
        ramp = np.arange(256) / 255
        table = np.clip((ramp ** gamma * 255 - 127.5) * gain + 127.5 + lift, 0, 255)
        image = cv2.LUT(np.ascontiguousarray(image), table.astype(np.uint8))
    if rng.random() < 0.15:
        tint = image * rng.uniform(0.8, 1.2, 3)
        if rng.random() < 0.4:
            tint = np.repeat(image.mean(2, keepdims=True), 3, 2)
        image = np.clip(tint, 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(20, 80))])[1]
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if rng.random() < 0.1:
        image = np.ascontiguousarray(image)
        w, h = rng.integers(12, 44, 2)
        x, y = rng.integers(0, CHIP - w), rng.integers(0, CHIP - h)
        image[y:y + h, x:x + w] = rng.integers(0, 256, 3)
    return image


def pixels(chips: np.ndarray) -> Tensor:
    """n x 112 x 112 x 3 bytes to n x 3 x 112 x 112 floats 0..255, channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(chips)).permute(0, 3, 1, 2).float() \
        .contiguous(memory_format=torch.channels_last)


def centre(chips: np.ndarray) -> np.ndarray:
    m = (CACHED - CHIP) // 2
    return chips[:, m:m + CHIP, m:m + CHIP]


@torch.no_grad()
def ask(teacher: Teacher, chips: np.ndarray) -> np.ndarray:
    """The teacher's unit vectors: chip and mirror image summed."""
    out = []
    for k in range(0, len(chips), 64):
        x = pixels(centre(chips[k:k + 64]))
        with torch.autocast("cpu", torch.bfloat16):
            y = teacher(torch.cat([x, x.flip(3).contiguous(memory_format=torch.channels_last)])).float()
        n = len(x)
        out.append((torch.nn.functional.normalize(y[:n]) + torch.nn.functional.normalize(y[n:])).numpy())
    return unit(np.concatenate(out))


@torch.no_grad()
def encode(net: Student, chips: np.ndarray) -> np.ndarray:
    net.eval()
    out = []
    for k in range(0, len(chips), 64):
        with torch.autocast("cpu", torch.bfloat16):
            out.append(net((pixels(centre(chips[k:k + 64])) - 127.5) / 128).float().numpy())
    return unit(np.concatenate(out))


class Feed(threading.Thread):
    """Prepares batches ahead: spoilt chips, their targets, and fresh mixes for the teacher."""

    def __init__(self, chips: np.ndarray, targets: np.ndarray, weights: np.ndarray, ring: int, batch: int,
                 plain: float, fresh: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.chips, self.targets, self.weights = chips, targets, weights
        self.ring = np.zeros((ring, CACHED, CACHED, 3), np.uint8)
        self.ring_targets = np.zeros((ring, 128), np.float32)
        self.filled = 0                 # how many mixes were ever written
        self.batch, self.plain, self.fresh = batch, plain, fresh
        self.rng = np.random.default_rng(seed)
        self.queue: queue.Queue = queue.Queue(maxsize=4)

    def keep(self, chips: np.ndarray, targets: np.ndarray) -> None:
        for chip, target in zip(chips, targets):
            at = self.filled % len(self.ring)
            self.ring[at], self.ring_targets[at] = chip, target
            self.filled += 1

    def run(self) -> None:
        rng = self.rng
        while True:
            pick = rng.choice(len(self.chips), 2 * self.fresh, p=self.weights)
            mixes = np.stack([mix(self.chips[a], self.chips[b], rng)
                              for a, b in zip(pick[::2], pick[1::2])])
            known = min(self.filled, len(self.ring))
            plain = self.batch if known < 500 else round(self.batch * self.plain)
            own = rng.choice(len(self.chips), plain, p=self.weights)
            mixed = rng.integers(0, max(known, 1), self.batch - plain)
            images = [spoil(self.chips[i], rng) for i in own] + [spoil(self.ring[i], rng) for i in mixed]
            targets = np.concatenate([self.targets[own], self.ring_targets[mixed]])
            self.queue.put((np.stack(images), targets, mixes))


def worker(args: argparse.Namespace, role: int, net: Student, average: Student, counter: Tensor,
           decay: Tensor, pairs: dict[str, np.ndarray]) -> None:
    """One of the processes that train the same shared weights without waiting for one another.

    One thread each: two threads in one process wait actively for each other inside a step, which is
    slow where the processor is shared. Role 0 also averages, saves and validates.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    everything = np.load(args.work / "chips.npy", mmap_mode="r")
    rows = json.loads((args.work / "faces.json").read_text())["rows"]
    train = np.array([i for i, r in enumerate(rows) if not r["held_out"]])
    people = [rows[i]["person"] for i in train]
    counts = Counter(people)
    weights = np.array([counts[p] ** -0.5 for p in people])     # between photo and person alike
    weights /= weights.sum()
    teacher = Teacher(args.shared / "models/mobilefacenet_ms1m.onnx").to(memory_format=torch.channels_last)
    targets = np.load(args.work / "targets.npy")[train]

    faces, place = np.unique(np.concatenate([pairs["a"], pairs["b"]]), return_inverse=True)
    left, right = place[:len(pairs["a"])], place[len(pairs["a"]):]
    matrices = [p for p in net.parameters() if p.ndim > 1]
    vectors = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": args.weight_decay},
                                   {"params": vectors, "weight_decay": 0.0}], lr=args.rate)
    state = args.work / f"optimizer{role}.pt"
    if state.exists():
        optimizer.load_state_dict(torch.load(state))
    checkpoint = args.work / "student.pt"
    start = int(counter)
    feed = Feed(everything[train], targets, weights, args.ring, args.batch, args.plain, args.fresh,
                args.seed + 100 * start + role)
    feed.start()

    def save() -> None:
        replace(state, optimizer.state_dict())
        if role == 0:
            replace(checkpoint, {"net": net.state_dict(), "average": average.state_dict(),
                                 "step": int(counter), "decay": decay.tolist()})

    def validate(loss: float, rate: float) -> None:
        v = encode(average, everything[faces])
        scores = (v[left] * v[right]).sum(1)
        accuracy, _ = fold_accuracy(scores, pairs["same"], pairs["fold"])
        tar, _ = tar_at(scores, pairs["same"], 0.01)
        new = not args.curve.exists()
        with args.curve.open("a", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            if new:
                writer.writerow(["step", "rate", "loss", "accuracy", "tar_at_far_0.01"])
            writer.writerow([int(counter), f"{rate:.2e}", f"{loss:.4f}", f"{accuracy:.4f}", f"{tar:.4f}"])
        print(f"{time.strftime('%H:%M:%S')} step {int(counter)} loss {loss:.4f} accuracy {accuracy:.4f} "
              f"TAR {tar:.4f}", flush=True)

    parent = os.getppid()
    running, last_save, off = 0.0, time.monotonic(), ~torch.eye(args.batch, dtype=torch.bool)
    mine, done = 0, False
    while not done:
        step = int(counter)
        order = args.work / "decay"
        if role == 0 and decay[0] < 0:
            if order.exists():
                decay[1], decay[0] = int(order.read_text()), step
            elif args.steps and step >= args.steps:
                decay[1], decay[0] = args.decay, step
        rate = args.rate * min(1, (step + 1) / args.warm_up)
        if decay[0] >= 0:
            rate *= max(0.0, 1 - (step - int(decay[0])) / int(decay[1]))
        for group in optimizer.param_groups:
            group["lr"] = rate

        images, wanted, mixes = feed.queue.get()
        feed.keep(mixes, ask(teacher, mixes))
        net.train()
        with torch.autocast("cpu", torch.bfloat16):
            y = net((pixels(images) - 127.5) / 128)
        y = torch.nn.functional.normalize(y.float())
        t = torch.from_numpy(wanted)
        cosine = (1 - (y * t).sum(1)).mean()
        relations = ((y @ y.T - t @ t.T)[off] ** 2).mean()
        loss = cosine + args.relations * relations
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        counter += 1
        mine += 1
        running = cosine.item() if running == 0 else 0.98 * running + 0.02 * cosine.item()
        step = int(counter)
        if role == 0:
            keep = min(args.average, (1 + step) / (10 + step)) ** args.workers
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(), net.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.lerp_(b, 1 - keep)
                    else:
                        a.copy_(b)
        if mine % 50 == 0:
            print(f"{time.strftime('%H:%M:%S')} {step} worker {role} cosine {cosine.item():.4f} running "
                  f"{running:.4f} relations {relations.item():.5f} rate {rate:.1e}", flush=True)
        done = bool(decay[0] >= 0 and step - decay[0] >= decay[1])
        if time.monotonic() - last_save > 120 or done:
            save()
            last_save = time.monotonic()
        if role == 0 and (mine % (args.validate // args.workers) == 0 or done):
            validate(running, rate)
        if role > 0 and os.getppid() != parent:
            break


def replace(path: Path, what: object) -> None:
    aside = path.with_suffix(".tmp")
    torch.save(what, aside)
    os.replace(aside, path)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="learning rate of AdamW")
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--relations", type=float, default=10.0, help="weight of the pairwise loss")
    parser.add_argument("--plain", type=float, default=0.5, help="share of unmixed chips in a batch")
    parser.add_argument("--fresh", type=int, default=4, help="new mixes a step")
    parser.add_argument("--ring", type=int, default=12000, help="mixes a worker keeps for reuse")
    parser.add_argument("--average", type=float, default=0.9993, help="decay of the averaged weights")
    parser.add_argument("--warm-up", type=int, default=300)
    parser.add_argument("--validate", type=int, default=2000, help="steps between validations")
    parser.add_argument("--steps", type=int, default=0, help="start the decay at this step (0: by file only)")
    parser.add_argument("--decay", type=int, default=3000, help="length of the decay started by --steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--curve", type=Path, default=Path(__file__).with_name("curve.csv"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    cache = args.work / "targets.npy"
    if not cache.exists():
        teacher = Teacher(args.shared / "models/mobilefacenet_ms1m.onnx").to(memory_format=torch.channels_last)
        np.save(cache, ask(teacher, np.load(args.work / "chips.npy", mmap_mode="r")))
    torch.manual_seed(args.seed)
    net = Student().to(memory_format=torch.channels_last)
    average = Student().to(memory_format=torch.channels_last)
    average.load_state_dict(net.state_dict())
    counter, decay = torch.zeros((), dtype=torch.int64), torch.tensor([-1, 0])
    checkpoint = args.work / "student.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        net.load_state_dict(saved["net"]), average.load_state_dict(saved["average"])
        counter.fill_(saved["step"]), decay.copy_(torch.tensor(saved["decay"]))
        print("going on from step", int(counter), flush=True)
    net.share_memory(), counter.share_memory_(), decay.share_memory_()
    pairs = draw(args.work)
    context = torch.multiprocessing.get_context("fork")
    others = [context.Process(target=worker, args=(args, role, net, average, counter, decay, pairs))
              for role in range(1, args.workers)]
    for other in others:
        other.start()
    (args.work / "train.pid").write_text(" ".join(str(p) for p in [os.getpid(), *(o.pid for o in others)]))
    worker(args, 0, net, average, counter, decay, pairs)
    for other in others:
        other.join()


if __name__ == "__main__":
    main()
