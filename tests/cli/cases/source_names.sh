# Keys under other names: read as --prefix and --rename say, a part of them as --include says.
cat >rename.py <<'P'
import json, struct, sys
source, out, old, new = sys.argv[1:]
data = open(source, "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + size])
text = json.dumps({key.replace(old, new): value for key, value in header.items()}).encode()
open(out, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size :])
P
expect 0 convert "$SAMPLE" plain.safetensors --to hub
expect 0 convert "$SAMPLE" whole.safetensors --to transformers-5
config=(--config "$SAMPLE/config.json")

# What another program named otherwise is named with the flag that mends it, and the flag does.
python3 rename.py plain.safetensors prefixed.safetensors model. net.model.
expect 1 convert prefixed.safetensors out.safetensors --to transformers-5 "${config[@]}"
complains 'foreign-prefix'
complains 'rule-runner convert prefixed.safetensors OUT --to hub --prefix net.='
expect 0 convert prefixed.safetensors out.safetensors --to transformers-5 "${config[@]}" --prefix net.model.=model.
same out.safetensors whole.safetensors
python3 rename.py plain.safetensors renamed.safetensors self_attn attn
expect 1 inspect renamed.safetensors "${config[@]}" --format json
json 'any(c["name"] == "foreign-name" and "--rename attn=self_attn" in c["mend"] for c in d["causes"])'
expect 0 convert renamed.safetensors out.safetensors --to transformers-5 "${config[@]}" --force --rename attn=self_attn
same out.safetensors whole.safetensors

# A rename that meets nothing, or makes two keys one, is refused.
expect 1 inspect plain.safetensors "${config[@]}" --prefix nothing.=model.
complains RR424
expect 1 inspect plain.safetensors "${config[@]}" --rename up_proj=gate_proj
complains RR424
expect 2 inspect plain.safetensors --rename self_attn

expect 0 inspect plain.safetensors "${config[@]}" --include 'embed_tokens|lm_head' --format json
json 'd["tensors"] == 2 and d["family"] == "qwen3_moe"'
