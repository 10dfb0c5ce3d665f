# Each form of a test: one that holds, and what is said of one that does not.
mkdir -p rules/adapters
cat >rules/adapters/styles.yaml <<'YAML'
rule-runner: 1
styles:
  folded:
    base: fused
    partial: experts only
    modules:
      - of: '(.*experts)\.gate_up'
        keys: {'\1.lora_A': (E R) IN, '\1.lora_B': OUT (R E)}
    unless: ["order == 'blocked'"]
  blocked:
    like: folded
    base: fused
    partial: experts only
    twin of: folded
    modules:
      - of: '(.*experts)\.gate_up'
        keys: {'\1.lora_A': (E R) IN, '\1.lora_B': OUT (E R)}
    marks: ["order == 'blocked'"]
    stamp: {order: '"blocked"'}
  unstamped:
    like: blocked
    base: fused
    twin of: folded
    partial: experts only
    marks: ["order == 'blocked'"]
YAML
rules() {
  cat >rules/toy.yaml <<'YAML'
rule-runner: 1
family: toy
axes: {L: layers, E: "experts ?? 1", I: inner, H: hidden}
kinds: {ffn: {moe: L > 0, dense: else}}
targets:
  trainer: {"<2": hub, ">=2": {weights: fused, adapters: folded, adapter_config: {target_modules+: [experts]}, only pairs: yes}}
layouts:
  hub:
    prefixes: {m: ["model.", ""]}
    place: {L: "{m}layers.{L}."}
    ignore: {'.*\.inv_freq': a buffer}
    pass: ['head\..*', {visual: visual.}]
  fused: {place: {L: "layers.{L}."}, pass: [{visual: vision.}], require: [I > 1]}
blocks:
  norm:
    tensors: {w: L H}
    layouts: {hub: {"{L}norm": H}, fused: {"{L}norm": {is: H, add: 1, cast: F32}}}
  dense:
    where: dense
    tensors: {up: "L : I <- H"}
    layouts: {hub: {"{L}up": I H}, fused: {"{L}up": H I}}
  moe:
    where: moe
    tensors: {gate: "L E : I <- H", up: "L E : I <- H"}
    layouts:
      hub:
        one of:
          each: {"{L}experts.{E}.gate": "gate[I H]", "{L}experts.{E}.up": "up[I H]"}
          both: {"{L}experts.{E}.both": "{gate[I] | up[I]} H"}
      fused: {"{L}experts.gate_up": "E {gate[I] | up[I]} H"}
  mtp:
    optional: yes
    tensors: {p: I H}
    layouts: {hub: {mtp: I H}, fused: {mtp: H I}}
YAML
  echo "tests:" >>rules/toy.yaml
  cat >>rules/toy.yaml
}
findings() { diff - err >difference || fail "the findings differ: $(cat difference)"; }

rules <<'YAML'
  - sizes: {L: 2, E: 3, I: 5, H: 4}
    element: "moe.up[1, 2, 4, 3]"
    hub: [[model.layers.1.experts.2.up, 4, 3], [layers.1.experts.2.up, 4, 3], [model.layers.1.experts.2.both, 9, 3]]
    fused: [layers.1.experts.gate_up, 2, 9, 3]
  - sizes: {L: 2, E: 3, I: 5, H: 4}
    element: "moe.up[0, 2, 4, 3]"
    hub: nowhere
  - sizes: {L: 2, I: 5, H: 4}
    element: "norm.w[1, 3]"
    values: {hub: 0.25, fused: 1.25}
  - config: {layers: 2, experts: 3, inner: 5, hidden: 4}
    counts: {hub: {tensors: 9, elements: 148}, fused: {tensors: 4, elements: 148}}
    shapes:
      hub: {model.layers.0.up: [5, 4], layers.1.experts.2.both: [10, 4], model.layers.1.up: absent, mtp: [5, 4], other: absent}
      fused: {layers.1.experts.gate_up: [3, 10, 4], layers.0.norm: [F32, 4]}
  - config: {layers: 2, experts: 3, inner: 1, hidden: 4}
    counts: {hub: {tensors: 9, elements: 36}, fused: refused}
  - sizes: {L: 2, E: 3, I: 5, H: 4, R: 7}
    element: "moe.up.B[1, 2, 4, 6]"
    folded: [layers.1.experts.lora_B, 9, 20]
    counts: {folded: {tensors: 2, elements: 294}}
    shapes: {folded: {layers.1.experts.lora_A: [21, 4]}}
  - passed: {hub: visual.w, fused: vision.w}
  - passed: {hub: head.w, fused: nowhere}
  - {key: rotary.inv_freq, hub: ignored, fused: unknown}
  - {key: layers.0.norm, hub: stored, fused: stored, folded: unknown}
  - {among: [folded, blocked], is: folded}
  - {among: [folded, blocked], adapter_config: {order: '"blocked"'}, is: blocked}
  - {among: [blocked, unstamped], is: [blocked, unstamped]}
  - {target: trainer@1.9, weights: hub, adapters: none}
  - {target: trainer@2, weights: fused, adapters: folded, adapter_config: {target_modules+: [experts]}, only pairs: yes}
YAML
expect 0 test rules --rules rules --seed 5 --quick
prints <<'TEXT'
ok   rules/toy.yaml: 6 elements, 38 other facts, 2 round trips, 0 of adapters, seed 5
TEXT
findings </dev/null

rules <<'YAML'
  - sizes: {L: 2, E: 3, I: 5, H: 4}
    element: "moe.up[1, 2, 4, 3]"
    hub: [[layers.1.experts.2.up, 4, 3], [model.layers.1.experts.2.both, 4, 3], [model.layers.1.experts.2.halves, 4, 3]]
  - sizes: {L: 2, E: 3, I: 5, H: 4}
    element: "moe.up[0, 2, 4, 3]"
    hub: [model.layers.0.experts.2.up, 4, 3]
  - sizes: {L: 2, E: 3, I: 5, H: 4}
    element: "moe.up[1, 2, 4, 3]"
    hub: nowhere
  - sizes: {L: 2, I: 5, H: 4}
    element: "norm.w[1, 3]"
    values: {hub: 0.25, fused: 0.75}
  - config: {layers: 2, inner: 5, hidden: 4}
    counts: {hub: {tensors: 9, elements: 148}, fused: {tensors: 4}}
    shapes:
      hub: {model.layers.0.up: [5, 3], model.layers.0.norm: absent, model.layers.1.up: [5, 4]}
      fused: {layers.1.experts.gate_up: [3, 10, 4], layers.0.norm: [4]}
  - sizes: {L: 2, E: 3, I: 5, H: 4, R: 7}
    element: "moe.up.B[1, 2, 4, 6]"
    folded: [layers.1.experts.lora_B, 9, 19]
    counts: {folded: {tensors: 4}}
    shapes: {folded: {layers.1.experts.lora_A: [7, 4]}}
  - passed: {hub: visual.w, fused: visual.w}
  - passed: {hub: head.w, fused: head.w}
  - {key: rotary.inv_freq, hub: passed, fused: ignored}
  - config: {layers: 2, inner: 5, hidden: 4}
    counts: {fused: refused}
  - config: {layers: 2, inner: 1, hidden: 4}
    counts: {fused: {tensors: 4}}
  - {among: [folded, blocked], is: blocked}
  - {among: [folded, unstamped], adapter_config: {order: '"blocked"'}, is: unstamped}
  - {among: [folded, blocked], adapter_config: {order: '"blocked"'}, is: [folded, blocked]}
  - {target: trainer@2.1, weights: hub, adapters: none}
  - {target: trainer@2, adapters: folded, bake: rslora}
  - {target: trainer, weights: hub}
YAML
expect 1 test rules --rules rules --seed 5 --quick
findings <<'TEXT'
rules/toy.yaml:38:11: error: moe.up[1, 2, 4, 3] is at model.layers.1.experts.2.up [4, 3] in `hub`, the test says layers.1.experts.2.up [4, 3]  [RR901 test-failed]
   38 |     hub: [[layers.1.experts.2.up, 4, 3], [model.layers.1.experts.2.both, 4, 3], [model.layers.1.experts.2.halves, 4, 3]]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: in `hub` up[l, e, i, h] is at {m}layers.{L}.experts.{E}.up [i, h]: rules/toy.yaml:28:55
rules/toy.yaml:38:42: error: moe.up[1, 2, 4, 3] is at model.layers.1.experts.2.both [9, 3] in `hub`, the test says model.layers.1.experts.2.both [4, 3]  [RR901 test-failed]
   38 |     hub: [[layers.1.experts.2.up, 4, 3], [model.layers.1.experts.2.both, 4, 3], [model.layers.1.experts.2.halves, 4, 3]]
      |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: in `hub` up[l, e, i, h] is at {m}layers.{L}.experts.{E}.both [I + i, h]: rules/toy.yaml:29:19
   help: this is a place that the layout may have beside the one that it writes
rules/toy.yaml:38:81: error: moe.up[1, 2, 4, 3] is at model.layers.1.experts.2.up [4, 3] in `hub`, the test says model.layers.1.experts.2.halves [4, 3]  [RR901 test-failed]
   38 |     hub: [[layers.1.experts.2.up, 4, 3], [model.layers.1.experts.2.both, 4, 3], [model.layers.1.experts.2.halves, 4, 3]]
      |                                                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: in `hub` up[l, e, i, h] is at {m}layers.{L}.experts.{E}.up [i, h]: rules/toy.yaml:28:55
   help: this is a place that the layout may have beside the one that it writes
rules/toy.yaml:41:10: error: moe.up[0, 2, 4, 3] is nowhere in `hub`, the test says model.layers.0.experts.2.up [4, 3]  [RR901 test-failed]
   41 |     hub: [model.layers.0.experts.2.up, 4, 3]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: in `hub` there is no block `moe` at L = 0: `moe` does not hold
rules/toy.yaml:44:10: error: moe.up[1, 2, 4, 3] is at model.layers.1.experts.2.up [4, 3] in `hub`, the test says nowhere  [RR901 test-failed]
   44 |     hub: nowhere
      |          ^^^^^^^
   note: in `hub` up[l, e, i, h] is at {m}layers.{L}.experts.{E}.up [i, h]: rules/toy.yaml:28:55
rules/toy.yaml:55:13: error: moe.up.B[1, 2, 4, 6] is at layers.1.experts.lora_B [9, 20] in `folded`, the test says layers.1.experts.lora_B [9, 19]  [RR901 test-failed]
   55 |     folded: [layers.1.experts.lora_B, 9, 19]
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: in `folded` up.B[l, e, i, r] is at layers.{L}.experts.lora_B [I + i, E*r + e]: rules/adapters/styles.yaml:8:40
rules/toy.yaml:47:32: error: norm.w[1, 3] is 1.25 in `fused`, the test says 0.75  [RR901 test-failed]
   47 |     values: {hub: 0.25, fused: 0.75}
      |                                ^^^^
   note: made from 0.25 in `hub`
   note: it is at layers.1.norm [3]: rules/toy.yaml:17:45
rules/toy.yaml:47:19: error: norm.w[1, 3] is -0.25 in `hub`, the test says 0.25  [RR901 test-failed]
   47 |     values: {hub: 0.25, fused: 0.75}
      |                   ^^^^
   note: made from 0.75 in `fused`
   note: it is at model.layers.1.norm [3]: rules/toy.yaml:17:22
rules/toy.yaml:49:19: error: `hub` has 5 tensors with 68 elements, the test says 9 with 148  [RR901 test-failed]
   49 |     counts: {hub: {tensors: 9, elements: 148}, fused: {tensors: 4}}
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
   note: 2 of {m}layers.{L}.norm [4]: rules/toy.yaml:17:22
   note: 1 of {m}layers.{L}.up [5, 4]: rules/toy.yaml:21:22
   note: 1 of {m}layers.{L}.experts.{E}.gate [5, 4]: rules/toy.yaml:28:19
   note: 1 of {m}layers.{L}.experts.{E}.up [5, 4]: rules/toy.yaml:28:55
rules/toy.yaml:51:32: error: model.layers.0.up is [5, 4] in `hub`, the test says [5, 3]  [RR901 test-failed]
   51 |       hub: {model.layers.0.up: [5, 3], model.layers.0.norm: absent, model.layers.1.up: [5, 4]}
      |                                ^^^^^^
   note: it is [I, H] here: rules/toy.yaml:21:22
rules/toy.yaml:51:61: error: model.layers.0.norm is [4] in `hub`, the test says absent  [RR901 test-failed]
   51 |       hub: {model.layers.0.up: [5, 3], model.layers.0.norm: absent, model.layers.1.up: [5, 4]}
      |                                                             ^^^^^^
   note: it is [H] here: rules/toy.yaml:17:22
rules/toy.yaml:51:88: error: model.layers.1.up is absent in `hub`, the test says [5, 4]  [RR901 test-failed]
   51 |       hub: {model.layers.0.up: [5, 3], model.layers.0.norm: absent, model.layers.1.up: [5, 4]}
      |                                                                                        ^^^^^^
rules/toy.yaml:52:41: error: layers.1.experts.gate_up is [1, 10, 4] in `fused`, the test says [3, 10, 4]  [RR901 test-failed]
   52 |       fused: {layers.1.experts.gate_up: [3, 10, 4], layers.0.norm: [4]}
      |                                         ^^^^^^^^^^
   note: it is [E, 2*I, H] here: rules/toy.yaml:30:16
rules/toy.yaml:52:68: error: layers.0.norm is F32 [4] in `fused`, the test says [4]  [RR901 test-failed]
   52 |       fused: {layers.1.experts.gate_up: [3, 10, 4], layers.0.norm: [4]}
      |                                                                    ^^^
   note: it is [H] here: rules/toy.yaml:17:45
rules/toy.yaml:56:22: error: `folded` has 2 tensors, the test says 4  [RR901 test-failed]
   56 |     counts: {folded: {tensors: 4}}
      |                      ^^^^^^^^^^^^
   note: 1 of layers.{L}.experts.lora_A [21, 4]: rules/adapters/styles.yaml:8:17
   note: 1 of layers.{L}.experts.lora_B [10, 21]: rules/adapters/styles.yaml:8:40
rules/toy.yaml:57:48: error: layers.1.experts.lora_A is [21, 4] in `folded`, the test says [7, 4]  [RR901 test-failed]
   57 |     shapes: {folded: {layers.1.experts.lora_A: [7, 4]}}
      |                                                ^^^^^^
   note: it is [E*R, H] here: rules/adapters/styles.yaml:8:17
rules/toy.yaml:62:21: error: `fused` takes this model, the test says refused  [RR901 test-failed]
   62 |     counts: {fused: refused}
      |                     ^^^^^^^
rules/toy.yaml:64:21: error: `fused` refuses this model, the test says what it has of it  [RR901 test-failed]
   64 |     counts: {fused: {tensors: 4}}
      |                     ^^^^^^^^^^^^
   note: layout `fused` holds only where I > 1: rules/toy.yaml:13:75
rules/toy.yaml:68:36: error: `trainer@2.1` means `fused` for weights, the test says `hub`  [RR901 test-failed]
   68 |   - {target: trainer@2.1, weights: hub, adapters: none}
      |                                    ^^^
   note: it says so here: rules/toy.yaml:6:25
rules/toy.yaml:68:51: error: `trainer@2.1` means `folded` for adapters, the test says no layout  [RR901 test-failed]
   68 |   - {target: trainer@2.1, weights: hub, adapters: none}
      |                                                   ^^^^
   note: it says so here: rules/toy.yaml:6:25
rules/toy.yaml:69:14: error: of `trainer@2` `target_modules+` is `experts`, the test says nothing  [RR901 test-failed]
   69 |   - {target: trainer@2, adapters: folded, bake: rslora}
      |              ^^^^^^^^^
   note: it says so here: rules/toy.yaml:6:25
rules/toy.yaml:69:14: error: of `trainer@2` `bake: rslora` is no, the test says yes  [RR901 test-failed]
   69 |   - {target: trainer@2, adapters: folded, bake: rslora}
      |              ^^^^^^^^^
   note: it says so here: rules/toy.yaml:6:25
rules/toy.yaml:69:14: error: of `trainer@2` `only pairs` is yes, the test says no  [RR901 test-failed]
   69 |   - {target: trainer@2, adapters: folded, bake: rslora}
      |              ^^^^^^^^^
   note: it says so here: rules/toy.yaml:6:25
rules/toy.yaml:70:32: error: `trainer` means no layout for weights, the test says `hub`  [RR901 test-failed]
   70 |   - {target: trainer, weights: hub}
      |                                ^^^
   note: what `trainer` stores depends on versions, and `trainer` decides none of them; write trainer@VERSION; ranges: <2: hub and >=2: fused: rules/toy.yaml:6:3
rules/toy.yaml:65:36: error: adapter_config.json as the test has it leaves `folded`, the test says `blocked`  [RR901 test-failed]
   65 |   - {among: [folded, blocked], is: blocked}
      |                                    ^^^^^^^
   note: no mark of another trainer: it is read as folded, but it could be blocked as well: --from blocked
rules/toy.yaml:66:76: error: what `unstamped` writes into adapter_config.json leaves `folded`, the test says `unstamped`  [RR901 test-failed]
   66 |   - {among: [folded, unstamped], adapter_config: {order: '"blocked"'}, is: unstamped}
      |                                                                            ^^^^^^^^^
   note: no mark of another trainer: it is read as folded, but it could be unstamped as well: --from unstamped
rules/toy.yaml:67:75: error: adapter_config.json as the test has it leaves `blocked`, the test says `folded` and `blocked`  [RR901 test-failed]
   67 |   - {among: [folded, blocked], adapter_config: {order: '"blocked"'}, is: [folded, blocked]}
      |                                                                           ^^^^^^
   note: adapter_config.json has order == 'blocked'
rules/toy.yaml:58:36: error: visual.w of `hub` is vision.w in `fused`, the test says visual.w  [RR901 test-failed]
   58 |   - passed: {hub: visual.w, fused: visual.w}
      |                                    ^^^^^^^^
rules/toy.yaml:59:34: error: head.w of `hub` is nowhere in `fused`, the test says head.w  [RR901 test-failed]
   59 |   - passed: {hub: head.w, fused: head.w}
      |                                  ^^^^^^
rules/toy.yaml:60:33: error: rotary.inv_freq is ignored in `hub`, the test says passed  [RR901 test-failed]
   60 |   - {key: rotary.inv_freq, hub: passed, fused: ignored}
      |                                 ^^^^^^
   note: a buffer: rules/toy.yaml:11:15
rules/toy.yaml:60:48: error: rotary.inv_freq is unknown in `fused`, the test says ignored  [RR901 test-failed]
   60 |   - {key: rotary.inv_freq, hub: passed, fused: ignored}
      |                                                ^^^^^^^
TEXT
prints <<'TEXT'
FAIL rules/toy.yaml: 6 elements, 31 other facts, 2 round trips, 0 of adapters, seed 5
TEXT
