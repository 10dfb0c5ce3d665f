# The scripts that bring checkpoints of other formats to safetensors compile, stay short, are listed, and say what they lack.
count=0
for script in "$ROOT"/examples/export/*.py; do
  name=$(basename "$script")
  python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$script" || fail "$name does not compile"
  [ "$(wc -l <"$script")" -lt 40 ] || fail "$name has 40 lines or more"
  grep -q '^Tried: ' "$script" || fail "$name does not say what was tried"
  grep -qF "export/$name" "$ROOT/examples/README.md" || fail "examples/README.md does not list $name"
  count=$((count + 1))
done
[ "$count" = 4 ] || fail "$count scripts, expected 4"

# Without site-packages no script finds its packages.
for name in torch_to_safetensors megatron_dist_to_safetensors maxtext_orbax_to_safetensors; do
  if python3 -S "$ROOT/examples/export/$name.py" a b >out 2>err; then fail "$name ran without its packages"; fi
  complains "run \`pip install "
done
mkdir llama.cpp
if python3 "$ROOT/examples/export/peft_to_gguf_lora.py" llama.cpp adapter base out.gguf >out 2>err; then fail "no llama.cpp was needed"; fi
complains "llama.cpp/convert_lora_to_gguf.py: not found"
touch llama.cpp/convert_lora_to_gguf.py
if python3 "$ROOT/examples/export/peft_to_gguf_lora.py" llama.cpp adapter base out.gguf >out 2>err; then fail "no adapter was needed"; fi
complains "adapter/adapter_config.json: not found"
