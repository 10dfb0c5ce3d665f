#!/usr/bin/env python3
"""MaxText Orbax -> safetensors: maxtext_orbax_to_safetensors.py OUT.safetensors ITEMS_FOLDER

Needs orbax-checkpoint, jax, numpy, ml_dtypes and safetensors. The folder is the one with _METADATA (usually STEP/items). Keys are
the tree's path joined by "-", from `params`: params-decoder-layers-mlp-wi_0-kernel. The optimizer's state is left behind.
Tried: that it compiles, and its message when orbax is missing. Not tried: real checkpoints.
"""
import sys

try:
    import jax
    import numpy
    import orbax.checkpoint
    from safetensors.numpy import save_file
except ImportError as missing:
    sys.exit(f"{missing}: run `pip install orbax-checkpoint jax safetensors` where the checkpoint is")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    tree = orbax.checkpoint.PyTreeCheckpointer().restore(sys.argv[2])
    tree = tree.get("params", tree)
    tree = tree.get("params", tree)  # a training state holds {params: {params: ...}}
    tensors = {}
    for path, value in jax.tree_util.tree_flatten_with_path(tree)[0]:
        names = [str(getattr(step, "key", getattr(step, "idx", step))) for step in path]
        tensors["-".join(["params", *names])] = numpy.ascontiguousarray(value)
    if not tensors:
        sys.exit(f"{sys.argv[2]}: the tree holds no parameters")
    save_file(tensors, sys.argv[1])


main()
