"""What a scalar of a rule file is, from its path: an axis expression, a key template, a formula, ..."""

VALUE_WORDS = ("add", "multiply", "back", "in", "pad", "cast", "replicate", "tied", "drop")


def role(scalar):
    """The role of a scalar, or None for one that is no rule (names, tests, reasons)."""
    path = scalar.path
    top = path[0]
    if top in ("axes", "kinds", "require") and not scalar.key:
        if path[-1] == "free" or scalar.value in ("free", "else"):
            return "formula" if path[-1] == "free" else None
        return {"axes": "formula", "kinds": "condition", "require": "requirement"}[top]
    if top == "extends":
        return "extends"
    if top == "describes" and not scalar.key:
        return "description"
    if top == "targets" and len(path) > 1:
        return _target(scalar)
    if top == "layouts" and len(path) > 2:
        return _layout(scalar)
    if top == "blocks" and len(path) > 2:
        return _block(scalar)
    if top == "styles" and len(path) > 2:
        return _style(scalar)
    return None


def _target(scalar):
    path = scalar.path
    if scalar.key:
        ranged = len(path) == 3 and any(c in path[2] for c in "<>=")
        return "range" if ranged else None
    if "adapter_config" in path:
        return "module name"
    if path[-1] in ("bake", "one scale", "uniform", "only pairs"):
        return "target word"
    return "target"


def _layout(scalar):
    path = scalar.path
    field = path[2]
    if field == "prefixes":
        return None if scalar.key else "prefix"
    if field == "place":
        if scalar.key:
            return "place" if len(path) == 5 else None
        return "place" if len(path) == 4 else "place dims"
    if field == "refine":
        return None if scalar.key else "expression"
    if field == "require":
        return None if scalar.key else "requirement"
    if field == "like":
        return None if scalar.key else "like"
    if field == "pass":
        return None if scalar.key else "regex"
    if field == "ignore":
        return "regex" if scalar.key and len(path) == 4 else None
    return None


def table_key(path):
    """The path of the table entry that a path below `blocks` lies in, or None."""
    if len(path) < 5 or path[0] != "blocks" or path[2] != "layouts":
        return None
    if path[4] == "one of":
        return path[:7] if len(path) > 6 and path[6] not in ("default", "partial") else None
    return path[:5] if path[4] not in ("default", "partial") else None


def _block(scalar):
    path = scalar.path
    field = path[2]
    if field == "where":
        return None if scalar.key else "condition"
    if field == "tensors" and not scalar.key:
        if path[-1] in ("bias", "dtype"):
            return path[-1]
        return "declaration" if scalar.value not in ("", "~", "null") else None
    if field == "like":
        return None if scalar.key else "like block"
    if field != "layouts":
        return None
    entry = table_key(path)
    if entry is None:
        return "default" if not scalar.key and len(path) > 5 and "default" in path[4:] else None
    if scalar.key:
        return "key" if path == entry else None
    rest = path[len(entry) :]
    if not rest:
        return "expression" if scalar.value not in ("", "~", "null") else None
    return _entry_field(rest)


def _entry_field(rest):
    if rest[0] == "is":
        return "expression"
    if rest[0] == "shape":
        return "size"
    if rest[0] == "ops":
        return "op"
    if rest[0] in VALUE_WORDS:
        return "reason" if rest[0] == "drop" else "word"
    if rest[0] in ("match", "write"):
        return "regex" if rest[0] == "match" else "key"
    return None


def _style(scalar):
    path = scalar.path
    field = path[2]
    if "keys" in path[3:] and "modules" in path or "one of" in path and "keys" in path:
        at = path.index("keys")
        if scalar.key:
            return "key" if len(path) == at + 2 else None
        if len(path) == at + 2 or path[-1] == "is":
            return "expression"
        return {"part": "style part", "replicate": "word", "holds": None}.get(path[at + 2])
    if path[-1] == "of" and not scalar.key:
        return "regex"
    if scalar.key:
        return None
    if field == "let":
        return "let"
    if field in ("marks", "unless"):
        return "mark"
    if field == "base":
        return "base"
    if field == "like":
        return "style like"
    if field == "stamp":
        return "stamp"
    if field == "prefixes":
        return "prefix"
    return None
