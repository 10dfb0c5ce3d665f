#!/usr/bin/env python3
"""same_tensors.py A B: exit 0 when two checkpoints (files or folders) hold the same keys, dtypes, shapes and bytes."""
import json
import pathlib
import struct
import sys


def load(path):
    """{key: (dtype, shape, bytes)}"""
    path = pathlib.Path(path)
    tensors = {}
    for file in sorted(path.glob("*.safetensors")) if path.is_dir() else [path]:
        blob = file.read_bytes()
        (size,) = struct.unpack("<Q", blob[:8])
        for key, entry in json.loads(blob[8 : 8 + size]).items():
            if key == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            tensors[key] = (entry["dtype"], entry["shape"], blob[8 + size + begin : 8 + size + end])
    return tensors


def main():
    a, b = load(sys.argv[1]), load(sys.argv[2])
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) != b.get(key):
            what = "differs" if key in a and key in b else f"is only in {sys.argv[1 if key in a else 2]}"
            sys.exit(f"{key} {what}")
    if not a:
        sys.exit(f"{sys.argv[1]} holds no tensors")
    print(f"{len(a)} tensors are the same")


if __name__ == "__main__":
    main()
