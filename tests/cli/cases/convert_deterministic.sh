# Neither threads nor memory nor the engine nor a left-out pass changes a byte of any file.
for to in transformers-5 automodel megatron; do
  expect 0 convert "$SAMPLE" one --to $to --max-shard-size 64kB --jobs 1
  expect 0 convert "$SAMPLE" four --to $to --max-shard-size 64kB --jobs 4 --memory 64kB
  expect 0 convert "$SAMPLE" reference --to $to --max-shard-size 64kB --engine reference
  expect 0 convert "$SAMPLE" plain --to $to --max-shard-size 64kB --disable-pass fuse --disable-pass coalesce --disable-pass order
  diff -r one four
  diff -r one reference
  diff -r one plain
  rm -r one four reference plain
done
