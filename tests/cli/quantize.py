#!/usr/bin/env python3
"""quantize.py FORMAT SOURCE QUANTISED PLAIN [ROWS COLUMNS]: two made-up folders with the keys of a checkpoint: one in which the
projections are quantised (by random codes, every code among them), and one that holds their values, rounded to BF16.

The values follow the texts of the formats (OCP FP8 and MX), not the program: this is the other opinion. ROWS and COLUMNS are the
blocks of fp8-block.
"""
import json
import math
import pathlib
import random
import re
import struct
import sys

from edit_tensors import save
from same_tensors import load


def minifloat(code, exponents, mantissas):
    """The number that a small float's code means: IEEE 754's rules, without infinities."""
    sign = -1.0 if code >> (exponents + mantissas) else 1.0
    exponent, mantissa = code >> mantissas & (1 << exponents) - 1, code & (1 << mantissas) - 1
    bias = (1 << exponents - 1) - 1
    if exponent == 0:
        return sign * mantissa * 2.0 ** (1 - bias - mantissas)
    return sign * (1 + mantissa / (1 << mantissas)) * 2.0 ** (exponent - bias)


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bf16(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return bits + 0x7FFF + (bits >> 16 & 1) >> 16


E4M3 = {c: minifloat(c, 4, 3) for c in range(256) if c & 0x7F != 0x7F}
E2M1 = {c: minifloat(c, 2, 1) for c in range(16)}
INT4 = {c: float(c - 8) for c in range(16)}
F32 = ("F32", lambda rng: f32(rng.uniform(1e-3, 2.0)), lambda s: struct.pack("<f", s))
BF16 = ("BF16", lambda rng: struct.unpack("<f", struct.pack("<I", rng.randrange(0x3C00, 0x4000) << 16))[0],
        lambda s: struct.pack("<H", bf16(s)))
U8 = ("U8", lambda rng: 2.0 ** rng.randrange(-12, 12), lambda s: bytes([round(math.log2(s)) + 127]))
E8M0 = ("F8_E8M0", U8[1], U8[2])

# codes' key and dtype, values of the codes, codes in an element, scales' key and kind, block (0: all), config
FORMATS = {
    "fp8-block": ("{k}", "F8_E4M3", E4M3, 1, "{k}_scale_inv", F32, None, {"quant_method": "fp8"}),
    "fp8-tensor": ("{k}", "F8_E4M3", E4M3, 1, "{k}_scale_inv", BF16, (0, 0), {}),
    "mxfp8": ("{k}", "F8_E4M3", E4M3, 1, "{k}_scale_inv", U8, (1, 32), {}),
    "mxfp4-packed": ("{k}_packed", "U8", E2M1, 2, "{k}_scale", U8, (1, 32), {"format": "mxfp4-pack-quantized"}),
    "fp4-e8m0": ("{k}", "I8", E2M1, 2, "{s}.scale", E8M0, (1, 32), {"quant_method": "fp8", "scale_fmt": "ue8m0"}),
    "int4-packed": ("{k}_packed", "I32", INT4, 8, "{k}_scale", BF16, (1, 32),
                    {"format": "pack-quantized", "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 32}}}}),
    "mxfp4-blocks": ("{k}_blocks", "U8", E2M1, 2, "{k}_scales", U8, (1, 32), {"quant_method": "mxfp4"}),
}


def main():
    name, source, quantised, plain = sys.argv[1:5]
    code_key, code_dtype, values, per, scale_key, (scale_dtype, draw, pack), block, config = FORMATS[name]
    if block is None:
        block = (int(sys.argv[5]), int(sys.argv[6]))
        config = dict(config, weight_block_size=list(block))
    rng = random.Random(7)
    tensors, coded = load(source), {}
    for key, (dtype, shape, data) in list(tensors.items()):
        turned = name == "mxfp4-blocks"
        if not re.search(r"experts\..*_proj$" if turned else r"_proj\.weight$", key) or shape[-2 if turned else -1] % per:
            coded[key] = (dtype, shape, data)
            continue
        stored = shape[:-2] + [shape[-1], shape[-2]] if turned else shape
        *batch, rows, columns = stored
        high, wide = block[0] or rows, block[1] or columns
        matrices = math.prod(batch)
        scales = [[draw(rng) for _ in range(-(-columns // wide))] for _ in range(matrices * -(-rows // high))]
        codes = [[rng.choice(list(values)) for _ in range(columns)] for _ in range(matrices * rows)]
        result = []
        for r, row in enumerate(codes):
            of_row = scales[r // rows * -(-rows // high) + r % rows // high]
            result.append([f32(values[c] * of_row[j // wide]) for j, c in enumerate(row)])
        if turned:
            result = [list(column) for m in range(matrices) for column in zip(*result[m * rows : (m + 1) * rows])]
        tensors[key] = ("BF16", shape, b"".join(struct.pack("<H", bf16(x)) for row in result for x in row))
        bits = 8 // per if per < 8 else 4
        body = b"".join(sum(c << bits * j for j, c in enumerate(row[i : i + per])).to_bytes(4 if per == 8 else 1, "little")
                        for row in codes for i in range(0, columns, per))
        shape = batch + [rows, columns // per] if not turned else batch + [rows, columns // 32, 16]
        names = {"k": key, "s": key.removesuffix(".weight")}
        coded[code_key.format(**names)] = (code_dtype, shape, body)
        grid = [] if block == (0, 0) else batch + [-(-rows // high), -(-columns // wide)]
        coded[scale_key.format(**names)] = (scale_dtype, grid, b"".join(pack(s) for row in scales for s in row))
        if name == "int4-packed":
            coded[key + "_shape"] = ("I64", [2], struct.pack("<qq", rows, columns))
    settings = json.loads((pathlib.Path(source) / "config.json").read_text())
    for folder, content, more in ((quantised, coded, {"quantization_config": config}), (plain, tensors, {})):
        pathlib.Path(folder).mkdir()
        save(pathlib.Path(folder) / "model.safetensors", content)
        (pathlib.Path(folder) / "config.json").write_text(json.dumps({**settings, **more}))


main()
