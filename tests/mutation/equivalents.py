"""Edits that change nothing, as people found them, each with its reason.

Enters: equivalents.yaml, a list of maps. `reason` is needed; the other fields (`file`, `operator`, `path`, `before`, `after`) are patterns
as of a shell, `*` for any text, of which those that are there must all fit. `before` and `after` are the changed lines without indent.
"""

import fnmatch

import yaml

FIELDS = ("file", "operator", "path", "before", "after")


class Equivalents:
    def __init__(self, items):
        for item in items:
            if not item.get("reason") or set(item) - {"reason", *FIELDS} or len(item) < 2:
                raise SystemExit(f"an equivalent has a reason and some of {', '.join(FIELDS)}: {item}")
        self.items = items

    @staticmethod
    def read(path):
        return Equivalents(yaml.safe_load(path.read_text()) or [])

    def reason(self, mutant):
        """Why a mutant is none, or None."""
        for item in self.items:
            if all(_fits(mutant[field], item[field]) for field in FIELDS if field in item):
                return item["reason"]
        return None


def _fits(text, pattern):
    # Brackets are ordinary text here: expressions are full of them.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
