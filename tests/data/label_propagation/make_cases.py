#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes cases.json beside itself: what scikit-learn's PCA(0.90) and LabelPropagation() say.

usage: make_cases.py        (Debian's python3-sklearn; the numbers are from version 1.2.1)

Each case has people's points, probes, and for each probe two answers:
- "asked": predict_proba() of a model that was fitted to the people once;
- "refitted": the distribution of the probe where it joins them as an unlabelled point (-1) and the model is fitted
  again, as the older face services did for every upload.
"""
import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.semi_supervised import LabelPropagation

# name, people, points of each, numbers of a point, spread, unit length
CASES = [
    ("narrow", 5, [12] * 5, 6, 0.25, False),
    ("wide", 4, [5] * 4, 32, 0.12, True),
    ("uneven", 6, [1, 2, 3, 5, 8, 13], 16, 0.15, True),
    ("overlapping", 3, [15] * 3, 8, 0.5, True),
]


def points_around(random, centres, counts, spread, unit):
    rows = [centre + spread * random.standard_normal(len(centre)) for centre, n in zip(centres, counts) for _ in range(n)]
    rows = np.array(rows)
    if unit:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32).astype(np.float64)


def make_case(number, name, people, counts, dim, spread, unit):
    random = np.random.default_rng(number)
    centres = random.standard_normal((people, dim))
    if unit:
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    points = points_around(random, centres, counts, spread, unit)
    labels = np.repeat(np.arange(people), counts)
    strangers = random.standard_normal((2, dim))
    halfway = (centres[:1] + centres[1:2]) / 2
    probes = points_around(random, np.vstack([centres[:4], halfway, strangers]), [1] * 7, spread, unit)[: 4 + 3]

    pca = PCA(0.90).fit(points)
    known = pca.transform(points)
    asked = LabelPropagation().fit(known, labels).predict_proba(pca.transform(probes))
    refitted = []
    for probe in pca.transform(probes):
        model = LabelPropagation().fit(np.vstack([known, probe]), np.append(labels, -1))
        refitted.append(model.label_distributions_[-1])
    return {
        "name": name,
        "dim": dim,
        "components": int(pca.n_components_),
        "labels": labels.tolist(),
        "points": points.ravel().astype(np.float32).tolist(),
        "probes": probes.ravel().astype(np.float32).tolist(),
        "asked": np.round(asked, 8).ravel().tolist(),
        "refitted": np.round(np.array(refitted), 8).ravel().tolist(),
    }


def shorten(value):
    return [float(f"{x:.9g}") if isinstance(x, float) else x for x in value] if isinstance(value, list) else value


cases = [{key: shorten(value) for key, value in make_case(i, *case).items()} for i, case in enumerate(CASES, 1)]
text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
(Path(__file__).parent / "cases.json").write_text(f"[{text}]\n", encoding="ascii")
