#!/usr/bin/env bash
# Converts the bundled sample hub -> transformers-5 -> megatron -> hub and compares every tensor and every other file with the original. Then
# does the same with the bundled adapter, and merges it in both forms.
#   examples/demo.sh [BINARY]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:-$here/../build/release/rule-runner}")
[ -x "$binary" ] || { echo "demo: $binary is not built" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$here/qwen3_moe_sample" "$scratch/sample"
cp -r "$here/qwen3_moe_adapter" "$scratch/adapter"
cd "$scratch"

show() {
  echo "\$ rule-runner $*"
  "$binary" "$@"
  echo
}

show convert sample in-transformers-5 --to transformers@5.4
show convert in-transformers-5 in-megatron --to megatron --max-shard-size 64kB
show convert in-megatron back --to hub --max-shard-size 64kB

"$here/same_tensors.py" sample back
for file in sample/*; do
  case $file in
    *.safetensors | *.index.json) ;;  # compared above, tensor by tensor: a file's order follows its source
    *) cmp "$file" "back/${file#sample/}" ;;
  esac
done
echo "the bytes came back identical"

show convert adapter per-expert --to vllm --config sample/config.json
show convert per-expert adapter-back --to peft@0.19.1 --config sample/config.json
"$here/same_tensors.py" adapter adapter-back

show merge sample merged --adapter adapter
show merge in-megatron merged-in-megatron --adapter per-expert --to hub
"$here/same_tensors.py" merged merged-in-megatron
if "$here/same_tensors.py" sample merged >/dev/null 2>&1; then
  echo "demo: the merge changed nothing" >&2
  exit 1
fi
echo "both forms of the adapter give the same model"
