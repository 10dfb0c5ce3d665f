# What convert would do, in three forms; nothing is written.
before=$(sha256sum "$SAMPLE"/*)
expect 0 plan "$SAMPLE" --to transformers-5 --only layers.1.mlp
says gate_up_proj
expect 0 plan "$SAMPLE" --to transformers-5 --format json
json 'isinstance(d, dict)'
expect 0 plan "$SAMPLE" --to transformers-5 --format dot
says digraph
expect 1 plan nowhere --to hub
expect 1 plan "$SAMPLE" --to megatrn
[ "$before" = "$(sha256sum "$SAMPLE"/*)" ] || fail "the source has changed"
[ "$(ls | tr '\n' ' ')" = "err out " ] || fail "something was written"
