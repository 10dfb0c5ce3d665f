# The rules that are shipped are free of findings, pass their tests, and keep to the schema's language version.
expect 0 lint "$ROOT/rules"
says 'no findings'
[ ! -s err ] || fail "lint says something"
expect 0 test "$ROOT/rules" --seed 1
says "ok   $ROOT/rules/qwen3_moe.yaml"
expect 0 list
says 'qwen3_moe        hub                  transformers <5'
