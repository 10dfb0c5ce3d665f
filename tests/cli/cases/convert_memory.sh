# --memory bounds the buffers of all threads; what is too little for them is refused before anything is made.
expect 1 convert "$SAMPLE" there --to megatron --memory 1 --jobs 3
complains '--memory 1: the buffers of 3 threads need '
complains '[RR516 too-little-memory]'
least=$(sed -n 's/.*help: --memory \([0-9]*\), or --memory [0-9]* with --jobs 1/\1/p' err)
expect 1 convert "$SAMPLE" there --to megatron --memory $((least - 1)) --jobs 3
[ ! -e there ] || fail "something was written"
expect 1 plan "$SAMPLE" --to megatron --memory $((least / 3 - 1)) --jobs 1
complains "help: --memory $((least / 3))"
# As much as it says is enough, and what it says is what is used.
expect 0 convert "$SAMPLE" there --to megatron --memory $least --jobs 3 --report report.json
cp report.json out
json "d['buffer_bytes'] == $least"
expect 0 convert "$SAMPLE" other --to megatron
diff -r there other
