# What the rules say, for a family, a pair of layouts, or one key.
expect 0 explain qwen3_moe --from hub --to megatron
[ -s out ] || fail "nothing is said"
expect 0 explain qwen3_moe model.layers.3.mlp.experts.7.up_proj.weight --to automodel
says gate_and_up_projs
# The parts of a group lie between those of the others: each axis has its own step.
expect 0 explain qwen3_moe model.layers.0.self_attn.k_proj.weight --to megatron
says "      k: dim 0 from D*Q G by 2*D + D*Q, D by 1; reshape [G, D, H]"
for stage in ast checked; do expect 0 explain qwen3_moe --stage $stage; done
for stage in bound graph plan; do expect 0 explain qwen3_moe --stage $stage --from hub --to automodel --config "$SAMPLE/config.json"; done
expect 1 explain qwen3_mo
complains 'did you mean `qwen3_moe`?'
expect 1 explain qwen3_moe --from hub --to megatrn
complains 'did you mean `megatron`?'
expect 1 explain qwen3_moe no.such.key
expect 2 explain
expect 2 explain qwen3_moe --stage everything

# What a tensor is published in.
expect 0 explain minimax --stage ast
says 'w: L : E <- H, published in F32'
expect 0 explain minimax model.layers.3.block_sparse_moe.gate.weight --to hub
says 'shape [E, H] of F32'
