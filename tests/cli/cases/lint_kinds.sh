# A file of rules is linted as what it is, whether its folder is named or the file itself.
for path in adapters/peft.yaml adapters quantization/fp8.yaml quantization attributes/config.yaml attributes common/decoder.yaml; do
  expect 0 lint "$ROOT/rules/$path"
  says ': no findings'
done
"$RR" lint --stdin-filename "$ROOT/rules/adapters/mlx.yaml" <"$ROOT/rules/adapters/mlx.yaml" >out
says '1 rule file: no findings'

mkdir -p rules/adapters rules/common rules/attributes rules/quantization
cat >rules/common/part.yaml <<'Y'
rule-runner: 1
family: part
axes: {A: rows, B: columns}
blocks:
  only: {tensors: {w: "A <- B"}, layouts: {plain: {w: A B}}}
Y
cat >rules/toy.yaml <<'Y'
rule-runner: 1
family: toy
extends: [part]
layouts: {plain: {}}
Y
cat >rules/adapters/mine.yaml <<'Y'
rule-runner: 1
styles:
  pairs:
    base: plain
    modules: [{of: 'w', keys: {'w.A': R IN, 'w.B': OUT R}}]
Y
for path in common/part.yaml adapters/mine.yaml; do
  expect 0 lint rules/$path
  says '1 rule file: no findings'
done
# What they mean shows in the families that use them, and nothing else is told of these.
sed -i 's/OUT R/OUT R Q/' rules/adapters/mine.yaml
echo 'tests: [{sizes: {A: 2}, element: "only.w[0, 0]", plain: [w, 0]}]' >>rules/toy.yaml
expect 1 lint rules/adapters/mine.yaml
says 'rules/adapters/mine.yaml:5:'
says '1 rule file: 1 error'
expect 1 lint rules/toy.yaml --select RR2
says 'rules/adapters/mine.yaml:5:'
sed -i 's/OUT R Q/OUT R/; s/base: plain/bsae: plain/' rules/adapters/mine.yaml
expect 1 lint rules/adapters/mine.yaml
says 'did you mean `base`?'
sed -i 's/w: A B/w: A C/' rules/common/part.yaml
expect 1 lint rules/common/part.yaml
says 'rules/common/part.yaml:5:57: error'
says 'RR202'
sed -i 's/tensors/tensosr/' rules/common/part.yaml
expect 1 lint rules/common/part.yaml
says 'did you mean `tensors`?'
# By its keys, wherever it lies.
sed 's/bsae/base/; s/modules/modlues/' rules/adapters/mine.yaml >mine.yaml
expect 1 lint mine.yaml
says 'a style has no field `modlues`'
cat >rules/quantization/f.yaml <<'Y'
rule-runner: 1
formats: {f: {codes: {key: "{key}", dtype: F8_E4M3, code: e4m3}}}
Y
cp rules/quantization/f.yaml f.yaml
for path in f.yaml rules/quantization/f.yaml; do
  expect 1 lint $path
  says 'a format needs `scales`'
done
echo 'toy: {rows: 2}' >rules/attributes/mine.yaml
expect 1 lint rules/attributes/mine.yaml
says 'an attribute is text'

# Attributes have no tests; styles and parts are tested in the families that use them.
expect 2 test rules/attributes/mine.yaml
complains 'which has no tests'
rm -r rules/quantization rules/attributes
sed -i 's/bsae/base/' rules/adapters/mine.yaml
sed -i 's/tensosr/tensors/; s/w: A C/w: A B/' rules/common/part.yaml
sed -i 's/plain: \[w, 0\]/plain: [w, 0, 0]/; s/A: 2/A: 2, B: 3/' rules/toy.yaml
for path in adapters/mine.yaml common/part.yaml common; do
  expect 0 test rules/$path --seed 5
  says 'ok   rules/toy.yaml: 1 elements'
done
