# Every ordered pair of layouts of qwen3_moe, and so every way there and back, gives the bytes that synth makes. MaxText has no dense layers, so neither has this model.
expect 0 list --format json
layouts=$(python3 -c 'import json; print(*[l["layout"] for f in json.load(open("out")) if f["family"] == "qwen3_moe" for l in f["layouts"]])')
[ "$(wc -w <<<"$layouts")" -ge 6 ] || fail "only these layouts are listed: $layouts"
tiny=(--family qwen3_moe --dtype F32)
for pair in hidden_size=6 num_hidden_layers=2 num_attention_heads=3 num_key_value_heads=1 head_dim=4 intermediate_size=14 \
            moe_intermediate_size=10 num_experts=5 vocab_size=9 tie_word_embeddings=false 'mlp_only_layers=[]' model_type=qwen3_moe; do
  tiny+=(--set "$pair")
done
expect 0 synth hub "${tiny[@]}" --layout hub
for from in $layouts; do
  if [ "$from" != hub ]; then
    expect 0 convert hub "$from" --to "$from"
    expect 0 synth "made_$from" "${tiny[@]}" --layout "$from"
    same "$from" "made_$from"
  fi
done
for from in $layouts; do
  for to in $layouts; do
    expect 0 convert "$from" there --from "$from" --to "$to" --force
    same there "$to"
  done
done
