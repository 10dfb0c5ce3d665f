#!/usr/bin/env python3
"""Converted adapters in the real PEFT and transformers: the logits of a model stay what they were.

peft_logits.py RULE_RUNNER [--family qwen3_moe] [--family qwen3_next] [--keep FOLDER]

Makes a tiny random model of each family and a random LoRA adapter of its attention, its linear attention, its router and its
experts (as parameters where transformers stacks them, transformers 5; as linears otherwise), and saves both with the libraries' own
save_pretrained. Then, with the logits of model and adapter as PEFT computes them:

- the adapter goes through every other layout that rule-runner has for the family and back to what this PEFT reads, is loaded with
  PeftModel.from_pretrained, and must give the same logits;
- `rule-runner merge` makes a model of both, which is loaded without PEFT and must give the same logits;
- the adapter with --rank 8 must give them, too.

A layout that cannot hold the adapter is refused by rule-runner; that is reported and is no failure. Needs torch, transformers and
peft (0.17 or later); works on a processor. Exit code 1 where logits differ, 2 where nothing could be compared.

It was written against the documented interfaces of transformers 4.57 to 5.x and PEFT 0.17 to 0.20 and has not been run yet: where it
was written neither library could be installed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import peft
import torch
import transformers

VOCABULARY = 64
SIZES = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, moe_intermediate_size=24, num_attention_heads=4,
             num_key_value_heads=2, head_dim=16, num_experts=4, num_experts_per_tok=2, max_position_embeddings=64,
             tie_word_embeddings=False, pad_token_id=0, bos_token_id=1, eos_token_id=2)
CONFIGS = {
    "qwen3_moe": dict(SIZES, num_hidden_layers=2, decoder_sparse_step=1, mlp_only_layers=[]),
    "qwen3_next": dict(SIZES, num_hidden_layers=4, full_attention_interval=4, shared_expert_intermediate_size=20,
                       decoder_sparse_step=1, mlp_only_layers=[], linear_num_key_heads=2, linear_num_value_heads=4,
                       linear_key_head_dim=8, linear_value_head_dim=8, linear_conv_kernel_dim=4),
}
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "in_proj_qkvz", "in_proj_ba", "out_proj"]
EXPERT_LINEARS = ["gate_proj", "up_proj", "down_proj"]
EXPERT_PARAMETERS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
LAYOUTS = ["peft-expert", "peft-direct", "peft-swapped", "peft-direct-blocked", "peft-swapped-blocked", "automodel", "megatron",
           "megatron-packed-3d", "maxtext-scanned", "maxtext-unscanned"]


def logits(model, tokens):
    model.eval()
    with torch.no_grad():
        return model(input_ids=tokens, use_cache=False).logits.float()


def make_base(family, folder):
    config = transformers.AutoConfig.for_model(family, **CONFIGS[family])
    model = transformers.AutoModelForCausalLM.from_config(config).float()
    model.save_pretrained(folder)
    return model


def make_adapter(model, folder):
    names = [name for name, _ in model.named_parameters()]
    stacked = any(name.endswith("mlp.experts.gate_up_proj") for name in names)
    modules = {name.split(".")[-1] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    wanted = [name for name in LINEARS if name in modules] + ([] if stacked else EXPERT_LINEARS)
    settings = dict(r=4, lora_alpha=8, target_modules=wanted, lora_dropout=0.0, task_type="CAUSAL_LM")
    if stacked:
        settings["target_parameters"] = EXPERT_PARAMETERS
    adapted = peft.get_peft_model(model, peft.LoraConfig(**settings))
    generator = torch.Generator().manual_seed(2)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    adapted.save_pretrained(folder)
    return adapted


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode == 0, (done.stderr or done.stdout).strip().split("\n")[0]


class Family:
    def __init__(self, program, name, folder):
        self.program, self.name, self.folder = program, name, folder
        self.compared, self.failed = 0, 0
        torch.manual_seed(1)
        self.tokens = torch.randint(3, VOCABULARY, (2, 11), generator=torch.Generator().manual_seed(3))
        model = make_base(name, folder / "base")
        plain = logits(model, self.tokens)
        self.wanted = logits(make_adapter(model, folder / "adapter"), self.tokens)
        assert (self.wanted - plain).abs().max() > 1e-3, "the adapter changes nothing: this test would show nothing"

    def compare(self, what, model):
        self.compared += 1
        worst = (logits(model, self.tokens) - self.wanted).abs().max().item()
        good = worst <= 1e-4 * max(1.0, self.wanted.abs().max().item())
        self.failed += not good
        print(f"{self.name}: {what}: {'same' if good else 'DIFFERENT'} logits, largest difference {worst:.2g}")

    def load(self, adapter):
        base = transformers.AutoModelForCausalLM.from_pretrained(self.folder / "base", dtype=torch.float32)
        return peft.PeftModel.from_pretrained(base, adapter)

    def convert(self, source, destination, to, *more):
        return run(self.program, "convert", source, destination, "--to", to, "--config", self.folder / "base" / "config.json",
                   "--force", *more)

    def check(self):
        here = f"peft@{peft.__version__.split('.dev')[0]}"
        self.compare("loaded again", self.load(self.folder / "adapter"))
        for layout in LAYOUTS:
            there, back = self.folder / f"to-{layout}", self.folder / f"back-from-{layout}"
            done, said = self.convert(self.folder / "adapter", there, layout, "--allow", "uniform-rank")
            if done:
                done, said = self.convert(there, back, here, "--from", layout)
            if done:
                self.compare(f"through {layout} and back", self.load(back))
            else:
                print(f"{self.name}: {layout}: {said}")
        done, said = self.convert(self.folder / "adapter", self.folder / "rank-8", here, "--rank", "8")
        if done:
            self.compare("with --rank 8", self.load(self.folder / "rank-8"))
        else:
            print(f"{self.name}: --rank 8: {said}")
        done, said = run(self.program, "merge", self.folder / "base", self.folder / "merged", "--adapter", self.folder / "adapter",
                         "--force")
        if done:
            merged = transformers.AutoModelForCausalLM.from_pretrained(self.folder / "merged", dtype=torch.float32)
            self.compare("merged", merged)
        else:
            print(f"{self.name}: merge: {said}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", help="the program rule-runner")
    parser.add_argument("--family", action="append", choices=sorted(CONFIGS))
    parser.add_argument("--keep", help="keep models and adapters in this folder")
    options = parser.parse_args()
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}))
    compared = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.family or sorted(CONFIGS):
            folder = pathlib.Path(options.keep or temporary) / name
            folder.mkdir(parents=True, exist_ok=True)
            family = Family(options.program, name, folder)
            family.check()
            compared += family.compared
            failed += family.failed
    print(f"{compared - failed} passed, {failed} failed")
    return 1 if failed else 0 if compared > 2 else 2


if __name__ == "__main__":
    sys.exit(main())
