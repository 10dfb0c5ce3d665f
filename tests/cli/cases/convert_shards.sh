# The index of a sharded checkpoint names every tensor once, in the file that holds it.
expect 0 convert "$SAMPLE" there --to automodel --max-shard-size 50kB
python3 - <<'P'
import json, pathlib, struct
folder = pathlib.Path("there")
index = json.loads((folder / "model.safetensors.index.json").read_text())
found, total = {}, 0
for file in folder.glob("*.safetensors"):
    blob = file.read_bytes()
    (size,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + size])
    assert header.pop("__metadata__")["format"] == "pt"
    assert 8 + size + sum(e["data_offsets"][1] - e["data_offsets"][0] for e in header.values()) == len(blob)
    assert len(header) == 1 or len(blob) - 8 - size <= 50_000
    for key, entry in header.items():
        assert key not in found
        found[key] = file.name
        total += entry["data_offsets"][1] - entry["data_offsets"][0]
assert index["weight_map"] == found
assert index["metadata"]["total_size"] == total == 176224
count = len(set(found.values()))
assert count >= 4
assert sorted(set(found.values())) == [f"model-{i + 1:05}-of-{count:05}.safetensors" for i in range(count)]
P
expect 0 convert there back --to hub
[ ! -e back/model.safetensors.index.json ] || fail "one file needs no index"
same "$SAMPLE" back

# The index by its name is the folder; one that names a file that is not there is refused.
expect 0 convert there/model.safetensors.index.json again --to hub
same "$SAMPLE" again
rm there/model-00002-of-*.safetensors
expect 1 convert there broken --to hub
complains model-00002-of
