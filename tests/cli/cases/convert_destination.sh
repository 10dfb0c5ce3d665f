# The destination is complete or absent, and nothing is replaced that was not meant.
mkdir there
expect 1 convert "$SAMPLE" there --to megatron
complains 'RR507'
complains '--force'
expect 0 convert "$SAMPLE" there --to megatron --force
expect 0 convert "$SAMPLE" there --to transformers-5 --force --max-shard-size 64kB
[ "$(ls there | grep -c '\.safetensors$')" = 3 ] || fail "the old files were not replaced"
cp -r there kept
expect 1 convert "$SAMPLE" there --to megatron
diff -r there kept

# --force replaces a checkpoint, not a folder of other things, nor the source.
mkdir home
touch home/letter.txt
expect 1 convert "$SAMPLE" home --to megatron --force
[ -e home/letter.txt ] || fail "a folder of other things was replaced"
cp -r "$SAMPLE" source
expect 1 convert source source --to megatron --force
expect 1 convert source source/below --to megatron
expect 1 convert source/model.safetensors.index.json source --to megatron --force
diff -r "$SAMPLE" source
expect 1 convert source no/folder/there --to megatron
expect 1 convert source there.safetensors/ --to megatron --set num_experts=4
[ ! -e there.safetensors ] || fail "something was written"

# --dry-run says the same and writes nothing.
before=$(find . | sort)
expect 0 convert source new --to megatron --dry-run
says 'dry run: nothing was written'
says 'qwen3_moe: hub -> megatron'
[ "$before" = "$(find . | sort)" ] || fail "something was written"

# Nothing is left of a conversion that fails half way.
before=$(find . | sort)
code=0
(trap '' XFSZ; ulimit -f 16; exec "$RR" convert source new --to megatron) >out 2>err || code=$?
[ "$code" = 4 ] || fail "exit $code for a file that may not grow, expected 4"
[ "$before" = "$(find . | sort)" ] || fail "something is left behind"
