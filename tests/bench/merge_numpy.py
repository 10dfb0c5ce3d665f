#!/usr/bin/env python3
"""merge_numpy.py BASE ADAPTER DESTINATION: merges a PEFT adapter of one pair per linear into a BF16 checkpoint with numpy.

What bench_merge.py compares `rule-runner merge` with: the plain program that one would write. It goes through the base tensor by tensor,
computes W + scale * B @ A in float32, rounds once to nearest even, and writes files of the same names, synced at the end.
"""
import json
import os
import pathlib
import struct
import sys

import numpy as np


def header_of(path):
    """({key: (dtype, shape, begin, size)} in the order of the file, without its metadata; the bytes of the header)"""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        text = file.read(size)
    tensors = {}
    for key, entry in json.loads(text).items():
        if key != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[key] = (entry["dtype"], entry["shape"], 8 + size + begin, end - begin)
    return dict(sorted(tensors.items(), key=lambda item: item[1][2])), struct.pack("<Q", size) + text


def float32_of(raw, dtype):
    if dtype == "F32":
        return raw.view(np.float32)
    assert dtype == "BF16", dtype
    wide = raw.view(np.uint16).astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def bfloat16_of(values):
    """Rounds to nearest even; overwrites `values`, which are finite."""
    bits = values.view(np.uint32)
    odd = bits >> 16
    odd &= 1
    odd += 0x7FFF
    bits += odd
    bits >>= 16
    return bits.astype(np.uint16)


class Adapter:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "adapter_config.json").read_text())
        self.scale = np.float32(config["lora_alpha"] / config["r"])
        self.path = folder / "adapter_model.safetensors"
        self.tensors, _ = header_of(self.path)

    def load(self, key):
        dtype, shape, begin, size = self.tensors[key]
        return float32_of(np.fromfile(self.path, np.uint8, size, offset=begin), dtype).reshape(shape)

    def factors(self, weight):
        """(A, B) of a weight; None where it has none"""
        name = "base_model.model." + weight.removesuffix(".weight")
        if f"{name}.lora_A.weight" not in self.tensors:
            return None
        return self.load(f"{name}.lora_A.weight"), self.load(f"{name}.lora_B.weight")


def merge(source, adapter, destination):
    tensors, header = header_of(source)
    with open(source, "rb") as reader, open(destination, "wb") as writer:
        writer.write(header)
        for key, (dtype, shape, begin, size) in tensors.items():
            writer.write(b"\0" * (begin - writer.tell()))
            reader.seek(begin)
            raw = np.fromfile(reader, np.uint8, size)
            factors = adapter.factors(key)
            if factors is not None:
                a, b = factors
                weight = float32_of(raw, dtype).reshape(shape)
                delta = b @ a
                delta *= adapter.scale
                weight += delta
                raw = bfloat16_of(weight)
            raw.tofile(writer)
        writer.flush()
        os.fsync(writer.fileno())


def main():
    base, folder, destination = map(pathlib.Path, sys.argv[1:])
    adapter = Adapter(folder)
    destination.mkdir()
    for source in sorted(base.glob("*.safetensors")):
        merge(source, adapter, destination / source.name)


if __name__ == "__main__":
    main()
