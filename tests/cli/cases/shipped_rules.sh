# The rules that are shipped are free of findings. That all of them pass their tests takes minutes: .ci/test sees to it, with the optimised program.
expect 0 lint "$ROOT/rules"
says 'no findings'
[ ! -s err ] || fail "lint says something"
expect 0 test "$ROOT/rules/llama.yaml" --seed 1
says "ok   $ROOT/rules/llama.yaml"
expect 0 list
says 'qwen3_moe        hub                  transformers <5'
