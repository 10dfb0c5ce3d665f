# Codes and scales move as they are where blocks stay whole; --allow lossy stores the values instead.
config() { python3 -c 'import json, sys; sys.exit(("quantization_config" in json.load(open(sys.argv[1] + "/config.json"))) != (sys.argv[2] == "kept"))' "$@" || fail "quantization_config of $1 is not $2"; }

python3 "$ROOT/tests/cli/quantize.py" fp8-block "$SAMPLE" fp8 fp8_plain 6 16
expect 0 inspect fp8 --strict
says 'quantised: fp8-block'
expect 0 convert fp8 fused --to transformers-5
config fused kept
expect 0 inspect fused --format json
json 'd["layout"] == "transformers-5" and d["quantized"] == {"fp8-block": 25}'
expect 0 convert fused back --to hub
same back fp8
expect 0 diff fp8 fused
expect 0 convert fp8 plain --to hub --allow lossy
same plain fp8_plain
config plain gone
expect 0 convert fused plain2 --to hub --allow lossy --engine reference
same plain2 fp8_plain
expect 0 convert fp8 fused_plain --to transformers-5 --allow lossy --report report.json
grep -q 'cast F32 to BF16' report.json || fail "the report does not say what was rounded"
expect 0 convert fp8_plain expected --to transformers-5
same fused_plain expected

# gate and up, 18 rows each, would be cut in blocks of 4.
python3 "$ROOT/tests/cli/quantize.py" fp8-block "$SAMPLE" cut cut_plain 4 16
expect 1 convert cut there --to transformers-5
complains 'RR501'
complains 'experts.gate_up_proj'
complains '--allow lossy'
expect 1 convert cut there --to hub --dtype F16
complains '--allow lossy'
[ ! -e there ] || fail "something was written"
expect 0 convert cut plain3 --to hub --allow lossy
same plain3 cut_plain

for format in fp8-tensor mxfp8 mxfp4-packed fp4-e8m0 int4-packed; do
  python3 "$ROOT/tests/cli/quantize.py" $format "$SAMPLE" "$format" "${format}_values"
  expect 0 inspect "$format" --strict
  says "quantised: $format"
  expect 0 convert "$format" "${format}_moved" --to hub
  same "${format}_moved" "$format"
  expect 0 convert "$format" "${format}_plain" --to hub --allow lossy
  same "${format}_plain" "${format}_values"
done
expect 0 convert mxfp4-packed packed_fused --to transformers-5
expect 0 convert packed_fused packed_back --to hub
same packed_back mxfp4-packed
expect 1 convert int4-packed there --to transformers-5
complains 'keeps the shape of each weight'

# gpt-oss: codes are stored the other way round.
cat >oss.json <<'J'
{"model_type": "gpt_oss", "num_hidden_layers": 2, "num_local_experts": 3, "hidden_size": 64, "intermediate_size": 32, "head_dim": 10, "num_attention_heads": 6, "num_key_value_heads": 2, "vocab_size": 96}
J
expect 0 synth oss --config oss.json
python3 "$ROOT/tests/cli/quantize.py" mxfp4-blocks oss mxfp4 mxfp4_values
expect 0 convert mxfp4 mxfp4_moved --to transformers-5
same mxfp4_moved mxfp4
expect 0 convert mxfp4 mxfp4_plain --to automodel --allow lossy
expect 0 convert mxfp4_values mxfp4_expected --to automodel
same mxfp4_plain mxfp4_expected
expect 0 diff mxfp4 mxfp4_moved

# A merge needs values.
expect 1 merge fp8 there --adapter "$ROOT/examples/qwen3_moe_adapter"
complains '--allow lossy'
expect 0 merge fp8 merged --adapter "$ROOT/examples/qwen3_moe_adapter" --allow lossy
config merged gone
for base in mxfp4-packed mxfp4-packed_values; do
  expect 0 merge $base merged_$base --adapter "$ROOT/examples/qwen3_moe_adapter" --allow lossy
done
same merged_mxfp4-packed merged_mxfp4-packed_values

# The same where codes are stored the other way round.
mkdir adapter
PYTHONPATH="$ROOT/tests/cli:$PYTHONPATH" python3 - <<'P'
import pathlib, random, struct
from edit_tensors import save
rng = random.Random(3)
tensors = {}
for layer in range(2):
    for factor, shape in (("A", [6, 64]), ("B", [64, 6])):
        values = [rng.randrange(-8, 9) / 8 for _ in range(6 * 64)]
        name = f"base_model.model.model.layers.{layer}.mlp.experts.lora_{factor}.weight"
        tensors[name] = ("F32", shape, struct.pack(f"<{len(values)}f", *values))
save(pathlib.Path("adapter/adapter_model.safetensors"), tensors)
P
echo '{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": [], "target_parameters": ["mlp.experts.gate_up_proj"]}' >adapter/adapter_config.json
for base in mxfp4 mxfp4_values; do
  expect 0 merge $base merged_$base --adapter adapter --adapter-from peft-swapped --allow lossy
done
same merged_mxfp4 merged_mxfp4_values
