#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a checkpoint as ONNX: batch norms folded, weights in 8 bits, checked in cv2.dnn."""
from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from common import options
from student import Block, Student, quantise


class Writer:
    """Collects nodes and weights of a chain with shortcuts."""

    def __init__(self, small: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.small = small
        self.count = 0

    def add(self, op: str, inputs: list[str], **attributes: object) -> str:
        self.count += 1
        output = f"v{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def tensor(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def linear(self, op: str, x: str, weight: torch.Tensor, bias: torch.Tensor, **attributes: object) -> str:
        """A convolution or product whose weights are stored in 8 bits with one factor a row.

        OpenCV 4.6 reads no half-precision weights, but it folds a Cast of a constant while it reads the
        file, and the per-channel Mul into the convolution when the network is prepared.
        """
        w, b = weight.detach().numpy(), bias.detach().numpy()
        if not self.small:
            return self.add(op, [x, self.tensor(w), self.tensor(b)], **attributes)
        q, factor = quantise(weight.detach())
        shape = (1, -1, 1, 1) if w.ndim == 4 else (1, -1)
        factors = factor.numpy().reshape(-1)
        name = self.add("Cast", [self.tensor(q.numpy().astype(np.int8))], to=TensorProto.FLOAT)
        y = self.add(op, [x, name, self.tensor(b / factors)], **attributes)
        return self.add("Mul", [y, self.tensor(factors.reshape(shape))])

    def conv(self, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> str:
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = conv.weight * scale[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        pad = conv.padding[0]
        return self.linear("Conv", x, weight, bias, kernel_shape=list(conv.kernel_size),
                           strides=list(conv.stride), pads=[pad] * 4, group=conv.groups)


def to_onnx(net: Student, small: bool) -> onnx.ModelProto:
    net.eval()
    out = Writer(small)
    x = "chip"
    modules = list(net.body)
    while modules:
        module = modules.pop(0)
        if isinstance(module, nn.Conv2d):
            x = out.conv(x, module, modules.pop(0))
        elif isinstance(module, nn.ReLU):
            x = out.add("Relu", [x])
        elif isinstance(module, Block):
            inner = out.add("Relu", [out.conv(x, module.a, module.an)])
            x = out.add("Relu", [out.add("Add", [out.conv(inner, module.b, module.bn), x])])
    x = out.add("Flatten", [out.conv(x, net.pool, net.pooled)], axis=1)
    out.linear("Gemm", x, net.head.weight, net.head.bias, transB=1)
    out.nodes[-1].output[0] = "encoding"
    graph = helper.make_graph(
        out.nodes, "mien-starter",
        [helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("encoding", TensorProto.FLOAT, [1, 128])], out.weights)
    model = helper.make_model(graph, producer_name="mien", opset_imports=[helper.make_opsetid("", 11)])
    model.ir_version = 6
    return model


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--checkpoint", type=Path, help="default: WORK/student.pt")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2]
                        / "lib/mien/encode/starter/starter_encoder.onnx")
    parser.add_argument("--float32", action="store_true", help="keep full precision")
    args = parser.parse_args()
    saved = torch.load(args.checkpoint or args.work / "student.pt")
    net = Student()
    net.load_state_dict(saved["average"])
    aside = args.out.with_suffix(".tmp")
    aside.write_bytes(to_onnx(net, not args.float32).SerializeToString())
    cv2.setNumThreads(1)
    opencv = cv2.dnn.readNetFromONNX(str(aside))
    generator = torch.Generator().manual_seed(1)
    worst = 1.0
    for _ in range(20):
        x = torch.nn.functional.interpolate(torch.randn(1, 3, 14, 14, generator=generator), 112,
                                            mode="bilinear", align_corners=False)
        opencv.setInput(x.numpy())
        ours, theirs = opencv.forward()[0], net(x).detach().numpy()[0]
        worst = min(worst, float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)))
    print(f"step {saved['step']}: {aside.stat().st_size} bytes, worst cosine to torch {worst:.6f}")
    if worst < (0.99999 if args.float32 else 0.995):
        raise SystemExit("cv2.dnn and torch disagree")
    os.replace(aside, args.out)


if __name__ == "__main__":
    main()
