# Exit code 4 and the system's own words when the operating system refuses.
long=$(printf 'x%.0s' {1..300})
expect 4 convert "$SAMPLE" "$long" --to megatron
complains 'File name too long'
expect 4 synth "$long" --config "$SAMPLE/config.json"
expect 4 convert "$SAMPLE" there --to megatron --report no/such/folder/report.json
complains 'no/such/folder/report.json'
[ ! -e there ]  # it is found before the conversion

# Results that cannot be written are no success.
if [ -w /dev/full ]; then
  for command in list schema "inspect $SAMPLE" "plan $SAMPLE --to megatron" "explain qwen3_moe" "lint $ROOT/rules" "lint --explain RR203" \
    "test $ROOT/rules/llama.yaml --seed 1" "synth --config $SAMPLE/config.json --dry-run" "convert $SAMPLE said --to megatron --dry-run"; do
    code=0
    "$RR" $command >/dev/full 2>err || code=$?
    [ "$code" = 4 ] || fail "exit $code of \`$command\` on a full disk, expected 4"
  done
fi

# A folder that may not be written to. Root may write everywhere, so somebody else is asked.
mkdir closed
cp "$RR" program
cp -r "$SAMPLE" "$ROOT/rules" .
chmod 555 . closed
as_other=()
if [ "$(id -u)" = 0 ]; then as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
if "${as_other[@]}" ./program --version >/dev/null 2>&1; then
  code=0
  output=$("${as_other[@]}" ./program convert qwen3_moe_sample closed/there --to megatron --rules rules 2>&1) || code=$?
  [ "$code" = 4 ] || fail "exit $code for a folder that may not be written to, expected 4: $output"
  grep -q 'Permission denied' <<<"$output" || fail "no reason: $output"
  [ -z "$(ls closed)" ] || fail "something is left behind"
fi
chmod 755 .
