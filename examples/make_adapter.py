#!/usr/bin/env python3
"""make_adapter.py FOLDER: writes qwen3_moe_adapter, a LoRA adapter for qwen3_moe_sample as PEFT 0.19.1 on transformers 5 stores it.

Rank 2 on the queries and values of all layers and on all experts of layers 1 to 3 (layer 0 is dense). PEFT wraps the experts' two parameters one
around the other: gate_up_proj is `base_layer`, and the ranks of all experts are folded into one dimension, expert-major in A and rank-major in B.
The values are not trained.
"""
import json
import pathlib
import random
import struct
import sys

RANK, ALPHA = 2, 8
HIDDEN, HEADS, KV_HEADS, HEAD_DIM, EXPERTS, INNER = 48, 6, 2, 10, 5, 18
LAYERS = 4


def shapes():
    """{key: shape} in the order of the file"""
    attention = [("self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN, RANK), ("self_attn.v_proj", KV_HEADS * HEAD_DIM, HIDDEN, RANK)]
    experts = [
        ("mlp.experts.base_layer", 2 * INNER, HIDDEN, EXPERTS * RANK),  # gate_up_proj [5, 36, 48]
        ("mlp.experts", HIDDEN, INNER, EXPERTS * RANK),  # down_proj [5, 48, 18]
    ]
    found = {}
    for layer in range(LAYERS):
        for module, rows, columns, ranks in attention + (experts if layer > 0 else []):
            key = f"base_model.model.model.layers.{layer}.{module}"
            found[f"{key}.lora_A.weight"] = [ranks, columns]
            found[f"{key}.lora_B.weight"] = [rows, ranks]
    return found


def main():
    numbers = random.Random(19)  # random() is the same in every version of Python
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for key, (rows, columns) in shapes().items():
        # Multiples of 1/64 from -1/8 to 1/8: exact in BF16, the upper half of a float.
        values = [(int(numbers.random() * 17) - 8) / 64 for _ in range(rows * columns)]
        tensor = b"".join(struct.pack("<f", value)[2:] for value in values)
        header[key] = {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [len(data), len(data) + len(tensor)]}
        data += tensor
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)

    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    config = {
        "peft_type": "LORA",
        "peft_version": "0.19.1",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "qwen3_moe_sample",
        "r": RANK,
        "lora_alpha": ALPHA,
        "lora_dropout": 0.0,
        "use_rslora": False,
        "use_dora": False,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "rank_pattern": {},
        "alpha_pattern": {},
        "target_modules": ["q_proj", "v_proj"],
        "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
