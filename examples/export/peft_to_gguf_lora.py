#!/usr/bin/env python3
"""PEFT adapter -> GGUF LoRA: peft_to_gguf_lora.py LLAMA_CPP_FOLDER ADAPTER_FOLDER BASE_FOLDER OUT.gguf

Runs llama.cpp's own convert_lora_to_gguf.py, which knows GGUF's names; it needs torch, safetensors and gguf. BASE_FOLDER holds the
base model's config.json. Give it an adapter as PEFT writes one for plain linears: convert with rule-runner first.
There is no way from GGUF back: its tensors are renamed, permuted and mostly quantised; convert the original checkpoint instead.
Tried: that it compiles, and its messages when llama.cpp or a file is missing. Not tried: a conversion.
"""
import pathlib
import subprocess
import sys


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__.splitlines()[0])
    llama_cpp, adapter, base, out = map(pathlib.Path, sys.argv[1:])
    script = llama_cpp / "convert_lora_to_gguf.py"
    if not script.is_file():
        sys.exit(f"{script}: not found; run `git clone https://github.com/ggml-org/llama.cpp`")
    for needed in (adapter / "adapter_config.json", adapter / "adapter_model.safetensors", base / "config.json"):
        if not needed.is_file():
            sys.exit(f"{needed}: not found")
    command = [sys.executable, str(script), "--base", str(base), "--outfile", str(out), str(adapter)]
    sys.exit(subprocess.run(command).returncode)


main()
