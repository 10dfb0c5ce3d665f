#!/usr/bin/env bash
# Runs cases of whole commands, each in an empty folder of its own.
#   tests/cli/run.sh BINARY [CASE.sh...]      all cases when none is named
#
# A case is a bash script that stops at the first command that fails. It has $RR (the program), $ROOT (the sources), $SAMPLE (the
# bundled checkpoint) and these functions:
#   expect CODE ARGUMENT...   runs the program and checks its exit code; stdout goes to the file `out`, stderr to `err`
#   says TEXT, complains TEXT TEXT stands in `out`, in `err`
#   prints                    `out` is the text on standard input
#   same A B                  two checkpoints hold the same tensors
#   edit IN OUT ACTION...     a changed copy of a checkpoint, see edit_tensors.py
#   json EXPRESSION           a Python expression about `d`, the JSON in `out`, is true
#   fail TEXT                 the case fails
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
SAMPLE=$ROOT/examples/qwen3_moe_sample
RR=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- "$here"/cases/*.sh

fail() {
  echo "  $*" >&2
  for file in out err; do
    if [ -s "$file" ]; then echo "  --- $file" >&2; head -n 20 "$file" | sed 's/^/  /' >&2; fi
  done
  exit 1
}
expect() {
  local want=$1 got=0
  shift
  "$RR" "$@" >out 2>err </dev/null || got=$?
  [ "$got" = "$want" ] || fail "exit $got, expected $want: rule-runner $*"
}
says() { grep -qF -e "$1" out || fail "stdout does not say: $1"; }
complains() { grep -qF -e "$1" err || fail "stderr does not say: $1"; }
prints() { diff - out >difference || fail "stdout differs: $(cat difference)"; }
same() { "$ROOT/examples/same_tensors.py" "$@" >out 2>err || fail "$1 and $2 do not hold the same tensors"; }
edit() { python3 "$here/edit_tensors.py" "$@"; }
json() { python3 -c 'import json, sys; d = json.load(open("out")); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" || fail "not so: $1"; }

unset RULE_RUNNER_RULES
export NO_COLOR=1 PYTHONPATH=$ROOT/examples PYTHONDONTWRITEBYTECODE=1
for case in "$@"; do
  case=$(realpath "$case")
  scratch=$(mktemp -d)
  # Not behind `||`: there bash goes on after a command that fails.
  set +e
  (set -euo pipefail; cd "$scratch"; source "$case")
  code=$?
  set -e
  chmod -R u+w "$scratch" && rm -rf "$scratch"
  if [ "$code" != 0 ]; then echo "FAIL $(basename "$case")"; exit 1; fi
  echo "ok   $(basename "$case")"
done
