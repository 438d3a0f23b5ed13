# SPDX-License-Identifier: MIT
"""The starter encoder's network and the teacher's, both for torch."""
from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers -127..127 and one factor a row (output channel)."""
    factor = weight.abs().flatten(1).amax(1).clamp(min=1e-8) / 127
    factor = factor.view(-1, *[1] * (weight.dim() - 1))
    return torch.round(weight / factor), factor


class Block(nn.Module):
    """Residual pair of 3x3 convolutions."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(width, inner, 3, 1, 1, bias=False)
        self.an = nn.BatchNorm2d(inner)
        self.b = nn.Conv2d(inner, width, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.bn(self.b(torch.relu(self.an(self.a(x))))))


class Student(nn.Module):
    """Plain residual network: 112 -> 56 -> 28 -> 14 -> 7 -> 128 numbers. No activation but ReLU."""

    def __init__(self, stem: int = 24, widths: tuple[int, ...] = (48, 96, 192),
                 depths: tuple[int, ...] = (1, 3, 1), inners: tuple[int, ...] | None = None) -> None:
        super().__init__()
        inners = inners or widths
        layers: list[nn.Module] = [nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
        before = stem
        for width, depth, inner in zip(widths, depths, inners):
            layers += [nn.Conv2d(before, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [Block(width, inner) for _ in range(depth)]
            before = width
        self.body = nn.Sequential(*layers)
        self.pool = nn.Conv2d(before, before, 7, groups=before, bias=False)
        nn.init.constant_(self.pool.weight, 1 / 49)
        self.pooled = nn.BatchNorm2d(before)
        self.head = nn.Linear(before, 128)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pooled(self.pool(self.body(x))).flatten(1))


class Teacher(nn.Module):
    """MobileFaceNet, read from its ONNX file; takes pixels 0..255 RGB."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        graph = onnx.load(str(path)).graph
        weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
        self.convs = nn.ModuleList()
        self.plan: list[tuple[str, list[str], str]] = []
        for node in graph.node:
            if node.op_type == "Constant":
                continue
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Conv":
                weight = weights[node.input[1]]
                groups = attributes.get("group", 1)
                conv = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]),
                                 attributes.get("strides", 1), tuple(attributes.get("pads", [0, 0])[:2]),
                                 groups=groups, bias=len(node.input) > 2)
                conv.weight.data = weight
                if len(node.input) > 2:
                    conv.bias.data = weights[node.input[2]]
                self.convs.append(conv)
            self.plan.append((node.op_type, list(node.input), node.output[0]))
        self.first, self.last = graph.input[0].name, graph.output[0].name
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255)
        for p in self.parameters():
            p.requires_grad = False
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        values = {self.first: (pixels - self.mean) / self.scale}
        convs = iter(self.convs)
        for op, inputs, output in self.plan:
            x = values[inputs[0]]
            if op == "Conv":
                values[output] = next(convs)(x)
            elif op == "Clip":
                values[output] = x.clamp(0, 6)
            elif op == "Relu":
                values[output] = x.relu()
            elif op == "Add":
                values[output] = x + values[inputs[1]]
            elif op == "Reshape":
                values[output] = x.flatten(1)
            else:
                raise ValueError(f"teacher uses {op}")
        return values[self.last]
