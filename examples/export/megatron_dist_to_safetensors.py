#!/usr/bin/env python3
"""Megatron torch_dist (.distcp) -> safetensors: megatron_dist_to_safetensors.py OUT.safetensors ITER_FOLDER

Needs torch (2.3 or later) and safetensors; Megatron itself is not needed. Reads the global tensors that .metadata lists, in one
process, so they must fit in memory. Optimizer states, and the pickled extra states, are left behind and named on stderr.
Tried: that it compiles, and its message when torch is missing. Not tried: real checkpoints.
"""
import sys

try:
    import torch
    import torch.distributed.checkpoint as dcp
    from safetensors.torch import save_file
    from torch.distributed.checkpoint.metadata import TensorStorageMetadata
except ImportError as missing:
    sys.exit(f"{missing}: run `pip install torch safetensors` where the checkpoint is")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    reader = dcp.FileSystemReader(sys.argv[2])
    tensors = {}
    for key, entry in reader.read_metadata().state_dict_metadata.items():
        if not isinstance(entry, TensorStorageMetadata) or key.startswith("optimizer."):
            print(f"left behind: {key}", file=sys.stderr)
            continue
        tensors[key] = torch.empty(entry.size, dtype=entry.properties.dtype)
    if not tensors:
        sys.exit(f"{sys.argv[2]}: no model tensors; give the iter_... folder that holds .metadata")
    dcp.load(tensors, storage_reader=reader)
    save_file(tensors, sys.argv[1])


main()
