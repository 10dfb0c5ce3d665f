# Every code has an explanation, by its number and by its name.
codes=$(sed -n 's/^RR_CODE(\([0-9]*\), .*/\1/p' "$ROOT/src/base/codes.def")
[ "$(wc -w <<<"$codes")" -gt 40 ] || fail "the table of codes is not where it was"
for code in $codes; do
  expect 0 lint --explain "$(printf 'RR%03d' "$code")"
  [ "$(wc -l <out)" -ge 3 ] || fail "RR$code is not explained"
done
expect 0 lint --explain wrong-axes
says 'RR203 wrong-axes'
