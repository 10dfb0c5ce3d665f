"""Runs rule-runner on a mutant and says what noticed it.

The program is run from a folder of its own beside an empty set of installed rules, so that it cannot fall back on rules that are whole.
Round trips of adapters are most of the time of `test`: rules of weights are judged without them. What their tests say of adapters is looked
at all the same.
"""

import collections
import pathlib
import re
import shutil
import subprocess

FINDING = re.compile(r"^\S*?:\d+:\d+: (error|warning): (.*) +\[(RR\d+) [a-z-]+\]$", re.MULTILINE)

Verdict = collections.namedtuple("Verdict", "kind detail")  # kind: lint, test, survived, equivalent, crash, time


class Judge:
    def __init__(self, program, rules, folder, seed, seconds):
        self.rules = rules
        self.seed = seed
        self.seconds = seconds
        folder = pathlib.Path(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "share/rule-runner/rules").mkdir(parents=True)
        self.program = folder / "bin/rule-runner"
        shutil.copy2(program, self.program)
        self.folder = folder / "rules"
        shutil.copytree(rules.directory, self.folder)
        self._base = {}

    def judge(self, file, edit, families):
        """What notices the edit, in the first three families and, where those let it pass, in the others (weights only: adapters take
        long)."""
        mutant = edit.apply(self.rules.texts[file])
        style = file.startswith("adapters/")
        verdict = None
        for some in [families[:3]] if style else [families[:3], families[3:]]:
            before = [self._baseline(family, style) for family in some]
            (self.folder / file).write_text(mutant)
            try:
                found = self._judge(edit, some, before, style)
            finally:
                (self.folder / file).write_text(self.rules.texts[file])
            if found.kind not in ("survived", "equivalent"):
                return found
            if verdict is None or found.kind == "survived" and some:
                verdict = found
        return verdict

    def _judge(self, edit, families, before, style):
        for family, (findings, _) in zip(families, before):
            code, output = self._run("lint", family)
            if code not in (0, 1):
                return self._broken("lint", code, output)
            new = self._findings(output) - findings
            if new:
                return Verdict("lint", sorted(new)[0][0])
        for family, (_, explained) in zip(families, before):
            code, output = self._run("test", family, style)
            if code not in (0, 1):
                return self._broken("test", code, output)
            if code == 1:
                return Verdict("test", family)
        return self._survivor(edit, families, before)

    def _survivor(self, edit, families, before):
        if edit.operator == "swap declared axes":
            return Verdict("equivalent", "the order of a declaration is that of indices in tests and nothing else")
        if edit.path[0] == "blocks" and "layouts" in edit.path[:3]:
            if all(self._explained(f) == explained for f, (_, explained) in zip(families, before)):
                return Verdict("equivalent", "every family that takes this over replaces it")
        return Verdict("survived", "")

    def _baseline(self, family, style):
        key = (family, style)
        if key not in self._base:
            code, output = self._run("lint", family)
            findings = self._findings(output)
            if code not in (0, 1):
                raise SystemExit(f"lint of {family} as it is ends with {code}:\n{output}")
            code, output = self._run("test", family, style)
            if code != 0:
                raise SystemExit(f"test of {family} as it is ends with {code}:\n{output}")
            self._base[key] = (findings, self._explained(family))
        return self._base[key]

    def _explained(self, family):
        return self._call(["explain", pathlib.Path(family).stem, "--rules", self.folder])[1]

    def _run(self, command, family, style=False):
        options = ["--seed", str(self.seed)] if command == "test" else []
        if command == "test" and not style:
            options.append("--quick")
        return self._call([command, "--rules", self.folder, *options, self.folder / family])

    def _call(self, arguments):
        try:
            done = subprocess.run(
                [str(self.program), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.seconds,
                env={"PATH": "/usr/bin:/bin"},
            )
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout.decode(errors="replace")

    def _findings(self, output):
        return {(match[3], match[2]) for match in FINDING.finditer(output)}

    def _broken(self, command, code, output):
        if code is None:
            return Verdict("time", f"{command} took more than {self.seconds} s")
        return Verdict("crash", f"{command} ends with {code}: {output.strip().splitlines()[-1:]}")
