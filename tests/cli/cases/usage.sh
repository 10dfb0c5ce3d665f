# Every command: help is exit 0 and shows examples that run; a flag that it does not have is exit 2.
expect 0 --help
commands=$(sed -n '/^Subcommands:/,$ s/^  \([a-z]\+\) .*/\1/p' out)
[ "$(wc -w <<<"$commands")" -ge 8 ] || fail "the help lists only: $commands"
expect 0 --version
says 0.
expect 2
complains subcommand
expect 2 convrt
complains 'did you mean `convert`?'
expect 2 convert a b --form hub --to megatron
complains '--form: did you mean `--from`?'
expect 2 convert a b --to=hub --familiy=llama
complains '--familiy: did you mean `--family`?'
expect 2 --no-such-flag

# What the examples name, in a folder of its own.
mkdir desk
cp -r "$SAMPLE" desk/Qwen3-30B-A3B
cp "$SAMPLE/config.json" desk
mkdir desk/rules  # the families that the examples name: testing all of them takes minutes
cp -r "$ROOT"/rules/{adapters,common,llama.yaml,qwen3.yaml,qwen3_moe.yaml,gpt_oss.yaml} desk/rules
cp -r desk/rules desk/old-rules
cp -r "$SAMPLE" desk/base
for name in my-lora a b; do cp -r "$ROOT/examples/qwen3_moe_adapter" desk/$name; done
expect 0 convert "$SAMPLE" desk/converted --to automodel
expect 0 synth --config "$SAMPLE/config.json" --dry-run
python3 - <<'P'
import json, re
lines = [re.fullmatch(r"(\S+) \S+ (\[.*\])\n", line) for line in open("out")]
json.dump({m[1]: json.loads(m[2]) for m in lines if m}, open("desk/keys.json", "w"))
P
for command in $commands; do
  expect 0 $command --help
  examples=$(sed -n '/^Example/,$ s/^  rule-runner /"$RR" /p' out)
  [ -n "$examples" ] || fail "the help of $command shows no example"
  expect 2 $command --no-such-flag
  while read -r example; do
    rm -rf desk/out  # each example is the first
    (cd desk && eval "$example") >out 2>err </dev/null ||
      fail "exit $? of the example: $example"
  done <<<"$examples"
done

# Arguments that must be there, and values that mean nothing.
for command in convert "convert a" "convert a b" inspect plan "plan a" synth "inspect a --keys b"; do expect 2 $command; done
expect 2 convert a b --to hub --dtype F99
expect 2 convert a b --to hub --engine fast
expect 2 convert a b --to hub --disable-pass none
expect 2 convert a b --to hub --allow everything
expect 2 convert a b --to hub --max-shard-size 5parsecs
expect 2 convert a b --to hub --memory -1
expect 2 convert a b --to hub --jobs many
expect 2 merge "$SAMPLE" there --adapter "$ROOT/examples/qwen3_moe_adapter=half"
complains '`half` is no weight'
expect 2 merge "$SAMPLE" there --adapter "$ROOT/examples/qwen3_moe_adapter=nan"
expect 1 merge "$SAMPLE" there --adapter no/such=half
complains 'no/such=half'
expect 2 convert a b --to hub --set nothing
expect 2 inspect a --format xml
expect 2 lint --explain RR999
expect 2 list --rules no/such/folder

# An empty value is a variable that was not set, not an option that was not given.
expect 2 convert "$SAMPLE" nothing --to ""
complains "--to: the value is empty"
expect 2 synth nothing --family qwen3_moe --layout ""
expect 2 inspect ""
[ ! -e nothing ]

# A merge writes no adapter: what says how one is written is no flag of it.
for flag in "--fill zero" "--fuse shared" "--rank 4" "--allow uniform-rank"; do
  expect 2 merge "$SAMPLE" nothing --adapter "$ROOT/examples/qwen3_moe_adapter" $flag
done
expect 0 merge "$SAMPLE" nothing --adapter "$ROOT/examples/qwen3_moe_adapter" --allow lossy --dry-run
