#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits the statistical face model behind the project's sample people.

The model is a mean face and its principal components: 68 landmarks, and the colours of a face warped onto the mean
shape. What differs between people is told apart from what differs between two photos of one person, so that
a person can be drawn at random and then photographed more than once. Only these sums over thousands of photos
leave this script, rounded to eight bits; no photo and no crop does.

    python3 scripts/sample_people/fit.py --shared ../shared --out tests/support/sample_people.model
"""
import argparse
import glob
import os
import struct
import sys
import zlib

import cv2
import numpy as np

WIDTH, HEIGHT = 144, 198        # the frame that textures are warped to
CHROMA = 3                      # chroma is kept at a third of the frame's resolution
EYE_DISTANCE = 46.0             # between the eyes' centres in the frame, pixels
COMPONENTS = 148
ATTRIBUTES = ["yaw", "pitch", "smile", "open", "lids", "light_x", "light_y"]

# First names that are clearly given to one sex, to find that axis of the model.
WOMEN = """Angelina Anna Ann Anne Barbara Britney Carmen Catherine Christine Cindy Claire Claudia Condoleezza Debra
Diane Donna Elizabeth Emily Emma Gloria Halle Helen Hillary Jane Janet Jacqueline Jennifer Jessica Julia Julianne Julie
Karen Kate Katherine Kathleen Kelly Kim Laura Lindsay Linda Lisa Lucy Maria Martha Mary Megawati Meryl Michelle
Monica Nancy Naomi Natalie Nicole Nina Olivia Pamela Patricia Penelope Rachel Rebecca Renee Rita Roseanne Salma Sandra
Sarah Serena Sharon Sophia Susan Tina Valerie Vanessa Venus Victoria Winona Yoko Amelie Martina Monique""".split()
MEN = """Adam Alan Albert Alexander Andre Andrew Andy Anthony Antonio Arnold Ben Bill Bob Brad Brian Bruce Carl
Carlos Charles Christopher Colin Daniel David Dennis Donald Edward Eric Fernando Fidel Frank Fred Gary George Gerhard
Gerry Gray Guy Hans Harry Henry Howard Hugo Jack Jacques James Jason Jeff Jeremy Jim John Jonathan Jose Joseph Juan
Keith Kevin Larry Luis Mark Martin Matt Matthew Michael Mike Mohammed Nicolas Norm Oscar Patrick Paul Pedro Peter Phil
Pierre Ralph Ray Richard Rick Robert Roger Ronald Rudolph Sam Scott Sean Sergio Silvio Stephen Steve Steven Thomas
Tiger Tim Tom Tommy Tony Vicente Vladimir Walter Warren William""".split()


def log(*what):
    print(*what, file=sys.stderr, flush=True)


def find_landmarks(files, models):
    """68 points and three pose numbers a photo; the mean over the photo and its mirror image, two passes."""
    detector = cv2.FaceDetectorYN.create(
        os.path.join(models, "face_detection_yunet_2021sep_120x160.onnx"), "", (250, 250), 0.6)
    net = cv2.dnn.readNet(os.path.join(models, "landmarks68_slim_160.onnx"))
    mirror = list(range(16, -1, -1)) + list(range(26, 16, -1)) + [27, 28, 29, 30] + [35, 34, 33, 32, 31] + \
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40] + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55] + \
        [64, 63, 62, 61, 60, 67, 66, 65]

    def locate(image, cx, cy, side):
        move = np.float32([[160 / side, 0, 80 - 160 / side * cx], [0, 160 / side, 80 - 160 / side * cy]])
        crop = cv2.warpAffine(image, move, (160, 160), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        both = np.stack([crop, crop[:, ::-1]]).astype(np.float32).transpose(0, 3, 1, 2) / 255   # BGR, 0..1
        outs = []
        for one in both:
            net.setInput(np.ascontiguousarray(one[None]))
            outs.append(net.forward().ravel().copy())
        a = outs[0][:136].reshape(68, 2)
        b = outs[1][:136].reshape(68, 2)[mirror]
        b[:, 0] = 159 / 160 - b[:, 0]
        pose = (outs[0][136:139] + outs[1][136:139] * [1, -1, -1]) / 2
        return (a + b) / 2 * side + [cx - side / 2, cy - side / 2], pose

    points = np.full((len(files), 68, 2), np.nan, np.float32)
    poses = np.zeros((len(files), 3), np.float32)
    for i, name in enumerate(files):
        image = cv2.imread(name)
        detector.setInputSize((image.shape[1], image.shape[0]))
        _, faces = detector.detect(image)
        if faces is None:
            continue
        centre = np.array([image.shape[1], image.shape[0]]) / 2
        x, y, w, h = min(faces, key=lambda f: np.hypot(*(f[:2] + f[2:4] / 2 - centre)) - f[2] / 2)[:4]
        found, _ = locate(image, x + w / 2, y + h / 2, max(w, h) * 1.05)
        low, high = found.min(0), found.max(0)
        points[i], poses[i] = locate(image, *((low + high) / 2), max(high - low) * 1.3)
        if i % 1000 == 0:
            log("landmarks", i)
    return points, poses


def similarity(source, target, weight=None):
    """The similarity a*z+b that moves source onto target, in complex numbers."""
    s, t = source[..., 0] + 1j * source[..., 1], target[..., 0] + 1j * target[..., 1]
    w = np.ones(s.shape[-1]) if weight is None else weight
    w = w / w.sum()
    ms, mt = (s * w).sum(-1, keepdims=True), (t * w).sum(-1, keepdims=True)
    a = ((t - mt) * np.conj(s - ms) * w).sum(-1, keepdims=True) / (np.abs(s - ms) ** 2 * w).sum(-1, keepdims=True)
    return a, mt - a * ms


def align(points, weight=None):
    """Procrustes: every shape moved onto the mean shape, which has its eyes level at EYE_DISTANCE."""
    mean = points[0].astype(np.float64)
    for _ in range(6):
        a, b = similarity(points, mean[None], weight)
        z = a * (points[..., 0] + 1j * points[..., 1]) + b
        m = z.mean(0)
        left, right = m[36:42].mean(), m[42:48].mean()
        m = (m - (left + right) / 2) * EYE_DISTANCE / (right - left)
        mean = np.stack([m.real, m.imag], -1)
    a, b = similarity(points, mean[None], weight)
    z = a * (points[..., 0] + 1j * points[..., 1]) + b
    return np.stack([z.real, z.imag], -1), mean


def outer_points():
    """Weights (n × 68) that give points around the face (ears, hair, under the chin) from the landmarks."""
    rows = []

    def row(terms):
        r = np.zeros(68)
        for index, value in terms:
            r[index] += value
        return r

    middle = row([(0, .25), (16, .25), (27, .5)])
    across = row([(16, .5), (0, -.5)])
    up = row([(27, 1), (8, -1)])                       # chin to the bridge of the nose
    for i in range(0, 17):                             # beside and under the jaw
        rows.append(middle + 1.25 * (row([(i, 1)]) - middle))
    for reach, height in ((0.98, 0.62), (1.28, 1.04)):   # forehead, then hair
        for angle in np.linspace(20, 160, 7):
            rows.append(middle + across * reach * np.cos(np.radians(angle)) + up * height * np.sin(np.radians(angle)))
    return np.array(rows)


def triangulate(points):
    box = (int(points[:, 0].min()) - 10, int(points[:, 1].min()) - 10)
    size = (int(np.ptp(points[:, 0])) + 30, int(np.ptp(points[:, 1])) + 30)
    division = cv2.Subdiv2D((*box, *size))
    for p in points:
        division.insert((float(p[0]), float(p[1])))
    triangles = []
    for t in division.getTriangleList().reshape(-1, 3, 2):
        ids = [int(np.argmin(((points - v) ** 2).sum(1))) for v in t]
        if all(((points[k] - v) ** 2).sum() < .01 for k, v in zip(ids, t)):
            triangles.append(ids)
    return np.array(triangles, np.int32)


def frame_weights(points, triangles):
    """For each frame pixel: its triangle's three corners and barycentric weights; -1 outside the mesh."""
    index = np.full((HEIGHT, WIDTH, 3), -1, np.int32)
    weight = np.zeros((HEIGHT, WIDTH, 3))
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    for t in triangles:
        (x0, y0), (x1, y1), (x2, y2) = points[t]
        d = (y1 - y2) * (x0 - x2) + (x2 - x1) * (y0 - y2)
        a = ((y1 - y2) * (xs - x2) + (x2 - x1) * (ys - y2)) / d
        b = ((y2 - y0) * (xs - x2) + (x0 - x2) * (ys - y2)) / d
        c = 1 - a - b
        inside = (a >= -1e-6) & (b >= -1e-6) & (c >= -1e-6)
        index[inside] = t
        weight[inside] = np.stack([a, b, c], -1)[inside]
    return index, weight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="folder with faces/lfw and models/")
    parser.add_argument("--out", default="tests/support/sample_people.model")
    parser.add_argument("--cache", help="folder to keep landmarks and textures in between runs")
    args = parser.parse_args()
    cv2.setNumThreads(2)

    files = sorted(glob.glob(os.path.join(args.shared, "faces", "lfw", "*", "*.jpg")))
    if not files:
        sys.exit("no photos under " + args.shared)
    names = np.array([os.path.basename(os.path.dirname(f)) for f in files])

    cache = args.cache and os.path.join(args.cache, "landmarks.npz")
    if cache and os.path.exists(cache):
        loaded = np.load(cache)
        points, poses = loaded["points"], loaded["poses"]
    else:
        points, poses = find_landmarks(files, os.path.join(args.shared, "models"))
        if cache:
            np.savez(cache, points=points, poses=poses)

    # Keep frontal faces whose landmarks look like a face's.
    good = np.isfinite(points).all((1, 2))
    shapes = np.zeros_like(points, np.float64)
    shapes[good], mean = align(points[good].astype(np.float64))
    flat = shapes.reshape(len(files), -1)
    yaw = (shapes[:, 30, 0] - (shapes[:, 0, 0] + shapes[:, 16, 0]) / 2) / EYE_DISTANCE
    _, values, axes = np.linalg.svd(flat[good] - flat[good].mean(0), full_matrices=False)
    keep = values[:24] / np.sqrt(good.sum())
    odd = ((flat - flat[good].mean(0)) @ axes[:24].T / keep)
    odd = (odd ** 2).sum(1)
    good &= (np.abs(yaw - yaw[good].mean()) < 0.36) & (odd < np.quantile(odd[good], 0.96))
    files = [f for f, g in zip(files, good) if g]
    points, poses, names = points[good].astype(np.float64), poses[good], names[good]
    shapes, mean = align(points)
    log("photos kept", len(files), "people", len(set(names)))

    # The mean shape made symmetric, placed in the frame.
    outer = outer_points()
    mirror = list(range(16, -1, -1)) + list(range(26, 16, -1)) + [27, 28, 29, 30] + [35, 34, 33, 32, 31] + \
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40] + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55] + \
        [64, 63, 62, 61, 60, 67, 66, 65]
    mean = (mean + mean[mirror] * [-1, 1]) / 2
    hull = np.vstack([mean, outer @ mean])
    shift = np.array([WIDTH / 2 - .5, 1.0 - hull[:, 1].min()])
    mean = mean + shift
    everything = np.vstack([mean, outer @ mean])
    log("mesh spans", everything.min(0).round(1), everything.max(0).round(1), "frame", WIDTH, HEIGHT)
    triangles = triangulate(everything)
    index, weight = frame_weights(everything, triangles)
    mask = index[..., 0] >= 0
    coarse = cv2.resize(mask.astype(np.float32), (WIDTH // CHROMA, HEIGHT // CHROMA), interpolation=cv2.INTER_AREA) > .5
    log("mask pixels", mask.sum(), coarse.sum())

    cache = args.cache and os.path.join(args.cache, "textures.npy")
    if cache and os.path.exists(cache):
        textures = np.load(cache)
    else:
        textures = np.zeros((len(files), int(mask.sum()) + 2 * int(coarse.sum())), np.uint8)
        inside, w = index[mask], weight[mask][..., None]
        for i, name in enumerate(files):
            image = cv2.imread(name)
            all_points = np.vstack([points[i], outer @ points[i]])
            at = (all_points[inside] * w).sum(1).astype(np.float32)
            grid = np.full((HEIGHT, WIDTH, 2), -1, np.float32)
            grid[mask] = at
            warped = cv2.remap(image, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            warped = cv2.cvtColor(warped, cv2.COLOR_BGR2YCrCb)
            small = cv2.resize(warped, (WIDTH // CHROMA, HEIGHT // CHROMA), interpolation=cv2.INTER_AREA)
            textures[i] = np.concatenate([warped[..., 0][mask], small[..., 1][coarse], small[..., 2][coarse]])
            if i % 1000 == 0:
                log("textures", i)
        if cache:
            np.save(cache, textures)

    fit(args.out, names, points, poses, mean, outer, triangles, mask, coarse, textures)


def fit(out, names, points, poses, mean, outer, triangles, mask, coarse, textures):
    count, luma = len(names), int(mask.sum())
    a, b = similarity(points, mean[None])
    z = a * (points[..., 0] + 1j * points[..., 1]) + b
    shapes = np.stack([z.real, z.imag], -1)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    ys, xs = ys[mask], xs[mask]
    x_unit = (xs - WIDTH / 2) / EYE_DISTANCE
    eye_row = mean[36:48, 1].mean()
    y_unit = (ys - (eye_row + mean[57, 1]) / 2) / EYE_DISTANCE
    # Skin: inside the jaw and below the brows.
    skin = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillConvexPoly(skin, cv2.convexHull(np.vstack([mean[2:15], mean[17:27]]).astype(np.int32)), 1)
    skin = skin[mask] > 0

    light = textures[:, :luma].astype(np.float32)
    gap = lambda p, q: np.hypot(*(shapes[:, p] - shapes[:, q]).T) / EYE_DISTANCE
    face = light[:, skin]
    attributes = np.stack([
        poses[:, 1],
        poses[:, 0],
        gap(48, 54),
        gap(62, 66),
        (gap(37, 41) + gap(38, 40) + gap(43, 47) + gap(44, 46)) / 4,
        (face * x_unit[skin]).mean(1) / face.mean(1),
        (face * (y_unit[skin] - y_unit[skin].mean())).mean(1) / face.mean(1)], 1).astype(np.float64)
    # The direction of yaw is taken from the nose's place between the jaws, the network's sign being its own.
    nose = (shapes[:, 30, 0] - (shapes[:, 0, 0] + shapes[:, 16, 0]) / 2) / EYE_DISTANCE
    log("network pose against the nose's place: yaw", np.corrcoef(nose, poses[:, 1])[0, 1].round(3))
    attributes[:, 0] = nose
    centre, spread = attributes.mean(0), attributes.std(0)
    attributes = (attributes - centre) / spread

    # One vector a photo: texture, and shape scaled to weigh as much as the texture does.
    shape_vectors = (shapes - mean).reshape(count, -1).astype(np.float32)
    texture_mean = textures.mean(0, dtype=np.float64).astype(np.float32)
    data = textures.astype(np.float32)
    data -= texture_mean
    # The face counts more than the hair and the background around it.
    importance = np.full(data.shape[1], 1.0, np.float32)
    ring = np.zeros((HEIGHT, WIDTH), np.float32)
    hull = np.vstack([mean[:17], (outer @ mean)[17:24]])
    cv2.fillConvexPoly(ring, cv2.convexHull(hull.astype(np.int32)), 1.0)
    ring = 0.2 + 0.8 * cv2.GaussianBlur(ring, (0, 0), 3)
    importance[:luma] = ring[mask]
    importance[luma:] = np.tile(cv2.resize(ring, (WIDTH // CHROMA, HEIGHT // CHROMA))[coarse], 2) * 2.0
    data *= importance
    energy = (data ** 2).sum(1).mean()
    shape_scale = np.sqrt(0.5 * energy / (shape_vectors.astype(np.float64) ** 2).sum(1).mean()).astype(np.float32)
    data = np.hstack([data, (shape_vectors - shape_vectors.mean(0)) * shape_scale])

    people, owner, photos = np.unique(names, return_inverse=True, return_counts=True)

    def within(values):
        """Each row less its person's mean, and the rows of people with two photos or more."""
        sums = np.zeros((len(people), values.shape[1]), np.float64)
        np.add.at(sums, owner, values)
        chosen = photos[owner] > 1
        return values[chosen] - (sums / photos[:, None])[owner[chosen]], chosen

    # What a turned head, a smile or a light does, learned from photos of the same person.
    attr_within, chosen = within(attributes)
    left = np.linalg.solve(attr_within.T @ attr_within + 1e-3 * np.eye(len(ATTRIBUTES)), attr_within.T)   # q × n
    # left @ (data − person mean) without forming that matrix: the person mean's part cancels as attr_within sums to 0.
    effect = (left.astype(np.float32) @ data[chosen]).astype(np.float32)
    data -= attributes.astype(np.float32) @ effect

    # Principal components, by a randomised range finder with power steps.
    rng = np.random.default_rng(5)
    data -= data.mean(0)
    basis = data.T @ rng.standard_normal((count, COMPONENTS + 40)).astype(np.float32)
    for _ in range(4):
        basis, _ = np.linalg.qr(basis)
        basis = data.T @ (data @ basis)
    basis, _ = np.linalg.qr(basis)
    scores = data @ basis
    _, values, turn = np.linalg.svd(scores - scores.mean(0), full_matrices=False)
    basis = (basis @ turn.T)[:, :COMPONENTS]
    scores = data @ basis
    log("variance kept", float((scores ** 2).sum() / (data ** 2).sum()))
    sd = scores.std(0)

    # Between people and within one person.
    w_rows, w_chosen = within(scores.astype(np.float64))
    per = 1.0 / (photos[owner[w_chosen]] - 1)
    # each person weighs the same
    within_cov = (w_rows * per[:, None]).T @ w_rows / (photos > 1).sum()
    weight = 1.0 / photos[owner]
    centred = scores - np.average(scores, 0, weight)
    total_cov = (centred * weight[:, None]).T @ centred / weight.sum()
    between_cov = total_cov - within_cov

    def root(cov, rank):
        value, vector = np.linalg.eigh(cov)
        order = np.argsort(value)[::-1][:rank]
        return vector[:, order] * np.sqrt(np.maximum(value[order], 0))

    value = np.linalg.eigvalsh(between_cov)[::-1]
    log("between-people eigenvalues above zero:", int((value > 0).sum()), "share",
        float(value[value > 0].sum() / np.trace(total_cov)))
    identity = root(between_cov, 90)
    variation = root(within_cov, 60)
    log("identity share kept", float((identity ** 2).sum() / value[value > 0].sum()))

    # Axes of identity: the sex that first names tell, and how light the skin is.
    means = np.zeros((len(people), COMPONENTS))
    np.add.at(means, owner, scores)
    means /= photos[:, None]
    inverse = np.linalg.pinv(identity)
    coords = (inverse @ means.T).T
    first = np.array([p.split("_")[0] for p in people])
    sex = np.where(np.isin(first, WOMEN), 1.0, np.where(np.isin(first, MEN), -1.0, 0.0))
    log("women", int((sex > 0).sum()), "men", int((sex < 0).sum()))
    women, men = coords[sex > 0], coords[sex < 0]
    pooled = np.cov(np.vstack([women - women.mean(0), men - men.mean(0)]).T)
    axis_sex = np.linalg.solve(pooled + 0.5 * np.eye(90), women.mean(0) - men.mean(0))
    axis_sex /= np.linalg.norm(axis_sex)
    log("sex axis: women", (women @ axis_sex).mean().round(2), "men", (men @ axis_sex).mean().round(2),
        "accuracy", (((women @ axis_sex) > (coords @ axis_sex)[sex != 0].mean()).mean().round(3)))
    # Skin: luma of the cheeks as the model draws it.
    cheek = (basis[:luma] / importance[:luma, None])[skin].mean(0)
    axis_skin = identity.T @ cheek
    luma_sd = np.linalg.norm(axis_skin)
    axis_skin /= luma_sd
    log("skin axis: one sd is", luma_sd.round(1), "grey levels; mean", texture_mean[:luma][skin].mean().round(1))

    # Bytes.
    texture_basis = (basis[:-136] / importance[:, None]) * sd     # one standard deviation per component
    shape_basis = basis[-136:] / shape_scale * sd
    effect_texture, effect_shape = effect[:, :-136] / importance, effect[:, -136:] / shape_scale
    rows = np.vstack([effect_texture, texture_basis.T])
    scales = np.abs(rows).max(1) / 127
    quantised = np.rint(rows / scales[:, None]).astype(np.int8)
    blob = bytearray()

    def put(array, kind):
        blob.extend(np.ascontiguousarray(array, dtype=kind).tobytes())

    put([WIDTH, HEIGHT, CHROMA, len(outer), len(triangles), len(ATTRIBUTES), COMPONENTS, identity.shape[1],
         variation.shape[1], luma, int(coarse.sum())], "<u4")
    put(mean + shape_vectors.mean(0).reshape(68, 2), "<f4")
    put(mean, "<f4")
    put(outer, "<f4")
    put(triangles, "<u2")
    put(np.packbits(mask.ravel()), "u1")
    put(np.packbits(coarse.ravel()), "u1")
    put(np.rint(texture_mean * 256), "<u2")
    put(np.vstack([effect_shape, shape_basis.T]), "<f4")
    put((identity / sd[:, None]), "<f4")
    put((variation / sd[:, None]), "<f4")
    put(axis_sex, "<f4")
    put(axis_skin, "<f4")
    put([women.dot(axis_sex).mean(), men.dot(axis_sex).mean()], "<f4")
    put(scales, "<f4")
    put(quantised, "i1")
    head = struct.pack("<8sIII", b"MIENFACE", 1, len(blob), zlib.crc32(bytes(blob)))
    with open(out, "wb") as f:
        f.write(head + bytes(blob))
    log("wrote", out, len(head) + len(blob), "bytes")


if __name__ == "__main__":
    main()
