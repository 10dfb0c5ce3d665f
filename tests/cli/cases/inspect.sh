# What a checkpoint is, for people and for programs.
expect 0 inspect "$SAMPLE"
says 'family: qwen3_moe'
says 'layout: hub'
says 'H = 48 (hidden_size = 48)'
expect 0 inspect "$SAMPLE" --format json --strict
json 'd["family"] == "qwen3_moe" and d["layout"] == "hub" and d["tensors"] == 86 and d["bytes"] == 176224'
json 'd["unmatched"] == [] and d["missing"] == []'
json 'any(c["family"] == "qwen3_moe" and c["layout"] == "hub" and c["complete"] for c in d["candidates"])'

# A missing and an unexpected key are named; both make --strict fail.
edit "$SAMPLE" odd.safetensors drop model.layers.1.mlp.experts.3.up_proj.weight copy lm_head.weight stranger
expect 1 inspect odd.safetensors --config "$SAMPLE/config.json" --format json --strict
json 'd["unmatched"] == ["stranger"]'
json 'd["missing"] == ["model.layers.1.mlp.experts.3.up_proj.weight"]'

# A valid file of an unknown family is no error, unless everything must be accounted for.
python3 - <<'P'
import json, struct
text = json.dumps({"conv.1": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
open("unknown.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + bytes(4))
P
expect 0 inspect unknown.safetensors --format json
json 'd["family"] is None and d["layout"] is None'
expect 1 inspect unknown.safetensors --strict
head -c 20 "$SAMPLE/model-00001-of-00003.safetensors" >cut.safetensors
expect 1 inspect cut.safetensors
expect 1 inspect nowhere

# A list of keys will do, with shapes or without.
expect 0 synth --config "$SAMPLE/config.json" --layout megatron --dry-run
sed -n 's/^\(\S*\) BF16 .*/"\1": null/p' out | paste -sd, | sed 's/.*/{&}/' >keys.json
expect 0 inspect --keys keys.json --config "$SAMPLE/config.json" --strict --format json
json 'd["family"] == "qwen3_moe" and d["layout"] == "megatron" and d["tensors"] == 62'
echo '{"a": "b"}' >bad.json
expect 1 inspect --keys bad.json
expect 1 inspect --keys nowhere.json

# A config that says null where the tensors show a size contradicts them.
expect 1 inspect "$SAMPLE" --set num_experts=null
complains 'num_experts is null, but E is 5'

# What adapter_config.json says wrong is said whatever the family is, and nothing else.
cp "$ROOT"/examples/qwen3_moe_adapter/adapter_model.safetensors .
expect 1 inspect adapter_model.safetensors --set adapter_config.r=-3
complains 'r is -3, where a rank'
[ "$(grep -c 'error:' err)" = 1 ] || fail "more than the rank is complained about"
