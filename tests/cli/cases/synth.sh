# The sample is what synth makes of its config, on every machine.
expect 0 synth made --config "$SAMPLE/config.json" --max-shard-size 64kB
for file in made/*.safetensors made/*.index.json; do cmp "$file" "$SAMPLE/${file#made/}"; done
same made "$SAMPLE"
expect 1 synth made --config "$SAMPLE/config.json"
complains '--force'
expect 0 synth made --config "$SAMPLE/config.json" --force --jobs 1 --max-shard-size 64kB
same made "$SAMPLE"

# Any layout holds the same values.
expect 0 synth direct --config "$SAMPLE/config.json" --layout megatron
expect 0 convert "$SAMPLE" converted --to megatron
same direct converted

# --dry-run prints the keys of any size at once and writes nothing.
expect 0 synth --family qwen3_moe --layout transformers@5.4 --dry-run --set num_hidden_layers=94 --set hidden_size=4096 \
  --set num_attention_heads=64 --set num_key_value_heads=4 --set head_dim=128 --set num_experts=128 --set moe_intermediate_size=1536 \
  --set vocab_size=151936 --set intermediate_size=12288
says 'model.layers.93.mlp.experts.gate_up_proj BF16 [128, 3072, 4096]'
[ "$(ls | tr '\n' ' ')" = "converted direct err made out " ] || fail "something was written"

expect 1 synth x --family qwen3_mo
complains 'did you mean `qwen3_moe`?'
expect 1 synth x --family qwen3_moe --layout megatrn --config "$SAMPLE/config.json"
expect 1 synth x --family qwen3_moe
complains RR404
[ ! -e x ] || fail "something was written"
