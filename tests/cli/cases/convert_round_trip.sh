# There and back: the tensors are the same, the other files have gone along, the source is untouched.
before=$(sha256sum "$SAMPLE"/*)
expect 0 convert "$SAMPLE" there --to transformers@5.4 --max-shard-size 64kB
says 'qwen3_moe: hub -> transformers-5'
says '86 tensors, 176 kB read; 47 tensors, 176 kB written in 3 files'
expect 0 convert there back --to hub
same "$SAMPLE" back
for name in config.json generation_config.json tokenizer.json tokenizer_config.json; do
  cmp "$SAMPLE/$name" "there/$name"
  cmp "$SAMPLE/$name" "back/$name"
done
[ "$before" = "$(sha256sum "$SAMPLE"/*)" ] || fail "the source has changed"

# One file to one file, with the config beside it or named.
expect 0 convert "$SAMPLE" one.safetensors --to megatron
expect 0 convert one.safetensors two.safetensors --to hub --config "$SAMPLE/config.json"
same "$SAMPLE" two.safetensors

# The sizes are in the shapes as well; which layers are dense is only in the config.
expect 1 convert one.safetensors three.safetensors --to hub --family qwen3_moe
[ ! -e three.safetensors ] || fail "something was written"
