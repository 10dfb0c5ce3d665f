#!/usr/bin/env python3
"""run_code.py CODE IN OUT: what the code of `explain --stage numpy` makes of IN is what OUT holds, to the last byte."""
import sys

import numpy
from same_tensors import load

WORDS = {"BF16": "<u2", "F16": "<u2", "F32": "<u4", "F64": "<u8"}


def arrays(path):
    return {key: numpy.frombuffer(data, WORDS[dtype]).reshape(shape) for key, (dtype, shape, data) in load(path).items()}


def main():
    code, source, destination = sys.argv[1:]
    names = {}
    exec(compile(open(code).read(), code, "exec"), names)
    made, wanted = names["convert"](arrays(source)), arrays(destination)
    if made.keys() != wanted.keys():
        sys.exit(f"keys of one side only: {sorted(made.keys() ^ wanted.keys())[:8]}")
    for key, want in wanted.items():
        if made[key].shape != want.shape or not numpy.array_equal(made[key], want):
            sys.exit(f"{key} differs")


main()
