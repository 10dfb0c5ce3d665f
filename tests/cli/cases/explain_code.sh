# The code that `explain --stage numpy` prints does what the program does, from and to every layout whose values are moved only.
code_agrees() { # FAMILY FROM TO CONFIG
  expect 0 explain "$1" --from "$2" --to "$3" --stage numpy --config "$4"
  mv out code.py
  rm -rf given made
  expect 0 synth given --family "$1" --layout "$2" --config "$4"
  expect 0 convert given made --family "$1" --from "$2" --to "$3" --config "$4"
  # Debian's python3 is the one that has numpy.
  /usr/bin/python3 "$ROOT/tests/cli/run_code.py" code.py given made >out 2>err || fail "$1 from $2 to $3: the code does something else"
}
both_ways() { # FAMILY CONFIG LAYOUT...
  local family=$1 config=$2 layout
  shift 2
  for layout in "$@"; do
    code_agrees "$family" hub "$layout" "$config"
    code_agrees "$family" "$layout" hub "$config"
  done
}
both_ways qwen3_moe "$SAMPLE/config.json" transformers-5 automodel megatron
both_ways minimax_m2 "$ROOT/tests/cli/configs/minimax_m2.json" megatron-dist
both_ways qwen3_next "$ROOT/tests/cli/configs/qwen3_next.json" transformers-5 maxtext-scanned maxtext-unscanned
both_ways qwen3_vl_moe "$ROOT/tests/cli/configs/qwen3_vl_moe.json" transformers-4 maxtext-scanned megatron

# torch's code is the same but for its names; values that are computed on the way are refused.
expect 0 explain qwen3_moe --from hub --to megatron --stage torch --config "$SAMPLE/config.json"
says 'import torch'
says '.permute('
expect 1 explain qwen3_next --from hub --to megatron --stage numpy --config "$ROOT/tests/cli/configs/qwen3_next.json"
complains 'is computed, not moved'
