#!/usr/bin/env python3
"""How fast `rule-runner lint` is: the shipped rules, and several times as many. Not a test.

    tests/bench/bench_lint.py [--copies 10] [--repeat 3] [--rules rules] [--binary build/release/rule-runner]

Every family is copied under new names (qwen3 becomes qwen3_copy1, ...); the parts that families share stay what they are. Prints the
wall time, the processor time and the largest memory of the quickest run of each. Fails when lint finds something.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time


def copy_families(rules, folder, copies):
    shutil.copytree(rules, folder)
    for path in sorted(pathlib.Path(rules).glob("*.yaml")):
        text = path.read_text()
        for i in range(1, copies):
            name = f"{path.stem}_copy{i}"
            (folder / f"{name}.yaml").write_text(re.sub(r"(?m)^family: .*$", f"family: {name}", text, count=1))


def timed(command):
    """Wall and processor seconds, and megabytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0 or "no findings" not in said:
        sys.exit(said)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rules", default="rules")
    parser.add_argument("--binary", default="build/release/rule-runner")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        many = pathlib.Path(scratch) / "rules"
        copy_families(args.rules, many, args.copies)
        for folder in (pathlib.Path(args.rules), many):
            runs = [timed([args.binary, "lint", str(folder), "--rules", str(folder)]) for _ in range(args.repeat)]
            wall, cpu, memory = min(runs)
            print(f"{len(list(folder.glob('*.yaml')))} families: {wall:.2f} s, {cpu:.2f} s of processors, {memory:.0f} MB")


if __name__ == "__main__":
    main()
