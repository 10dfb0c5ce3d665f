#!/usr/bin/env python3
"""Converted adapters in the real PEFT and transformers: the logits of a model stay what they were.

peft_logits.py RULE_RUNNER [--family qwen3_moe] [--family qwen3_next] [--keep FOLDER] [--against FOLDER]

Makes a tiny random model of each family and four random LoRA adapters of it, and saves them with the libraries' own save_pretrained:

- `plain`: attention, linear attention and experts, one rank and one alpha;
- `everything`: the router, the shared expert and dense layers, too;
- `patterns`: as `everything`, with rsLoRA, and another rank and alpha for some modules;
- `embeddings`: attention, the embedding and the head, of which PEFT saves the base's weights, too.

Experts and router are adapted as parameters where transformers has them as parameters (transformers 5), as linears otherwise. There PEFT
0.19 and later take every gate_proj, up_proj and down_proj in target_modules for an expert's; dense ones are parameters, too, then. With the
logits of model and adapter as PEFT computes them:

- the adapter goes through every other layout that rule-runner has for the family and back to what this PEFT reads, is loaded with
  PeftModel.from_pretrained, and must give the same logits;
- the adapter with --rank 16 must give them, too;
- `rule-runner merge` makes a model of both, which is loaded without PEFT and must give the same logits.

PEFT must load what rule-runner wrote whole: every tensor of the file is then in the model with the value that it has in the file, no
tensor of the model is missing in the file, and PEFT warns of neither. Each kind of module must matter to the logits, otherwise their
sameness would show nothing.

PEFT 0.19.1 stores experts otherwise than 0.19.0, and transformers 5 otherwise than 4. What one environment kept (--keep FOLDER) another
compares with (--against FOLDER): the models and adapters of the other's versions, converted to what this one reads, must give the logits
that the other computed.

A layout that cannot hold the adapter is refused by rule-runner; that is reported and is no failure. Needs torch, transformers and
peft (0.17 or later, one that works with this transformers); works on a processor. Exit code 1 where logits differ, 2 where nothing could be
compared.

Where it was written the released packages could not be installed. It ran there, against each other, on torch 1.13 and the sources of

    PEFT 0.17.1 and 0.18.1 with transformers 5.2.0, 0.18.1 with 4.57.6, 0.19.0 and 0.19.1 with 5.5.4, 0.20.0 with 5.12.1.

PEFT was whole. Of transformers the modeling, configuration, activation, output, initialisation and weight conversion modules were the real
ones; PreTrainedModel, PreTrainedConfig, Auto classes, masks and caches were stubs, and so were accelerate, huggingface_hub and safetensors.
With the released packages it has not been run.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import peft
import torch
import transformers
from safetensors.torch import load_file

VOCABULARY = 64
# Weights ten times larger than usual: with the usual ones a wrong expert would change logits by little more than rounding does.
SIZES = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, moe_intermediate_size=24, num_attention_heads=4,
             num_key_value_heads=2, head_dim=16, num_experts=4, num_experts_per_tok=2, max_position_embeddings=64,
             tie_word_embeddings=False, pad_token_id=0, bos_token_id=1, eos_token_id=2, initializer_range=0.2)
CONFIGS = {
    "qwen3_moe": dict(SIZES, num_hidden_layers=3, decoder_sparse_step=1, mlp_only_layers=[1]),
    "qwen3_next": dict(SIZES, num_hidden_layers=4, full_attention_interval=4, shared_expert_intermediate_size=20,
                       decoder_sparse_step=1, mlp_only_layers=[], linear_num_key_heads=2, linear_num_value_heads=4,
                       linear_key_head_dim=8, linear_value_head_dim=8, linear_conv_kernel_dim=4),
}
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "in_proj_qkvz", "in_proj_ba", "out_proj"]
DENSE = ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "shared_expert.gate_proj", "shared_expert.up_proj", "shared_expert.down_proj"]
EXPERT_LINEARS = [f"experts.{expert}.{part}_proj" for expert in range(SIZES["num_experts"]) for part in ("gate", "up", "down")]
EXPERT_PARAMETERS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
ADAPTERS = {
    "plain": dict(r=4, lora_alpha=8),
    "everything": dict(r=4, lora_alpha=8),
    # No two patterns fit one module: PEFT takes the first and does not save their order.
    "patterns": dict(r=4, lora_alpha=8, use_rslora=True,
                     rank_pattern={"o_proj": 6, "mlp.gate": 3, "mlp.gate.weight": 3, "mlp.experts.down_proj": 5,
                                   r"mlp.experts.\d+.down_proj": 5, "layers.2.mlp.experts.gate_up_proj": 2,
                                   r"layers.2.mlp.experts.\d+.(gate|up)_proj": 2, "shared_expert_gate": 1,
                                   "shared_expert.down_proj": 3, "shared_expert.down_proj.weight": 3,
                                   "layers.1.mlp.up_proj": 7, "layers.1.mlp.up_proj.weight": 7},
                     alpha_pattern={"q_proj": 12, "in_proj_qkvz": 10, "mlp.experts.gate_up_proj": 5,
                                    r"mlp.experts.\d+.(gate|up)_proj": 5, "layers.0.self_attn.k_proj": 3,
                                    "shared_expert.up_proj": 7, "shared_expert.up_proj.weight": 7}),
    "embeddings": dict(r=4, lora_alpha=8),
}
LAYOUTS = ["peft-expert", "peft-direct", "peft-swapped", "peft-direct-blocked", "peft-swapped-blocked", "art", "unsloth-grouped",
           "automodel", "megatron", "megatron-canonical", "megatron-packed-3d", "maxtext-scanned", "maxtext-unscanned"]
MATTERS = 1e-2      # a kind of module that changes the logits by less than this part of the largest shows nothing
SAME = 1e-4         # logits are the same up to this part of the largest


def logits(model, tokens):
    model.eval()
    with torch.no_grad():
        return model(input_ids=tokens, use_cache=False).logits.float()


def make_base(family, folder):
    torch.manual_seed(1)
    config = transformers.AutoConfig.for_model(family, **CONFIGS[family])
    transformers.AutoModelForCausalLM.from_config(config).float().save_pretrained(folder)


def load_base(folder):
    # The plain implementations: kernels of experts and of attention round otherwise, and not every processor has them.
    plain = dict(attn_implementation="eager")
    if int(transformers.__version__.split(".")[0]) >= 5:
        plain["experts_implementation"] = "eager"
    return transformers.AutoModelForCausalLM.from_pretrained(folder, **plain).float().eval()


def stacks_experts(model):
    return any(name.endswith("mlp.experts.gate_up_proj") for name, _ in model.named_parameters())


def peft_version():
    return tuple(int(part) for part in peft.__version__.split(".")[:2])


def make_adapter(model, name, folder):
    linears = [path for path, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    few = name == "plain"
    modules, parameters = LINEARS + ([] if few else ["shared_expert_gate"]), []
    dense = [] if few else [module for module in DENSE if any(path.endswith("." + module) for path in linears)]
    if name == "embeddings":
        modules = LINEARS
    elif not stacks_experts(model):
        modules += EXPERT_LINEARS + dense + ([] if few else ["mlp.gate"])
    else:
        parameters = EXPERT_PARAMETERS + ([] if few else ["mlp.gate.weight"])
        if peft_version() < (0, 19):
            modules += dense
        else:
            parameters += [module + ".weight" for module in dense]
    wanted = [module for module in modules if any(path.endswith("." + module) for path in linears)]
    wanted += ["embed_tokens", "lm_head"] if name == "embeddings" else []
    adapted = [path for path in linears if path.endswith(tuple("." + module for module in wanted))]
    adapted += [path for path, _ in model.named_parameters() if path.endswith(tuple("." + parameter for parameter in parameters))]
    # PEFT has no dropout for parameters. An adapter of linears that was trained with it becomes one of parameters all the same.
    settings = dict(ADAPTERS[name], target_modules=wanted, lora_dropout=0.0 if parameters else 0.1, task_type="CAUSAL_LM")
    for which in ("rank_pattern", "alpha_pattern"):
        settings[which] = {pattern: value for pattern, value in settings.get(which, {}).items()
                           if any(re.match(rf"(.*\.)?({pattern})$", path) for path in adapted)}
    if parameters:
        settings["target_parameters"] = parameters
    adapted = peft.get_peft_model(model, peft.LoraConfig(**settings))
    generator = torch.Generator().manual_seed(2)
    for parameter_name, parameter in adapted.named_parameters():
        if "lora_" in parameter_name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    adapted.save_pretrained(folder)
    return adapted


def kinds_of_modules(adapted):
    """The B of every kind of adapted module, layers and experts taken together."""
    kinds = {}
    for name, parameter in adapted.named_parameters():
        module, _, factor = name.partition(".lora_")
        if factor.startswith(("B.", "embedding_B.")):
            kinds.setdefault(re.sub(r"\.\d+", "", module.split("layers.")[-1]), []).append(parameter)
    return kinds


def what_shows_nothing(adapted, tokens, wanted):
    few = []
    for kind, parameters in kinds_of_modules(adapted).items():
        kept = [parameter.data for parameter in parameters]
        for parameter in parameters:
            parameter.data = torch.zeros_like(parameter.data)
        if not (logits(adapted, tokens) - wanted).abs().max() > MATTERS * wanted.abs().max():
            few.append(kind)
        for parameter, data in zip(parameters, kept):
            parameter.data = data
    return few


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode == 0, (done.stderr or done.stdout).strip().split("\n")[0]


class Comparison:
    """One family, with the versions of this environment, in `folder`."""

    def __init__(self, program, family, folder):
        self.program, self.family, self.folder = program, family, folder
        self.compared, self.failed = 0, 0
        self.tokens = torch.randint(3, VOCABULARY, (2, 11), generator=torch.Generator().manual_seed(3))

    def says(self, what, wrong, good=""):
        self.compared += 1
        self.failed += bool(wrong)
        print(f"{self.family}: {what}: {'WRONG: ' + '; '.join(wrong) if wrong else good}")

    def refused(self, what, said):
        """A layout may have no place for something (RR502), or not be there for such a model (RR410)."""
        if "[RR502 " in said or "[RR410 " in said:
            print(f"{self.family}: {what}: {said}")
        else:
            self.says(what, [said])

    def differs(self, model, wanted):
        worst = (logits(model, self.tokens) - wanted).abs().max().item() / wanted.abs().max().item()
        wrong = [] if worst <= SAME else [f"logits differ by {worst:.2g} of the largest"]
        return wrong, f"same logits, largest difference {worst:.2g} of the largest"

    def check_adapter(self, what, adapter, base, wanted):
        """Loads an adapter and compares the logits, and the tensors with those of the file."""
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                model = peft.PeftModel.from_pretrained(load_base(base), adapter)
            except (RuntimeError, ValueError) as error:
                return self.says(what, ["PEFT refuses it: " + " ".join(str(error).split())[:300]])
        wrong, good = self.differs(model, wanted)
        wrong += [str(warning.message)[:200] for warning in warned
                  if re.search("missing adapter keys|no parameter was matched|unexpected keys", str(warning.message))]
        # Not a part of the adapter: the base's weights that PEFT saves beside the factors of embeddings.
        there = {key: value for key, value in load_file(adapter / "adapter_model.safetensors").items()
                 if not key.endswith(".base_layer.weight")}
        loaded = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
        for key in sorted(set(there) ^ set(loaded)):
            wrong.append(f"{key} is only in the {'file' if key in there else 'model'}")
        wrong += [f"{key} has other values" for key in sorted(set(there) & set(loaded)) if not torch.equal(there[key], loaded[key])]
        self.says(what, wrong[:4], good)

    def convert(self, source, destination, base, to, *more):
        return run(self.program, "convert", source, destination, "--to", to, "--config", base / "config.json", "--force", *more)

    def here(self, base):
        """What rule-runner calls the adapters of this environment."""
        return f"peft@{peft.__version__.split('.dev')[0]}" if stacks_experts(load_base(base)) else "peft-expert"

    def check(self):
        base = self.folder / "base"
        make_base(self.family, base)
        adapters, wanted = {}, {}
        for name in ADAPTERS:
            adapted = adapters[name] = make_adapter(load_base(base), name, self.folder / name)
            wanted[name] = logits(adapted, self.tokens)
            few = what_shows_nothing(adapted, self.tokens, wanted[name])
            self.says(f"{name}: what matters", [f"{kind} changes too little" for kind in few], "every kind of module")
        (self.folder / "logits.json").write_text(json.dumps({name: values.tolist() for name, values in wanted.items()}))
        for name in ADAPTERS:
            self.check_one(name, adapters[name], base, wanted[name])

    def check_one(self, name, adapted, base, wanted):
        adapter, here = self.folder / name, self.here(base)
        self.check_adapter(f"{name}: loaded again", adapter, base, wanted)
        for layout in LAYOUTS:
            there, back = self.folder / f"{name}-to-{layout}", self.folder / f"{name}-back-from-{layout}"
            done, said = self.convert(adapter, there, base, layout, "--from", here, "--allow", "uniform-rank",
                                      "--allow", "lossy")
            if done:
                done, said = self.convert(there, back, base, here, "--from", layout, "--allow", "lossy")
            if done:
                self.check_adapter(f"{name}: through {layout} and back", back, base, wanted)
            else:
                self.refused(f"{name}: {layout}", said)
        self.check_converted(f"{name}: with --rank 16", adapter, f"{name}-rank-16", base, wanted, "--from", here, "--rank", "16")
        self.check_merge(name, adapter, base, wanted, adapted)

    def check_converted(self, what, adapter, to, base, wanted, *more):
        done, said = self.convert(adapter, self.folder / to, base, self.here(base), *more)
        if done:
            self.check_adapter(what, self.folder / to, base, wanted)
        else:
            self.says(what, [said])

    def check_merge(self, name, adapter, base, wanted, adapted=None):
        folder = self.folder / "merged"
        done, said = run(self.program, "merge", base, folder, "--adapter", adapter, "--force")
        if not done:
            return self.says(f"{name}: merge", [said])
        merged = load_base(folder)
        wrong, good = self.differs(merged, wanted)
        if adapted is not None:     # PEFT's own merge
            theirs = adapted.merge_and_unload().state_dict()
            wrong += [f"{key} is not as PEFT merges it" for key, value in merged.state_dict().items()
                      if not torch.allclose(value, theirs[key], rtol=1e-5, atol=1e-6)]
        self.says(f"{name}: merged", wrong[:4], good)

    def check_against(self, other):
        base = other / "base"
        for name, values in json.loads((other / "logits.json").read_text()).items():
            wanted = torch.tensor(values)
            self.check_converted(f"{name} of {other}", other / name, f"{name}-of-other", base, wanted)
            self.check_merge(f"{name} of {other}", other / name, base, wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", help="the program rule-runner")
    parser.add_argument("--family", action="append", choices=sorted(CONFIGS))
    parser.add_argument("--keep", help="keep models, adapters and logits in this folder")
    parser.add_argument("--against", action="append", default=[], help="compare with what another environment kept in this folder")
    options = parser.parse_args()
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}))
    compared = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.family or sorted(CONFIGS):
            folder = pathlib.Path(options.keep or temporary) / name
            folder.mkdir(parents=True, exist_ok=True)
            comparison = Comparison(options.program, name, folder)
            comparison.check()
            for other in options.against:
                comparison.check_against(pathlib.Path(other) / name)
            compared += comparison.compared
            failed += comparison.failed
    print(f"{compared - failed} passed, {failed} failed")
    return 1 if failed else 0 if compared else 2


if __name__ == "__main__":
    sys.exit(main())
