# The bundled adapter is what its script makes; it fits the bundled checkpoint, and its experts do so in every order that PEFT has had.
"$ROOT/examples/make_adapter.py" made
diff -r made "$ROOT/examples/qwen3_moe_adapter"
for to in peft@0.16 peft@0.18 vllm; do
  rm -rf there back
  expect 0 convert made there --to $to --config "$SAMPLE/config.json"
  expect 0 convert there back --to peft@0.19.1 --config "$SAMPLE/config.json"
  same made back
done
expect 0 merge "$SAMPLE" one --adapter made
expect 0 merge "$SAMPLE" other --adapter there
same one other
