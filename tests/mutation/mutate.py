#!/usr/bin/env python3
"""Makes the shipped rule files wrong in hundreds of small ways and counts what `lint` and `test` notice.

  tests/mutation/mutate.py build/release/rule-runner
  tests/mutation/mutate.py build/release/rule-runner --mutants 20 --families qwen3,qwen3_moe --at-least 80

The same seed makes the same mutants of the same rules. Mutants of parts are judged by the families that take them over, the smallest
first. Edits that equivalents.yaml names change nothing that a conversion can see, for the reason given there, and do not count.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import queue
import random
import sys
import tempfile

from equivalents import Equivalents
from judge import Judge, Verdict
from operators import OPERATORS, edits_of
from rule_set import RuleSet
from rule_text import Document

CAUGHT = ("lint", "test")
KINDS = ("lint", "test", "survived", "equivalent", "crash", "time")


def sample(rules, files, count, wanted, rng):
    """Mutants, one operator after the other; each takes the file that has had fewest so far, of several any."""
    documents = {file: Document(rules.texts[file]) for file in files}
    spots = {}
    for name in wanted:
        by_file = {file: edits_of(name, document) for file, document in documents.items()}
        spots[name] = {file: edits for file, edits in by_file.items() if edits}
    taken = collections.Counter()
    chosen = []
    while len(chosen) < count and any(spots.values()):
        for name in wanted:
            if len(chosen) == count or not spots[name]:
                continue
            fewest = min(taken[file] for file in spots[name])
            file = rng.choice(sorted(f for f in spots[name] if taken[f] == fewest))
            taken[file] += 1
            edits = spots[name][file]
            chosen.append((file, edits.pop(rng.randrange(len(edits)))))
            if not edits:
                del spots[name][file]
    return chosen


def described(rules, file, edit):
    """A mutant as data: where it is, and the lines that it changes as they were and as they become."""
    text = rules.texts[file]
    start = text.rfind("\n", 0, edit.start) + 1
    end = text.find("\n", edit.end)
    end = len(text) if end < 0 else end
    return {
        "file": file,
        "line": text.count("\n", 0, edit.start) + 1,
        "operator": edit.operator,
        "path": " / ".join(map(str, edit.path)),
        "before": text[start:end].strip(),
        "after": (text[start : edit.start] + edit.text + text[edit.end : end]).strip(),
    }


def shown(rules, file, edit):
    text = rules.texts[file]
    line = text.count("\n", 0, edit.start) + 1
    old = " ".join(text[edit.start : edit.end].split())
    new = " ".join(edit.text.split())
    return f"rules/{file}:{line}: {edit.operator}: `{old[:110]}` -> `{new[:110]}`"


def table(title, results, name_of):
    counts = collections.defaultdict(collections.Counter)
    for file, edit, verdict in results:
        counts[name_of(file, edit)][verdict.kind] += 1
        counts["all"][verdict.kind] += 1
    lines = [f"{title:30}" + "".join(f"{kind:>11}" for kind in KINDS)]
    for name in sorted(counts, key=lambda name: (name == "all", name)):
        lines.append(f"{name:30}" + "".join(f"{counts[name][kind] or '':>11}" for kind in KINDS))
    return "\n".join(lines), counts["all"]


def main():
    here = pathlib.Path(__file__).resolve()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rules", default=here.parents[2] / "rules")
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-least", type=float, default=95, metavar="PERCENT")
    parser.add_argument("--families", help="only these families and what they take over, with commas between")
    parser.add_argument("--files", help="only rule files whose path begins with one of these, with commas between")
    parser.add_argument("--operators", help="only these operators, with commas between")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-round-trips", action="store_true", help="judge by lint and by what tests state: a lower bound, sooner")
    parser.add_argument("--list", metavar="JSON", help="write every mutant that was not caught to this file")
    parser.add_argument("--seconds", type=int, default=120, help="time for one command")
    arguments = parser.parse_args()

    rules = RuleSet(arguments.rules)
    only = arguments.families.split(",") if arguments.families else None
    families = [f for f in rules.families() if only is None or pathlib.Path(f).stem in only]
    files = [f for f in rules.texts if only is None or set(rules.reached(f)) & set(families)]
    if arguments.files:
        files = [f for f in files if f.startswith(tuple(arguments.files.split(",")))]
    wanted = arguments.operators.split(",") if arguments.operators else list(OPERATORS)
    mutants = sample(rules, files, arguments.mutants, wanted, random.Random(arguments.seed))

    equivalents = Equivalents.read(here.with_name("equivalents.yaml"))
    judges = queue.Queue()
    with tempfile.TemporaryDirectory() as folder:
        for job in range(arguments.jobs):
            place = f"{folder}/{job}"
            round_trips = not arguments.no_round_trips
            judges.put(Judge(arguments.program, rules, place, arguments.seed, arguments.seconds, round_trips))
        judges.queue[0].must_be_silent(families)

        def judged(mutant):
            file, edit = mutant
            reason = equivalents.reason(described(rules, file, edit))
            if reason:
                return file, edit, Verdict("equivalent", reason)
            judge = judges.get()
            try:
                near = [family for family in rules.reached(file) if family in families]
                return file, edit, judge.judge(file, edit, near)
            finally:
                judges.put(judge)

        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            results = []
            for result in pool.map(judged, mutants):
                results.append(result)
                file, edit, verdict = result
                if verdict.kind not in CAUGHT:
                    why = f"  ({verdict.detail})" if verdict.detail else ""
                    print(f"{verdict.kind}: {shown(rules, file, edit)}{why}", flush=True)

    if arguments.list:
        missed = [
            {"verdict": verdict.kind, **described(rules, file, edit)}
            for file, edit, verdict in results
            if verdict.kind not in CAUGHT
        ]
        pathlib.Path(arguments.list).write_text(json.dumps(missed, indent=2) + "\n")
    folders, _ = table("folder", results, lambda file, edit: file.rpartition("/")[0] or "families")
    operators, counts = table("operator", results, lambda file, edit: edit.operator)
    print(f"\n{operators}\n\n{folders}")
    looked_at = sum(counts.values()) - counts["equivalent"]
    caught = sum(counts[kind] for kind in CAUGHT)
    percent = 100 * caught / max(looked_at, 1)
    print(f"\n{caught} of {looked_at} caught, {percent:.1f} %; seed {arguments.seed}")
    return 0 if percent >= arguments.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
