#!/usr/bin/env python3
"""torch .bin/.pt -> safetensors: torch_to_safetensors.py OUT.safetensors IN.bin [IN.bin ...]

Needs torch (2.1 or later) and safetensors. Reads with weights_only=True, so that no code of the file runs, and memory-mapped where
the file allows it. Views are copied: torch stores tensors that share memory once, safetensors stores each.
Tried: that it compiles, and its message when torch is missing. Not tried: real files.
"""
import sys

try:
    import torch
    from safetensors.torch import save_file
except ImportError as missing:
    sys.exit(f"{missing}: run `pip install torch safetensors` where the checkpoint is")


def load(path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # files from before torch 1.6 are no zip archives and cannot be mapped
        state = torch.load(path, map_location="cpu", weights_only=True)
    return state.get("state_dict", state)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.splitlines()[0])
    tensors = {}
    for path in sys.argv[2:]:
        for key, value in load(path).items():
            if not isinstance(value, torch.Tensor):
                sys.exit(f"{path}: `{key}` is a {type(value).__name__}, not a tensor")
            if key in tensors:
                sys.exit(f"{path}: `{key}` was in an earlier file as well")
            tensors[key] = value.clone(memory_format=torch.contiguous_format)
    save_file(tensors, sys.argv[1], metadata={"format": "pt"})


main()
