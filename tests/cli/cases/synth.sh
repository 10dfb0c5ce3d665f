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

# The dtype of the command line; else that of the rules, of the config, BF16. What a checkpoint may lack is there when it is asked for.
# A layout with copies may be the first: its copies are the same. What the layout of the content has by default is written elsewhere.
mkdir rules
cat >rules/toy.yaml <<'YAML'
rule-runner: 1
family: toy
describes: {model_type: [toy]}
axes: {G: groups, H: hidden, T: "2"}
layouts: {twice: {}, once: {}}
blocks:
  key: {tensors: {k: G H}, layouts: {twice: {k: (G =T) H}, once: {k: G H}}}
  router: {tensors: {r: {is: "G <- H", dtype: F32}}, layouts: {twice: {r: G H}, once: {r: H G}}}
  bias: {tensors: {b: H}, layouts: {twice: {b: H}, once: {default: {b: 2}}}}
  mtp: {optional: yes, tensors: {m: H}, layouts: {twice: {m: H}, once: {m: H}}}
YAML
toy=(--rules rules --family toy --set groups=3 --set hidden=5)
expect 0 synth --dry-run "${toy[@]}"
prints <<'TEXT'
k BF16 [6, 5]
r F32 [3, 5]
b F32 [5]
toy twice: 3 tensors, 140 bytes (140 bytes) in 1 file
TEXT
expect 0 synth --dry-run "${toy[@]}" --layout once --set torch_dtype=float16 --optional
prints <<'TEXT'
k F16 [3, 5]
m F16 [5]
r F32 [5, 3]
toy once: 3 tensors, 100 bytes (100 bytes) in 1 file
TEXT
expect 0 synth --dry-run "${toy[@]}" --dtype F64
says 'k F64 [6, 5]'
says 'r F64 [3, 5]'
for layout in twice once; do expect 0 synth "toy_$layout" "${toy[@]}" --layout "$layout"; done
expect 0 convert toy_once toy_back "${toy[@]}" --to twice
same toy_twice toy_back
cat >rules/tied.yaml <<'YAML'
rule-runner: 1
family: tied
axes: {V: vocab, H: hidden}
layouts: {native: {}, hub: {}}
blocks:
  embedding: {tensors: {e: V H}, layouts: {native: {embed: V H, head: {is: H V, tied: written}}, hub: {embed: V H}}}
YAML
tied=(--rules rules --family tied --set vocab=3 --set hidden=5)
for layout in native hub; do expect 0 synth "tied_$layout" "${tied[@]}" --layout "$layout"; done
expect 0 convert tied_hub tied_back "${tied[@]}" --to native
same tied_native tied_back

# A layout that holds less is written as it is, and what it lacks is said; as is a block of which the config says nothing.
cat >rules/less.yaml <<'YAML'
rule-runner: 1
family: less
axes: {H: hidden, V: vision.hidden}
layouts: {hub: {}, small: {}}
blocks:
  norm: {tensors: {w: H}, layouts: {hub: {norm: H}, small: {norm: H}}}
  extra: {tensors: {w: H}, layouts: {hub: {extra: H}, small: {partial: nobody reads it}}}
  vision: {optional: yes, tensors: {w: V}, layouts: {hub: {vision: V}, small: {vision: V}}}
YAML
expect 0 synth --dry-run --rules rules --family less --set hidden=5 --layout small --optional
prints <<'TEXT'
norm BF16 [5]
less small: 1 tensors, 10 bytes (10 bytes) in 1 file
  note: no `vision`: the shape of vision needs V, which is unknown
  note: `small` does not hold extra.w (nobody reads it)
TEXT
expect 0 synth --dry-run --rules rules --family less --set hidden=5 --set vision.hidden=7 --optional
says 'vision BF16 [7]'

# A help names no flag that the command does not have.
cat >rules/mixed.yaml <<'YAML'
rule-runner: 1
family: mixed
axes: {H: hidden}
layouts: {hub: {}, joined: {}}
blocks: {norm: {tensors: {a: {is: H, dtype: F32}, b: H}, layouts: {hub: {a: "a[H]", b: "b[H]"}, joined: {ab: "{a[H] | b[H]}"}}}}
YAML
expect 1 synth --dry-run --rules rules --family mixed --set hidden=5 --layout joined
complains 'choose one with --dtype'
expect 0 synth mixed --rules rules --family mixed --set hidden=5
mkdir second
expect 0 synth second/joined --rules rules --family mixed --set hidden=5 --layout joined --dtype F32
expect 1 diff mixed second/joined --rules rules --family mixed
complains '[RR505 mixed-dtypes]'
! grep -q -e --dtype err || fail 'diff has no --dtype'

# Sizes that no file has room for are named with their values, and no product of them is a wrapped number.
config() { sed "s/}$/, \"model_type\": \"llama\", $1}/" <<<'{"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 12}' >hostile.json; }
hostile() {
  config "$1"
  expect 1 synth --dry-run --config hostile.json
  complains "$2"
  complains "$3"
}
hostile '"num_hidden_layers": 4611686018427387904, "hidden_size": 8, "vocab_size": 20' \
  'the sizes ask for 4611686018427387904 tensors' 'L is num_hidden_layers = 4611686018427387904'
hostile '"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 4611686018427387904' \
  'the sizes ask for more than' 'V is vocab_size = 4611686018427387904'
hostile '"num_hidden_layers": 2, "hidden_size": 1099511627776, "vocab_size": 1099511627776' \
  'the sizes ask for more than' 'H is hidden_size = 1099511627776'
hostile '"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 20, "head_dim": 4611686018427387904' \
  'the sizes ask for more than' 'D is head_dim'
hostile '"num_hidden_layers": 10000000, "hidden_size": 8, "vocab_size": 20' \
  'the sizes ask for 10000000 tensors' 'L is num_hidden_layers = 10000000'
hostile '"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 20, "tie_word_embeddings": "yes"' \
  'whether block `embedding` exists' '"yes" is text, where true or false is expected'
