#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes pickles as the old services and their libraries write them, for the tests of the reader.

usage: make_pickles.py FOLDER

store_FORM_PROTOCOL.pickle   a store of two people in three photos, see faces(); FORM is how it keeps numbers and labels
values_PROTOCOL.pickle       a list of pairs (what it is, and the same as plain numbers and texts)
Those with numpy2 in their names have the names of modules that numpy 2 writes.
"""
import pickle
import pickletools
import sys
from pathlib import Path

import numpy
from sklearn.preprocessing import LabelEncoder


def faces(dim: int = 128) -> list[dict]:
    """The encodings are float32 numbers, which is what dlib's network gives."""
    labels = ["Ada", "Zoé", "Ada"]
    return [{"imagePath": f"../dataset_training/{label}{i}.jpg", "loc": (10 + i, 110, 120, 20), "label": label,
             "encoding": [float(numpy.float32(numpy.sin(1 + i * dim + j))) for j in range(dim)]}
            for i, label in enumerate(labels)]


def store(form: str) -> object:
    entries = faces()
    encoder = LabelEncoder()
    numbers = encoder.fit_transform([entry["label"] for entry in entries])
    if form == "service":  # as create_training_encodings.py leaves it, and /confirm/ the last entry
        for entry, number in zip(entries, numbers):
            entry["label"] = int(number)
        entries[-1]["label"] = numbers[-1]
        return {"encodings": entries, "label_encoder": {"classes_": encoder.classes_.tolist()}}
    if form == "arrays":
        for entry, number in zip(entries, numbers):
            entry.update(label=number, encoding=numpy.array(entry["encoding"]), loc=numpy.array(entry["loc"]))
        return {"encodings": entries, "label_encoder": encoder}
    if form == "objects":
        for entry in entries:
            entry.update(label=numpy.str_(entry["label"]), encoding=numpy.array(entry["encoding"], ">f4"))
        encoder.fit(numpy.array([entry["label"] for entry in entries], dtype=object))
        return {"encodings": entries, "label_encoder": encoder}
    return entries  # "list": a list and nothing else


def values() -> list[tuple[object, object]]:
    grid = numpy.arange(6).reshape(2, 3)
    arrays = [(grid.astype(kind), grid.tolist()) for kind in
              ("<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<i8", ">i4", "<i2", "<u2", "i1", "u1")]
    arrays += [(numpy.asfortranarray(grid.astype(kind)), grid.tolist()) for kind in ("<f8", ">f4")]
    arrays += [(grid.astype("<f8")[:, ::2], [[0, 2], [3, 5]]), (grid.astype("<f8").T, grid.T.tolist())]
    arrays += [(numpy.array([True, False]), [1, 0]), (numpy.array([], "<f8"), [])]
    arrays += [(numpy.array(["Ada", "Zoé", "", "\U0001F600"]), ["Ada", "Zoé", "", "\U0001F600"]),
               (numpy.array(["é"], ">U3"), ["é"]), (numpy.array([b"Ada", b"x"]), ["Ada", "x"]),
               (numpy.array(["Ada", 3, None], dtype=object), ["Ada", 3, None])]
    scalars = [(numpy.float32(1.5), 1.5), (numpy.float64(-2.25), -2.25), (numpy.int64(-3), -3), (numpy.uint8(200), 200),
               (numpy.str_("Zoé"), "Zoé"), (numpy.bool_(True), 1)]
    plain = [(0, 0), (-1, -1), (255, 255), (65536, 65536), (-2**31, -2**31), (2**63 - 1, 2**63 - 1), (True, 1), (1e300, 1e300),
             ("", ""), ("naïve\n\\u0041\x00", "naïve\n\\u0041\x00"), ("a" * 70000, "a" * 70000)]
    return arrays + scalars + plain


def as_numpy_2(data: bytes) -> bytes:
    """The names that numpy 2 writes: longer by one, so that lengths and frames are written anew."""
    for module in (b"numpy.core.multiarray", b"numpy.core.numeric"):
        renamed = module.replace(b".core", b"._core")
        data = data.replace(b"\x8c" + bytes([len(module)]) + module, b"\x8c" + bytes([len(renamed)]) + renamed)
        data = data.replace(b"c" + module + b"\n", b"c" + renamed + b"\n")
    return pickletools.optimize(data)


def main() -> None:
    folder = Path(sys.argv[1])
    for protocol in range(6):
        files = {f"store_{form}_{protocol}": store(form) for form in ("service", "arrays", "objects", "list")}
        files[f"values_{protocol}"] = values()
        files[f"bytes_{protocol}"] = [b"", b"abc", bytes(range(256)) * 300]
        for name, content in files.items():
            data = pickle.dumps(content, protocol)
            folder.joinpath(name + ".pickle").write_bytes(data)
            folder.joinpath(name + "_numpy2.pickle").write_bytes(as_numpy_2(data))
            # Python's other pickler, which memoizes and frames a little differently
            folder.joinpath(name + "_python.pickle").write_bytes(pickle._dumps(content, protocol))


if __name__ == "__main__":
    main()
