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
