"""The shipped rule files, and which families a change of one of them reaches."""

import pathlib

import yaml


def _extends(tree):
    value = tree.get("extends") or []
    return [value] if isinstance(value, str) else value


class RuleSet:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.texts = {}  # by path below the directory
        for path in sorted(self.directory.rglob("*.yaml")):
            self.texts[path.relative_to(self.directory).as_posix()] = path.read_text()
        self._trees = {name: yaml.safe_load(text) for name, text in self.texts.items()}
        self._bases = {name: self._closure(name) for name in self.texts}

    def families(self):
        """Families, the smallest first: what they take over counts as well."""
        names = [name for name in self.texts if "/" not in name]
        return sorted(names, key=lambda name: (sum(len(self.texts[base]) for base in self._bases[name]), name))

    def reached(self, changed):
        """The families that a change of this file may change, the smallest first."""
        if changed.startswith("adapters/"):
            return [name for name in self.families() if self._has_experts(name)]
        return [name for name in self.families() if changed in self._bases[name]]

    def _closure(self, name):
        found = {name}
        for base in _extends(self._trees[name]):
            for path in (f"{base}.yaml", f"common/{base}.yaml"):
                if path in self._trees and path not in found:
                    found |= self._closure(path)
                    break
        return found

    def _has_experts(self, name):
        return any("experts" in (self._trees[base].get("blocks") or {}) for base in self._bases[name])
