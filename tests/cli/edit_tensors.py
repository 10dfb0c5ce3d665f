#!/usr/bin/env python3
"""edit_tensors.py IN OUT ACTION...: copies a checkpoint (a file or folder) into one file, changed.

drop KEY      leaves a tensor out
copy KEY NEW  has a tensor once more under another name
flat KEY      gives a tensor one dimension
flip KEY      changes a bit of the fourth element of 16 bits
"""
import json
import math
import pathlib
import struct
import sys

from same_tensors import load


def save(path, tensors):
    header, body = {}, b""
    for key, (dtype, shape, data) in sorted(tensors.items()):
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def main():
    source, destination, *actions = sys.argv[1:]
    tensors = load(source)
    while actions:
        action, key, *actions = actions
        if action == "drop":
            del tensors[key]
        elif action == "copy":
            tensors[actions.pop(0)] = tensors[key]
        elif action == "flat":
            dtype, shape, data = tensors[key]
            tensors[key] = (dtype, [math.prod(shape)], data)
        elif action == "flip":
            dtype, shape, data = tensors[key]
            tensors[key] = (dtype, shape, data[:6] + bytes([data[6] ^ 1]) + data[7:])
        else:
            sys.exit(f"no action is called {action}")
    save(pathlib.Path(destination), tensors)


if __name__ == "__main__":
    main()
