# What is wrong with the source is said by its name, exit code 1, and nothing is written.
refused() { # CODE ARGUMENT...
  local code=$1
  shift
  expect 1 convert "$@"
  complains "[$code "
  [ ! -e there ] || fail "something was written"
}
config=(--config "$SAMPLE/config.json")

refused RR414 nowhere there --to hub
echo 'not a tensor' >text.safetensors
expect 1 convert text.safetensors there --to hub

edit "$SAMPLE" missing.safetensors drop model.layers.1.mlp.experts.3.up_proj.weight
refused RR402 missing.safetensors there --to transformers-5 "${config[@]}"
complains model.layers.1.mlp.experts.3.up_proj.weight

edit "$SAMPLE" extra.safetensors copy model.layers.1.mlp.experts.3.up_proj.weight model.layers.1.mlp.experts.9.up_proj.weight
refused RR401 extra.safetensors there --to transformers-5 "${config[@]}"
complains model.layers.1.mlp.experts.9.up_proj.weight

edit "$SAMPLE" stranger.safetensors copy lm_head.weight model.layers.1.mlp.gaet.weight
refused RR401 stranger.safetensors there --to transformers-5 "${config[@]}"
complains model.layers.1.mlp.gaet.weight

edit "$SAMPLE" flat.safetensors flat model.layers.2.self_attn.q_proj.weight
expect 1 convert flat.safetensors there --to transformers-5 "${config[@]}"
complains model.layers.2.self_attn.q_proj.weight
complains 'is [2880], but'

# A config of another model: other sizes, fewer experts, another family, none at all.
sed 's/"hidden_size": 48/"hidden_size": 64/' "$SAMPLE/config.json" >wide.json
expect 1 convert "$SAMPLE" there --to megatron --config wide.json
complains 64
expect 1 convert "$SAMPLE" there --to megatron --set num_experts=4 --set num_experts_per_tok=1
[ -s err ] || fail "no reason is given"
sed 's/qwen3_moe/qwen33_moe/; s/Qwen3Moe/Qwen33Moe/' "$SAMPLE/config.json" >alien.json
refused RR408 "$SAMPLE" there --to megatron --config alien.json
complains 'qwen3_moe'
echo '[1]' >list.json
refused RR422 "$SAMPLE" there --to megatron --config list.json
refused RR422 "$SAMPLE" there --to megatron --config nowhere.json
echo '{"a": 1, "a": 2}' >twice.json
refused RR421 "$SAMPLE" there --to megatron --config twice.json

# Names that are not there, with the nearest that is.
refused RR408 "$SAMPLE" there --to hub --family qwen3_mo
complains 'did you mean `qwen3_moe`?'
expect 1 convert "$SAMPLE" there --to megatrn
complains 'did you mean `megatron`?'
expect 1 convert "$SAMPLE" there --to hub --from megatrn
complains 'did you mean `megatron`?'
refused RR105 "$SAMPLE" there --to hub --only '('
refused RR105 "$SAMPLE" there --to hub --exclude '('
expect 1 convert "$SAMPLE" there --to hub --set HH=3
complains 'no axis HH'
expect 1 convert "$SAMPLE" there --to hub --set num_hidden_layrs=3
complains 'did you mean `num_hidden_layers`?'
expect 1 convert "$SAMPLE" there --to hub --exclude '.'
complains 'exclude `.` leaves none of the 86 keys'
expect 1 convert "$SAMPLE" there --to hub --include 'nothing'
complains '`nothing` is found in none of the 86 keys'

# What is for adapters.
refused RR515 "$SAMPLE" there --to megatron --rank 4 --fill zero
complains '--fill and --rank are for adapters, and this is a model'
refused RR515 "$SAMPLE" there --to megatron --alpha 8
refused RR515 "$SAMPLE" there --to megatron --fuse shared

# MaxText cannot store a model with dense layers.
expect 1 convert "$SAMPLE" there --to maxtext
complains mlp_only_layers
[ ! -e there ] || fail "something was written"
