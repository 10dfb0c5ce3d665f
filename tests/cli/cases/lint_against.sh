# What two versions of a rule set mean is compared, not their text.
mkdir old new
cat >old/toy.yaml <<'END'
rule-runner: 1
family: toy
describes: {model_type: [toy]}
axes:
  L: num_hidden_layers
  E: num_experts ?? num_local_experts
  I: moe_intermediate_size
  H: hidden_size
  S: 2 * I
kinds:
  feed_forward:
    moe: L >= (first_k ?? 0) and not (L in (dense_layers ?? []))
    dense: else
layouts:
  hub: {prefixes: {m: ["model.", ""]}, place: {L: "{m}layers.{L}."}}
  fused: {refine: {E: P Q}, place: {L: "layers.{L}."}}
targets:
  toy: {"<2": hub, ">=2": fused}
blocks:
  experts:
    where: moe
    tensors:
      gate: "L E : I <- H"
      up: "L E : I <- H"
    layouts:
      hub:
        "{L}experts.{E}.gate.weight": "gate[I H]"
        "{L}experts.{E}.up.weight": "up[I H]"
      fused:
        "{L}experts.gate_up": {is: "E {gate[I] | up[I]} H", shape: [E, 2*I, H]}
END
python3 - <<'END'
text = open("old/toy.yaml").read()
text = text.replace("fused: {refine: {E: P Q}, place", "fused: {place").replace("  S: 2 * I\n", "")
open("old/toy.yaml", "w").write(text)
# Axes, a kind, a named string renamed; formulas and expressions written otherwise; a key table in another order.
new = text.replace("  I: moe", "  Inner: moe").replace("[I H]", "[Inner H]").replace(": I <-", ": Inner <-")
new = new.replace("{gate[I] | up[I]} H", "({gate[Inner] | up[Inner]}) H").replace("2*I", "Inner + Inner")
new = new.replace("{m}", "{root}").replace("prefixes: {m:", "prefixes: {root:")
new = new.replace("moe: L >= (first_k ?? 0) and not (L in (dense_layers ?? []))",
                  "sparse: not (L < (first_k ?? 0)) and L not in (dense_layers ?? [])").replace("where: moe", "where: sparse")
new = new.replace('"<2": hub, ">=2": fused', '">=2.0": fused, "<2.0.0": hub')
lines = new.splitlines()
at = next(i for i, line in enumerate(lines) if "gate.weight" in line)
lines[at], lines[at + 1] = lines[at + 1], lines[at]
open("new/toy.yaml", "w").write("# moved\n" + "\n".join(lines) + "\n")
END
expect 0 lint new --against old
prints <<'END'
1 family compared: no change
END

# What a target's loader needs.
sed -i 's/^  toy: {"<2": hub, ">=2": fused}$/&\n  server: {weights: hub, only pairs: yes, one scale: yes}/' old/toy.yaml
sed 's/only pairs: yes, one/only pairs: no, one/' old/toy.yaml >new/toy.yaml
expect 0 lint new --against old
prints <<'END'
toy
    target   server: hub (adapters: ) one scale only pairs -> hub (adapters: ) one scale
1 family compared: 0 layouts changed in 1 family
END
sed -i '/^  server:/d' old/toy.yaml

# What a config that leaves a size out means, and how often elements are stored.
python3 - <<'END'
text = open("old/toy.yaml").read()
text = text.replace("  H: hidden_size\n", '  H: {is: hidden_size, default: 64}\n  T: "2"\n')
text = text.replace('"E {gate[I] | up[I]} H", shape: [E, 2*I, H]', '"E {gate[I] | up[=T I]} H", shape: [E, I + T*I, H]')
open("new/toy.yaml", "w").write(text)
END
expect 0 lint new --against old
prints <<'END'
toy
  fused
    elements layers.{L}.experts.gate_up: E {gate[I] | up[I]} H -> E {gate[I] | up[=T I]} H
    config   H: hidden_size -> hidden_size, else 64
    config   new T (new): 2
  hub
    config   H: hidden_size -> hidden_size, else 64
1 family compared: 2 layouts changed in 1 family
END

# Everything that can change, in both formats.
python3 - <<'END'
text = open("old/toy.yaml").read()
text = text.replace("{gate[I] | up[I]}", "{up[I] | gate[I]}").replace("I: moe_intermediate_size", "I: intermediate_size")
text = text.replace("up.weight", "w3.weight").replace('"<2": hub, ">=2"', '"<3": hub, ">=3"').replace("L >= (first_k ?? 0)", "L > (first_k ?? 0)")
open("new/toy.yaml", "w").write(text)
END
cp old/toy.yaml new/other.yaml
sed -i 's/^family: toy/family: other/' new/other.yaml
expect 0 lint new --against old
prints <<'END'
other
    family   new family: other
toy
    target   toy: toy<2: hub; toy>=2: fused -> toy<3: hub; toy>=3: fused
  fused
    elements layers.{L}.experts.gate_up: E {gate[I] | up[I]} H -> E {up[I] | gate[I]} H
    config   I: moe_intermediate_size -> intermediate_size
    config   block experts: moe (L >= (first_k ?? 0) and not (L in (dense_layers ?? []))) -> moe (L > (first_k ?? 0) and not (L in (dense_layers ?? [])))
  hub
    key      {m}layers.{L}.experts.{E}.up.weight -> {m}layers.{L}.experts.{E}.w3.weight
    config   I: moe_intermediate_size -> intermediate_size
    config   block experts: moe (L >= (first_k ?? 0) and not (L in (dense_layers ?? []))) -> moe (L > (first_k ?? 0) and not (L in (dense_layers ?? [])))
1 family compared: 2 layouts changed in 2 families
END
expect 1 lint new --against old --fail-on warning
expect 0 lint new/toy.yaml --against old --format json
json 'd["families"] == 1 and {c["family"] for c in d["changes"]} == {"toy"}'
json '[c["layout"] for c in d["changes"] if c["kind"] == "key"] == ["hub"]'

# Only the order of two captured axes in the shape: other elements.
python3 - <<'END'
text = open("old/toy.yaml").read()
open("new/toy.yaml", "w").write(text.replace('{is: "E {gate[I] | up[I]} H", shape: [E, 2*I, H]}', '"{gate[I] | up[I]} E H"'))
END
expect 0 lint new/toy.yaml --against old --format json
json '[(c["layout"], c["kind"]) for c in d["changes"]] == [("fused", "elements")]'

# A version of git.
if command -v git >/dev/null; then
  git init -q repository && mkdir repository/rules && cp old/toy.yaml repository/rules
  git -C repository add rules
  git -C repository -c user.name=a -c user.email=a@b.invalid commit -qm one
  expect 0 lint repository/rules --against HEAD
  says '1 family compared: no change'
  sed -i 's/up.weight/w3.weight/' repository/rules/toy.yaml
  expect 0 lint repository/rules --against HEAD
  says 'up.weight -> {m}layers.{L}.experts.{E}.w3.weight'
  expect 2 lint repository/rules --against no-such-version
  complains '`no-such-version` is neither a folder nor a version that git has of repository/rules'
  expect 2 lint repository/rules --against=--output=x
fi

# A version with errors is not compared.
echo 'rule-runner: 2' >new/toy.yaml
expect 1 lint new/toy.yaml --against old
complains 'RR007'
expect 2 lint new --against old --format sarif
complains '--against has text and json'
