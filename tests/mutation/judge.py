"""Runs rule-runner on a mutant and says what noticed it.

The program is run from a folder of its own beside an empty set of installed rules, so that it cannot fall back on rules that are whole.
What costs least comes first: lint and the tests that rule files state, of the smallest families that a file reaches, then of all others,
and round trips only of what nothing else noticed: those of adapters, which take most of the time, only of adapter styles.
"""

import collections
import pathlib
import re
import shutil
import subprocess

FINDING = re.compile(r"^\S*?:\d+:\d+: (?:error|warning): .* +\[(RR\d+) [a-z-]+\]$", re.MULTILINE)
FAILED = re.compile(r"^FAIL \S*?([^/\s]+)\.yaml:", re.MULTILINE)
NEAR = 3  # families that are asked first

Verdict = collections.namedtuple("Verdict", "kind detail")  # kind: lint, test, survived, equivalent, crash, time


class Judge:
    def __init__(self, program, rules, folder, seed, seconds, round_trips=True):
        self.rules = rules
        self.seed = seed
        self.seconds = seconds
        self.round_trips = round_trips
        folder = pathlib.Path(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "share/rule-runner/rules").mkdir(parents=True)
        self.program = folder / "bin/rule-runner"
        shutil.copy2(program, self.program)
        self.folder = folder / "rules"
        shutil.copytree(rules.directory, self.folder)
        self._explained_before = {}

    def must_be_silent(self, families):
        """Rules that are found wrong as they are would make every mutant look caught."""
        for command in ("lint", "test"):
            code, output = self._run(command, families)
            if code != 0:
                raise SystemExit(f"{command} of the rules as they are ends with {code}:\n{output}")

    def judge(self, file, edit, families):
        """What notices the edit. Files that no family takes over are judged by themselves."""
        asked = families or [file]
        for family in asked:
            self._explained(family, self._explained_before)
        (self.folder / file).write_text(edit.apply(self.rules.texts[file]))
        try:
            return self._judge(edit, asked, file.startswith("adapters/"))
        finally:
            (self.folder / file).write_text(self.rules.texts[file])

    def _judge(self, edit, families, style):
        for some in (families[:NEAR], families[NEAR:]):
            if not some:
                continue
            code, output = self._run("lint", some)
            if code not in (0, 1):
                return self._broken("lint", code, output)
            found = FINDING.findall(output)
            if found:
                return Verdict("lint", found[0])
            code, output = self._run("test", some)
            if code != 0:
                return self._tested(code, output)
        if self._is_equivalent(edit, families):
            return Verdict("equivalent", "every family that takes this over replaces it, or indices of tests are all that changes")
        if self.round_trips:
            code, output = self._run("test", families[:NEAR], [] if style else ["--quick"])
            if code != 0:
                return self._tested(code, output)
        return Verdict("survived", "")

    def _is_equivalent(self, edit, families):
        if edit.operator == "swap declared axes":
            return True
        if edit.path[0] != "blocks" or "layouts" not in edit.path[:3]:
            return False
        now = {}
        return all(self._explained(f, now) == self._explained_before[f] for f in families)

    def _explained(self, family, known):
        if family not in known:
            known[family] = self._call(["explain", pathlib.Path(family).stem, "--rules", self.folder])[1]
        return known[family]

    def _quick(self, command):
        return ["--no-round-trips"] if command == "test" else []

    def _run(self, command, families, options=None):
        options = self._quick(command) if options is None else ["--seed", self.seed, *options]
        return self._call([command, "--rules", self.folder, *options, *(self.folder / family for family in families)])

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

    def _tested(self, code, output):
        failed = FAILED.search(output)
        return Verdict("test", failed[1] if failed else "") if code == 1 else self._broken("test", code, output)

    def _broken(self, command, code, output):
        if code is None:
            return Verdict("time", f"{command} took more than {self.seconds} s")
        return Verdict("crash", f"{command} ends with {code}: {output.strip().splitlines()[-1:]}")
