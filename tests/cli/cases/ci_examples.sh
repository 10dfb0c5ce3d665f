# What examples/ci hands to other programs fits what lint prints and the flags that there are.
printf 'rule-runner: 1\nfamily: x\nfoo: 1\n' >x.yaml
expect 1 lint --format concise x.yaml
python3 - "$ROOT/examples/ci/problem-matcher.json" <<'P' || fail "the problem matcher does not match a finding"
import json, re, sys
pattern = json.load(open(sys.argv[1]))["problemMatcher"][0]["pattern"][0]
found = re.search(pattern["regexp"], open("out").read(), re.M)
assert found, open("out").read()
groups = {name: found[at] for name, at in pattern.items() if name != "regexp"}
assert groups["file"].endswith("x.yaml") and (groups["line"], groups["column"]) == ("3", "1"), groups
assert (groups["severity"], groups["code"]) == ("error", "RR003") and "foo" in groups["message"], groups
P

# Every command in the examples is one that this program takes.
mkdir rules
cp "$ROOT/rules/qwen3.yaml" rules/
grep -ohE 'rule-runner (lint|test) rules[^|>]*' "$ROOT"/examples/ci/* | sed 's/"[^"]*"/rules/; s/ *$//' | sort -u >commands
[ "$(wc -l <commands)" -ge 4 ] || fail "the examples name no commands"
while read -r program arguments; do
  [[ $arguments == *--rules* ]] || arguments+=" --rules rules --rules $ROOT/rules"
  got=0
  "$RR" $arguments >out 2>err </dev/null || got=$?
  [ "$got" != 2 ] || fail "not a command: $arguments"
done <commands
