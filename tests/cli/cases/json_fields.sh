# Every field of a JSON output is in grammar/json.md, and every field there is in an output.
check() { "$ROOT/tests/cli/json_fields.py" "$ROOT/grammar/json.md" "$@" >out 2>err || fail "$(cat out err)"; }
keep() { mv out "$1.json"; }
adapter=$ROOT/examples/qwen3_moe_adapter

expect 0 convert "$SAMPLE" there --to megatron --exclude lm_head --allow partial --report convert.json
expect 0 merge "$SAMPLE" merged --adapter "$adapter" --report merge.json
expect 0 convert "$adapter" pairs --to vllm --config "$SAMPLE/config.json" --report adapter.json
cp "$SAMPLE/config.json" .
expect 0 convert "$SAMPLE" rounded --to megatron --dtype F16 --allow lossy --report lossy.json
mkdir half
cp pairs/adapter_config.json half
down=base_model.model.model.layers.1.mlp.experts.1.down_proj
edit pairs half/adapter_model.safetensors drop $down.lora_A.weight drop $down.lora_B.weight
expect 0 convert half whole --to peft@0.19.1 --config config.json --fill zero --report filled.json
check "convert, merge" convert.json merge.json adapter.json lossy.json filled.json

python3 "$ROOT/tests/cli/quantize.py" fp8-block "$SAMPLE" fp8 fp8_plain 6 16
edit "$SAMPLE" odd.safetensors drop model.layers.1.mlp.experts.3.up_proj.weight copy lm_head.weight stranger
"$RR" inspect odd.safetensors --config config.json --format json >odd.json 2>err || true
expect 0 inspect fp8 --format json; keep fp8
expect 0 inspect "$adapter" --config config.json --format json; keep inspect_adapter
expect 0 inspect "$adapter" --config config.json --include self_attn --format json; keep attention
expect 0 inspect "$SAMPLE" --exclude lm_head --format json; keep headless
mkdir old_llama
printf '{"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 4,
  "num_key_value_heads": 2, "vocab_size": 20}' >old_llama/config.json
expect 0 synth tiny --config old_llama/config.json
edit tiny old_llama/model.safetensors copy model.norm.weight model.layers.0.self_attn.rotary_emb.inv_freq
expect 0 inspect old_llama --format json; keep old
check inspect odd.json fp8.json inspect_adapter.json attention.json headless.json old.json

edit "$SAMPLE" other.safetensors flip lm_head.weight
expect 1 diff "$SAMPLE" other.safetensors --config config.json --format json; keep diff
mkdir partial
cat >partial/two.yaml <<'Y'
rule-runner: 1
family: two
axes: {A: rows}
layouts: {hub: {}, less: {partial: w only}}
blocks: {b: {tensors: {w: A, v: A}, layouts: {hub: {w: "w[A]", v: "v[A]"}, less: {x: "w[A]"}}}}
Y
two=(--rules partial --family two)
expect 0 synth both "${two[@]}" --set rows=3
expect 0 convert both one "${two[@]}" --to less --allow partial
expect 0 diff both one "${two[@]}" --format json; keep partial
check diff diff.json partial.json

expect 0 list --format json; keep list
check list list.json

mkdir rules
cat >rules/toy.yaml <<'Y'
rule-runner: 1
family: toy
axes: {A: rows, B: columns}
layouts: {hub: {}, other: {}}
blocks: {b: {tensors: {w: A B, v: A}, layouts: {hub: {w: "w[A B]", u: "w[A B]", v: "v[A]"}, othr: {turned: "w[B A]", v: "v[A]"}}}}
Y
expect 1 lint rules --format json; keep lint
check lint lint.json

sed -i 's/othr/other/; s/u: "w\[A B\]", //' rules/toy.yaml
toy=(--rules rules --family toy)
expect 0 synth matrix "${toy[@]}" --set rows=2000 --set columns=3000
expect 0 plan matrix "${toy[@]}" --to other --memory 16kB --jobs 1 --format json; keep plan
check plan plan.json
cp -r rules old
sed -i 's/A: rows/A: lines/' rules/toy.yaml
expect 0 lint rules --against old --format json; keep against
check "lint --against" against.json
