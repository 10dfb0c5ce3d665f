# --set names something that the rules ask for; anything else would change nothing, and is refused.
refused() { # WHAT COMMAND...
  expect 1 "${@:2}"
  complains "$1"
  complains '[RR426 unasked-setting]'
  [ ! -e there ] || fail "something was written"
}
to=(convert "$SAMPLE" there --to megatron)
refused '--set num_expert: nothing in family `qwen3_moe` asks for an attribute `num_expert`' "${to[@]}" --set num_expert=5
complains 'did you mean `num_experts`?'
refused 'no axis HH' "${to[@]}" --set HH=3
refused 'attribute `text_config.num_experts`' "${to[@]}" --set text_config.num_experts=5
complains 'did you mean `num_experts`?'
refused 'attribute `rope_theta`' "${to[@]}" --set rope_theta=1e6
complains 'attributes: '
refused 'attribute `model_type`' "${to[@]}" --set model_type=llama
complains '--family names the family'
# Where no config names the family, too: what it is asked is known when it has been found.
cp "$SAMPLE"/model* .
refused 'attribute `num_expert`' convert . there --to megatron --set num_expert=5
refused 'no axis HH' convert . there --to megatron --set HH=5
# Every command asks.
refused 'attribute `num_expert`' inspect "$SAMPLE" --set num_expert=5
refused 'attribute `num_expert`' plan "$SAMPLE" --to megatron --set num_expert=5
refused 'attribute `num_expert`' diff "$SAMPLE" "$SAMPLE" --set num_expert=5
refused 'attribute `num_expert`' merge "$SAMPLE" there --adapter "$ROOT/examples/qwen3_moe_adapter" --set num_expert=5
refused 'attribute `num_expert`' explain qwen3_moe --stage bound --config "$SAMPLE/config.json" --set num_expert=5
refused 'attribute `num_expert`' synth there --config "$SAMPLE/config.json" --set num_expert=5

# Asked for: by the rules of the family, by adapter styles, by what knows quantised weights.
for known in num_experts=5 E=5 expert_tensor_parallel_size=2 quantization_config=null; do
  expect 0 convert "$SAMPLE" there --to megatron --set $known --dry-run
done
# synth writes the config: what stands there may be changed, and what is said there of the model.
sed 's/"vocab_size"/"rope_theta": 1, &/' "$SAMPLE/config.json" >config.json
expect 0 synth there --config config.json --set rope_theta=5 --set torch_dtype=float16 --set model_type=mine
grep -q '"rope_theta": 5,' there/config.json
grep -q '"model_type": "mine"' there/config.json
rm -r there

# An attribute of the adapter's config is for adapters.
expect 1 "${to[@]}" --set adapter_config.r=4
complains '--set adapter_config.* is for adapters, and this is a model'
expect 0 convert "$ROOT/examples/qwen3_moe_adapter" there --to vllm --config "$SAMPLE/config.json" --set adapter_config.revision=main
grep -q '"revision": "main"' there/adapter_config.json
