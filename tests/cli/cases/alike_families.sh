# Families that store a checkpoint alike, without a config that says which it is: fine as long as all of them write the same.

family() { # NAME LAYOUTS OF_W MORE_BLOCKS
  cat >rules/$1.yaml <<END
# A family for this test.
rule-runner: 1
family: $1
describes: {model_type: [$1]}
axes: {I: rows, H: width}
layouts: {hub: {}, $2: {}}
blocks:
  b: {tensors: {w: I H}, layouts: {hub: {w: I H}, $2: {v: $3}}}
$4
END
}
mkdir rules
family zebra turned "(H I)" ""
family adder turned "(H I)" "  c: {optional: yes, tensors: {x: I}, layouts: {hub: {x: I}, turned: {x: I}}}"
family heron flat "(I H)" ""

python3 - <<'END'
import json, struct
def write(folder, name, shape):
    import os
    os.makedirs(folder, exist_ok=True)
    count = shape[0] * shape[1]
    header = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * count]}}).encode()
    with open(f"{folder}/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + struct.pack(f"<{count}f", *range(count)))
write("bare", "w", [2, 3])
END

# The family whose rules say the least besides these keys stands for all.
expect 0 inspect bare --rules rules --format json
json 'd["family"] == "heron"'
expect 0 convert bare flat --to flat --rules rules
says "heron: hub -> flat"
# The named one has no layout `turned`; two have it, and write the same.
expect 0 convert bare turned --to turned --rules rules
says "zebra: hub -> turned"
says "why: heron stores these keys alike, but has no \`turned\`"

# One that writes something else: the user says which.
family adder turned "(I H)" ""
expect 1 convert bare other --to turned --rules rules
complains "error: the keys are stored alike by adder and zebra, which store \`turned\` differently"
complains "help: say which with --family, or give the config.json with --config"
[ ! -e other ]
expect 0 convert bare other --to turned --rules rules --family zebra
echo '{"model_type": "adder", "rows": 2, "width": 3}' >config.json
expect 0 convert bare other --to turned --rules rules --config config.json --force
says "adder: hub -> turned"

# A comparison asks as well, where the families relate the layouts of the two differently.
rm -r bare other flat turned
write() { # FOLDER KEY ROWS COLUMNS
  python3 - "$@" <<'END'
import json, os, struct, sys
folder, name, shape = sys.argv[1], sys.argv[2], [int(n) for n in sys.argv[3:]]
os.makedirs(folder)
count = 1
for n in shape: count *= n
header = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * count]}}).encode()
with open(f"{folder}/model.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(header)) + header + struct.pack(f"<{count}f", *range(count)))
END
}
write hub w 2 3
write v v 6
sizes=(--rules rules --set I=2 --set H=3)
expect 1 diff v hub "${sizes[@]}"
complains "error: the keys are stored alike by adder and zebra, in which what one of the two stores corresponds to"
complains "help: say which with --family, or give the config.json with --config"
expect 0 diff v hub "${sizes[@]}" --family adder
expect 1 diff v hub "${sizes[@]}" --family zebra
says "values differ"
# Within one layout nothing depends on the family, and one that cannot read both is not meant.
expect 0 diff hub hub --rules rules
says "equal"
family zebra turned "(I H)" ""
expect 0 diff v hub "${sizes[@]}"
says "equal"
# The config of one says it for both.
family zebra turned "(H I)" ""
cp config.json hub
for pair in "v hub" "hub v"; do
  expect 0 diff $pair "${sizes[@]}"
  says "adder: "
  says ": equal"
done
