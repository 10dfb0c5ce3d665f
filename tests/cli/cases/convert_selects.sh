# --only chooses among the keys that are written, --exclude among those that are read.
expect 0 convert "$SAMPLE" part.safetensors --to transformers-5 --only 'layers\.1\.mlp\.experts'
expect 0 convert "$SAMPLE" whole.safetensors --to transformers-5
python3 - <<'P'
from same_tensors import load
part, whole = load("part.safetensors"), load("whole.safetensors")
assert sorted(part) == ["model.layers.1.mlp.experts.down_proj", "model.layers.1.mlp.experts.gate_up_proj"], sorted(part)
assert all(whole[key] == part[key] for key in part)
P
edit "$SAMPLE" extra.safetensors copy lm_head.weight optimizer.step
expect 1 convert extra.safetensors out.safetensors --to transformers-5 --config "$SAMPLE/config.json"
expect 0 convert extra.safetensors out.safetensors --to transformers-5 --config "$SAMPLE/config.json" --exclude '^optimizer\.'
says 'dropped: optimizer.step (--exclude)'
same out.safetensors whole.safetensors
# A part of a block may not be left out: the rest would be written wrongly.
expect 1 convert "$SAMPLE" bad.safetensors --to transformers-5 --exclude 'experts\.3\.'
complains RR402

# Nothing that would be written is a mistake.
expect 1 convert "$SAMPLE" none --to megatron --only zzz
complains "--only leaves nothing: \`zzz\` is found in none of the 62 keys of layout \`megatron\`"
[ ! -e none ]
