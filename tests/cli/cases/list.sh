# The families and their layouts, as lines, for programs, and as the README has them.
expect 0 list
says 'qwen3_moe        hub                  transformers <5, vllm, sglang'
expect 0 list --format json
json 'any(f["family"] == "qwen3_moe" and f["layouts"][0]["layout"] == "hub" for f in d)'
expect 0 list --format markdown
python3 -c 'import sys; sys.exit(open("out").read() not in open(sys.argv[1]).read())' "$ROOT/README.md" ||
  fail "the README's table of families is not what list --format markdown prints"
