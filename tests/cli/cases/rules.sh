# Where rules come from: --rules, then RULE_RUNNER_RULES, then the installed set. A new family is a new file.
mkdir one two
cat >one/toy.yaml <<'Y'
rule-runner: 1
family: toy
describes: {model_type: [toy]}
axes: {L: layers, A: rows, B: columns}
layouts:
  plain: {place: {L: "layer.{L}."}}
  turned: {place: {L: "layer.{L}."}}
blocks:
  only:
    tensors: {w: "L : A <- B"}
    layouts:
      plain: {"{L}weight": A B}
      turned: {"{L}kernel": B A}
tests:
  - sizes: {L: 2, A: 2, B: 3}
    element: "only.w[1, 0, 2]"
    plain: ["layer.1.weight", 0, 2]
    turned: ["layer.1.kernel", 2, 0]
Y
sed 's/turned/flipped/' one/toy.yaml >two/toy.yaml
sed 's/family: toy/family: llama/; s/\[toy\]/[llama]/' one/toy.yaml >two/llama.yaml
printf '{"model_type": "toy", "layers": 2, "rows": 2, "columns": 3}' >config.json

expect 1 synth toy --config config.json
complains RR408
expect 0 synth toy --config config.json --rules one --dtype F32
expect 0 convert toy turned --to turned --rules one
RULE_RUNNER_RULES=two expect 0 convert toy flipped --to flipped
same turned flipped
python3 - <<'P'
import struct
from same_tensors import load
a, b = load("toy/model.safetensors"), load("turned/model.safetensors")
for layer in range(2):
    (_, shape, values), (_, turned_shape, turned) = a[f"layer.{layer}.weight"], b[f"layer.{layer}.kernel"]
    values, turned = struct.unpack("<6f", values), struct.unpack("<6f", turned)
    assert shape == [2, 3] and turned_shape == [3, 2]
    assert all(values[r * 3 + c] == turned[c * 2 + r] for r in range(2) for c in range(3))
    assert len(set(values)) == 6
P

# The first place that has a family wins; the installed families stay.
RULE_RUNNER_RULES=two expect 1 convert toy x --to flipped --rules one
complains turned
RULE_RUNNER_RULES=two:one expect 0 convert toy x --to flipped
RULE_RUNNER_RULES=two expect 0 list --format json --rules one
json '{f["family"]: f["file"] for f in d}["toy"] == "one/toy.yaml"'
json '{f["family"]: f["file"] for f in d}["llama"] == "two/llama.yaml"'
json '{f["family"]: f["file"] for f in d}["qwen3_moe"].endswith("/rules/qwen3_moe.yaml")'
expect 0 list --rules two --rules one
says flipped

# lint and test of one's own file.
expect 0 lint one
says '1 rule file: no findings'
expect 0 test one --seed 5
says 'ok   one/toy.yaml: 2 elements'

# The styles of a folder are those of its families, whether the folder or a file is named; without families, of all.
mkdir -p styled/adapters empty
cat >styled/adapters/mine.yaml <<'Y'
rule-runner: 1
styles:
  my-pairs:
    base: plain
    modules: [{of: '(.*)weight', keys: {'\1lora_A': R IN, '\1lora_B': OUT R}}]
Y
sed 's/^blocks:/targets: {server: {weights: plain, adapters: my-pairs}, other: turned}\n&/' one/toy.yaml >styled/toy.yaml
for path in styled styled/ styled/toy.yaml; do
  expect 0 lint $path
  says '1 rule file: no findings'
  expect 0 test $path --seed 5
done
mkdir -p only/adapters
sed 's/R IN/IN/' styled/adapters/mine.yaml >only/adapters/mine.yaml
expect 1 lint only --rules one
says 'only/adapters/mine.yaml:5:'
expect 2 lint empty
complains 'there are no rule files in empty'
expect 2 test empty

sed 's/A B/A A/' one/toy.yaml >wrong.yaml
expect 1 lint wrong.yaml
says 'wrong.yaml:12:28:'
says '[RR203 wrong-axes]'
expect 1 test wrong.yaml
says FAIL
sed 's/"layer.1.kernel", 2, 0/"layer.1.kernel", 0, 2/' one/toy.yaml >untrue.yaml
expect 0 lint untrue.yaml
expect 1 test untrue.yaml
complains '[RR901 test-failed]'
expect 1 lint nowhere.yaml
expect 1 test nowhere.yaml
expect 0 test "$ROOT/tests/lint/ok/copies_by_kind.yaml" --seed 5
says ' 6 round trips'

# One broken file of many: said once, and the others go on being of use.
echo 'family: [' >one/broken.yaml
expect 0 convert toy y --to turned --rules one
expect 1 list --rules one
complains one/broken.yaml
says qwen3_moe
expect 1 lint one
says one/broken.yaml
