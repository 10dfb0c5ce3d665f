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
