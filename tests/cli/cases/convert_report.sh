# The report says how family and layout were found, what was done, and what was not exact.
expect 0 convert "$SAMPLE" there --to megatron --report report.json
cp report.json out
json 'd["family"] == "qwen3_moe" and d["from"] == "hub" and d["to"] == "megatron"'
json 'd["tensors_read"] == 86 and d["tensors_written"] == 62 and d["bytes_written"] == 176224'
json 'd["dropped"] == d["lossy"] == d["defaulted"] == [] and d["reasons"] and d["dry_run"] is False'

# A narrowing cast is asked for twice.
expect 1 convert "$SAMPLE" half --to hub --dtype F16
complains RR501
expect 0 convert "$SAMPLE" half --to hub --dtype F16 --allow lossy --report report.json
cp report.json out
json 'len(d["lossy"]) > 0'
expect 0 convert "$SAMPLE" wide --to hub --dtype F32
# config.json says so: loaders believe it.
cp wide/config.json out
json 'd["torch_dtype"] == "float32" and d["model_type"] == "qwen3_moe"'
expect 0 convert wide narrow --to hub --dtype BF16 --allow lossy
same "$SAMPLE" narrow
