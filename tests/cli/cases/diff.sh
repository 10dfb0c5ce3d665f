# Copies are compared as well: of one layout each with its own, else with what it is a copy of.
printf '{"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 4,
  "num_key_value_heads": 2, "vocab_size": 20, "tie_word_embeddings": true}' >config.json
expect 0 synth tied --config config.json
with() {
  mkdir "$1"
  cp config.json "$1"
  edit tied "$1/model.safetensors" copy "$2" lm_head.weight
}
with same model.embed_tokens.weight
mkdir other
edit same other/model.safetensors flip lm_head.weight
cp config.json other
expect 0 diff tied same
expect 0 diff same tied
expect 0 diff same same
expect 0 diff other other
expect 1 diff tied other
says 'lm_head.weight: values differ (1 elements'
expect 1 diff same other
says 'lm_head.weight: values differ (1 elements'
expect 1 diff other same
says 'lm_head.weight: values differ (1 elements'
# Where only the first has the copy, nothing of the second is its own.
expect 1 diff other tied
complains '[RR504 copies-differ]'
complains 'the first of the two says both, and `hub` has one place for them'

# What a layout does not store: known by a value, or not to be compared.
mkdir rules
cat >rules/toy.yaml <<'END'
rule-runner: 1
family: toy
describes: {model_type: [toy]}
axes: {H: width}
layouts: {full: {}, less: {}}
blocks:
  norm: {tensors: {w: H, b: H}, layouts: {full: {w: "w[H]", b: "b[H]"}, less: {v: "w[H]", default: {b: 0}}}}
  extra: {optional: yes, tensors: {x: H}, layouts: {full: {x: H}, less: {partial: no extra}}}
END
toy=(--family toy --rules rules)
expect 0 synth less "${toy[@]}" --layout less --set H=5
expect 0 convert less full "${toy[@]}" --to full
expect 0 diff full less "${toy[@]}"
expect 0 convert full again "${toy[@]}" --to less
says 'note: layout `less` does not store norm.b, which is 0 there'
mkdir biased
edit full biased/model.safetensors flip b
expect 1 convert biased there "${toy[@]}" --to less
complains 'b has 1 elements in `norm.b` that are not 0  [RR502 partial-conversion]'
[ ! -e there ]
expect 0 convert biased there "${toy[@]}" --to less --allow partial
says 'b has 1 elements in `norm.b` that are not 0'
for pair in 'biased less' 'less biased'; do
  expect 1 diff $pair "${toy[@]}"
done
expect 1 diff biased less "${toy[@]}"
says 'b: 1 elements of `norm.b`, which is 0 where `less` does not store it'
expect 0 synth whole "${toy[@]}" --layout full --set H=5 --optional
expect 1 diff whole less "${toy[@]}"
says 'not compared, `less` does not hold it: extra.x (no extra)'
expect 1 diff whole less "${toy[@]}" --format json
json 'd["not_compared"] == ["extra.x (no extra)"]'
