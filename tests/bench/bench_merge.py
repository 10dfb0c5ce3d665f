#!/usr/bin/env python3
"""How fast `rule-runner merge` is, beside numpy and `cp`. Not a test. Needs numpy (python3-numpy), GNU cp, and four times the base's size on disk.

    tests/bench/bench_merge.py CONFIG [--layers 4] [--rank 16] [--repeat 3] [--scratch DIR] [--binary build/release/rule-runner]

CONFIG is the config.json of a Qwen3-MoE model, for instance Qwen3-30B-A3B; with --layers 4 the base has 5.6 GB. It is made by `synth`; the
adapter is on q, k, v, o and all experts, in float32, once with a pair per expert and once as PEFT 0.19.1 folds the experts. Everything is
read once before it is timed, so that the page cache is warm where memory suffices. The times of each round stand side by side; the ratio is that of the
medians. All results are synced to disk within the time, but for `cp` alone.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from merge_numpy import header_of

HERE = pathlib.Path(__file__).resolve().parent
ALPHA_PER_RANK = 2


def write_safetensors(path, tensors):
    header, at = {}, 0
    for key, array in tensors.items():
        header[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            np.ascontiguousarray(array).tofile(file)


def make_adapters(config, layers, rank, per_expert, folded):
    """One adapter in two forms: gate and up of an expert have one A."""
    hidden, inner, experts = config["hidden_size"], config["moe_intermediate_size"], config["num_experts"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    random = np.random.default_rng(1)

    def factor(*shape):
        return random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)

    one, other = {}, {}
    for layer in range(layers):
        name = f"base_model.model.model.layers.{layer}."
        for module, out, into in [("q", queries, hidden), ("k", keys, hidden), ("v", keys, hidden), ("o", hidden, queries)]:
            for side, value in [("A", factor(rank, into)), ("B", factor(out, rank))]:
                one[f"{name}self_attn.{module}_proj.lora_{side}.weight"] = other[f"{name}self_attn.{module}_proj.lora_{side}.weight"] = value
        a, b = factor(experts, rank, hidden), factor(experts, 2 * inner, rank)
        down_a, down_b = factor(experts, rank, inner), factor(experts, hidden, rank)
        for expert in range(experts):
            key = f"{name}mlp.experts.{expert}."
            one[f"{key}gate_proj.lora_A.weight"] = one[f"{key}up_proj.lora_A.weight"] = a[expert]
            one[f"{key}gate_proj.lora_B.weight"], one[f"{key}up_proj.lora_B.weight"] = b[expert, :inner], b[expert, inner:]
            one[f"{key}down_proj.lora_A.weight"], one[f"{key}down_proj.lora_B.weight"] = down_a[expert], down_b[expert]
        for wrapper, x, y in [("experts.base_layer", a, b), ("experts", down_a, down_b)]:
            other[f"{name}mlp.{wrapper}.lora_A.weight"] = x.reshape(experts * rank, -1)
            other[f"{name}mlp.{wrapper}.lora_B.weight"] = y.transpose(1, 2, 0).reshape(-1, rank * experts)
    attention = ["q_proj", "k_proj", "v_proj", "o_proj"]
    say = {"peft_type": "LORA", "r": rank, "lora_alpha": ALPHA_PER_RANK * rank}
    for folder, tensors, more in [
        (per_expert, one, {"target_modules": attention + ["gate_proj", "up_proj", "down_proj"]}),
        (folded, other, {"peft_version": "0.19.1", "target_modules": attention,
                         "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]}),
    ]:
        folder.mkdir()
        write_safetensors(folder / "adapter_model.safetensors", tensors)
        (folder / "adapter_config.json").write_text(json.dumps(say | more))


def timed(command):
    """(seconds, peak resident MB) of a command that must succeed"""
    peak = 0

    def watch(status):
        # Not ru_maxrss: that begins with the memory of this process, from which the child is forked.
        nonlocal peak
        while not done.wait(0.01):
            try:
                lines = status.read_text().splitlines()
            except OSError:
                return
            peak = max([peak] + [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")])

    done = threading.Event()
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said)
        watcher = threading.Thread(target=watch, args=[pathlib.Path(f"/proc/{child.pid}/status")])
        watcher.start()
        code = child.wait()
        seconds = time.perf_counter() - begin
        done.set()
        watcher.join()
        if code != 0:
            said.seek(0)
            sys.exit(f"{command[0]} failed: {said.read().decode()}")
    return seconds, peak * 1024 / 1e6


def files_of(folder):
    return {key: (path, *entry) for path in sorted(folder.glob("*.safetensors")) for key, entry in header_of(path)[0].items()}


def float_of(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def compare(ours, theirs, base):
    """(keys, elements, elements that differ, largest distance in units of the last place)"""
    a, b, c = files_of(ours), files_of(theirs), files_of(base)
    assert a.keys() == b.keys(), sorted(a.keys() ^ b.keys())[:5]
    elements = different = 0
    largest = 0.0
    for key, (_, dtype, shape, _, size) in a.items():
        assert (dtype, shape, size) == (b[key][1], b[key][2], b[key][4]) and dtype == "BF16", key
        x, y = (np.fromfile(of[key][0], np.uint16, size // 2, offset=of[key][3]) for of in (a, b))
        elements += x.size
        wrong = np.flatnonzero(x != y)
        if wrong.size > 0:
            # Where weight and update nearly cancel, or the terms of an update, what is left is as exact as they were.
            w = float_of(np.fromfile(c[key][0], np.uint16, size // 2, offset=c[key][3]))
            rounding = np.abs(float_of(x) - w).max() * 2.0**-20
            p, q, w = float_of(x[wrong]), float_of(y[wrong]), w[wrong]
            unit = np.maximum(np.exp2(np.floor(np.log2(np.maximum(np.abs(w), np.maximum(np.abs(p), np.abs(q))))) - 7), rounding)
            different += wrong.size
            largest = max(largest, float((np.abs(p - q) / unit).max()))
    return len(a), elements, different, largest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scratch", help="an existing folder; everything lies in a new one below it, which is removed at the end")
    parser.add_argument("--binary", default=str(HERE.parents[1] / "build/release/rule-runner"))
    flags = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench_merge.", dir=flags.scratch))
    try:
        run(flags, scratch)
    finally:
        shutil.rmtree(scratch)


def run(flags, scratch):
    base, per_expert, folded = scratch / "base", scratch / "per_expert", scratch / "folded"
    binary = str(pathlib.Path(flags.binary).resolve())
    layers = f"num_hidden_layers={flags.layers}"
    timed([binary, "synth", str(base), "--config", str(flags.config), "--layout", "hub", "--set", layers])
    make_adapters(json.loads(flags.config.read_text()), flags.layers, flags.rank, per_expert, folded)
    config = base / "config.json"
    size = sum(path.stat().st_size for path in base.iterdir())
    if shutil.disk_usage(scratch).free < 3.1 * size:
        sys.exit(f"{scratch} has no room for three more copies of {size / 1e9:.1f} GB")

    def result(name):
        shutil.rmtree(scratch / name, ignore_errors=True)
        return str(scratch / name)

    def merge(adapter, name):
        return lambda: timed([binary, "merge", str(base), result(name), "--adapter", str(adapter), "--config", str(config)])

    def copy():
        return timed(["cp", "-r", str(base), result("copy")])

    def copy_and_sync():
        return timed(["sh", "-c", 'cp -r "$1" "$2" && sync "$2"/*', "sh", str(base), result("copy")])

    def numpy():
        return timed([sys.executable, str(HERE / "merge_numpy.py"), str(base), str(per_expert), result("of_numpy")])

    contenders = {
        "cp": copy,
        "cp, synced": copy_and_sync,
        "numpy, pair per expert": numpy,
        "rule-runner, pair per expert": merge(per_expert, "of_pairs"),
        "rule-runner, folded": merge(folded, "of_folded"),
    }
    found = {name: [] for name in contenders}
    for _ in range(flags.repeat):
        for name, contender in contenders.items():
            subprocess.run("sync; cat base/* per_expert/* folded/* >/dev/null", shell=True, check=True, cwd=scratch)
            found[name].append(contender())
            shutil.rmtree(scratch / "copy", ignore_errors=True)
            if name.startswith("rule-runner, pair"):
                of_pairs = compare(scratch / "of_pairs", scratch / "of_numpy", base)
                shutil.rmtree(scratch / "of_pairs")
    of_folded = compare(scratch / "of_folded", scratch / "of_numpy", base)

    print(f"base {size / 1e9:.2f} GB, rank {flags.rank}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    reference = statistics.median(seconds for seconds, _ in found["numpy, pair per expert"])
    print(f"{'':30}{'median s':>10}{'of numpy':>10}{'GB/s':>8}{'peak MB':>9}   each round")
    for name, runs in found.items():
        median = statistics.median(seconds for seconds, _ in runs)
        peak = max(peak for _, peak in runs)
        rounds = " ".join(f"{seconds:.1f}" for seconds, _ in runs)
        print(f"{name:30}{median:10.2f}{median / reference:10.2f}{size / median / 1e9:8.2f}{peak:9.0f}   {rounds}")
    for form, (keys, elements, different, largest) in [("pair per expert", of_pairs), ("folded", of_folded)]:
        print(f"{form} and numpy: {keys} tensors, {different} of {elements} elements differ, by at most {largest:.3g} units in the last place")
        if largest > 1:
            sys.exit("the results differ by more than rounding")


if __name__ == "__main__":
    main()
