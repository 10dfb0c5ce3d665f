"""The ways in which a rule file is made wrong, one function each.

Enters: a parsed file. Leaves: every edit of that kind that its text allows, in the order of the text. An edit that leaves a file which
cannot mean anything else than before is no mutant: such spots are passed over here (`{a | b}` of one tensor, a range that stays open).
"""

import re

from roles import role, table_key
from rule_text import Edit, Expression

OPERATORS = {}


def operator(name):
    def add(function):
        OPERATORS[name] = function
        return function

    return add


def edits_of(name, document):
    return [Edit(name, start, end, text, path) for start, end, text, path in OPERATORS[name](document)]


def _with_role(document, *roles):
    for scalar in document.scalars:
        if role(scalar) in roles:
            yield scalar, document.text[scalar.start : scalar.end]


def _expressions(document, *roles):
    for scalar, raw in _with_role(document, *roles):
        expression = Expression(raw, scalar.start)
        if expression.well_formed:
            yield scalar, expression


def _exchange(document, first, second, path):
    text = document.text
    between = text[first[1] : second[0]]
    return first[0], second[1], text[second[0] : second[1]] + between + text[first[0] : first[1]], path


def _matches(document, roles, pattern, replacement):
    """Every match of a pattern in scalars of these roles, replaced; quotes around the scalar are not looked at."""
    for scalar, raw in _with_role(document, *roles):
        for match in re.finditer(pattern, raw):
            new = match.expand(replacement) if isinstance(replacement, str) else replacement(match)
            if new != match.group():
                yield scalar.start + match.start(), scalar.start + match.end(), new, scalar.path


# Axis expressions


@operator("swap axes")
def swap_axes(document):
    for scalar, expression in _expressions(document, "expression", "place dims", "let"):
        for items in expression.sequences:
            for first, second in zip(items, items[1:]):
                if document.text[slice(*first)] != document.text[slice(*second)]:
                    yield _exchange(document, first, second, scalar.path)


@operator("swap declared axes")
def swap_declared_axes(document):
    for scalar, expression in _expressions(document, "declaration"):
        for items in expression.sequences:
            for first, second in zip(items, items[1:]):
                yield _exchange(document, first, second, scalar.path)


@operator("exchange input and output")
def exchange_input_output(document):
    return _matches(document, ["declaration"], r"(\w[\w' ]*\w|\w) <- (\w[\w' ]*\w|\w)", r"\2 <- \1")


@operator("exchange parts")
def exchange_parts(document):
    for scalar, expression in _expressions(document, "expression"):
        for alternatives in expression.sums:
            for first, second in zip(alternatives, alternatives[1:]):
                yield _exchange(document, first, second, scalar.path)


@operator("drop a part")
def drop_part(document):
    for scalar, expression in _expressions(document, "expression"):
        for alternatives in expression.sums:
            for first, second in zip(alternatives, alternatives[1:]):
                yield first[0], second[0], "", scalar.path


@operator("drop an axis")
def drop_axis(document):
    for scalar, expression in _expressions(document, "expression", "declaration", "place dims"):
        for items in expression.sequences:
            for first, second in zip(items, items[1:]):
                yield first[0], second[0], "", scalar.path


@operator("double an axis")
def double_axis(document):
    for scalar, expression in _expressions(document, "expression"):
        for items in expression.sequences:
            for start, end in items:
                if document.text[start:end].isalpha():
                    yield start, end, document.text[start:end] + " " + document.text[start:end], scalar.path


@operator("another axis")
def another_axis(document):
    names = sorted({s.path[1] for s in document.scalars if s.key and len(s.path) == 2 and s.path[0] == "axes"})
    for scalar, expression in _expressions(document, "expression", "declaration"):
        for items in expression.sequences:
            for start, end in items:
                if document.text[start:end] in names and len(names) > 1:
                    at = names.index(document.text[start:end])
                    yield start, end, names[(at + 1) % len(names)], scalar.path


def _copies(document):
    """Every `=T`: its scalar, the sequence that it is in, and its place there."""
    for scalar, expression in _expressions(document, "expression", "let"):
        for items in expression.sequences:
            for i, (start, end) in enumerate(items):
                if document.text[start] == "=":
                    yield scalar, items, i


@operator("drop copies")
def drop_copies(document):
    for scalar, items, i in _copies(document):
        start, end = items[i]
        if i + 1 < len(items):
            end = items[i + 1][0]
        elif i:
            start = items[i - 1][1]
        yield start, end, "", scalar.path


@operator("change copies")
def change_copies(document):
    """The mark taken off, and another axis that is copied as often as it is long."""
    names = sorted({s.path[1] for s in document.scalars if s.key and len(s.path) == 2 and s.path[0] == "axes"})
    for scalar, items, i in _copies(document):
        start, end = items[i]
        axis = document.text[start + 1 : end].strip()
        yield start, end, axis, scalar.path
        if axis in names and len(names) > 1:
            yield start, end, "=" + names[(names.index(axis) + 1) % len(names)], scalar.path


@operator("drop a default")
def drop_default(document):
    """Of an axis, and of a tensor that a layout does not have."""
    for entry in document.entries:
        if entry.path[-1] == "default" and (entry.path[0] == "axes" or entry.path[0] == "blocks" and "layouts" in entry.path):
            yield entry.start, entry.end, "", entry.path


@operator("change a dtype")
def change_dtype(document):
    """Dropped, and another one."""
    other = {"F64": "F32", "F32": "BF16", "BF16": "F16", "F16": "BF16"}
    for scalar, raw in _with_role(document, "dtype"):
        yield scalar.start, scalar.end, other.get(raw, "F64"), scalar.path
    for entry in document.entries:
        if entry.path[0] == "blocks" and entry.path[2:3] == ("tensors",) and entry.path[-1] == "dtype":
            yield entry.start, entry.end, "", entry.path


# Keys and tables


def _tables(document):
    """Entries of a table that have a value, by table."""
    tables = {}
    for entry in document.entries:
        if len(entry.path) > 4 and table_key(entry.path) == entry.path:
            if document.text[entry.value_start : entry.value_end] not in ("null", "~", ""):
                tables.setdefault(entry.path[:-1], []).append(entry)
    return tables


@operator("exchange entries")
def exchange_entries(document):
    for path, entries in _tables(document).items():
        for first, second in zip(entries, entries[1:]):
            a = document.text[first.value_start : first.value_end]
            b = document.text[second.value_start : second.value_end]
            if a != b:
                yield _exchange(
                    document, (first.value_start, first.value_end), (second.value_start, second.value_end), path
                )


@operator("drop an entry")
def drop_entry(document):
    for path, entries in _tables(document).items():
        for entry in entries:
            if len(entries) > 1:
                yield entry.start, entry.end, "", entry.path


@operator("drop a table")
def drop_table(document):
    for entry in document.entries:
        if len(entry.path) == 4 and entry.path[0] == "blocks" and entry.path[2] == "layouts":
            yield entry.start, entry.end, "", entry.path


@operator("double a key")
def double_key(document):
    """A second entry stores the same under another key."""
    keys = {s.path: s for s in document.scalars if s.key}
    for path, entries in _tables(document).items():
        for entry in entries:
            key = keys[entry.path]
            raw = document.text[key.start : key.end]
            flow = document.text[entry.start : key.start].strip(" \n") == "" and document.text[entry.end - 1] != "\n"
            value = document.text[entry.value_start : entry.value_end]
            twin = (raw[:-1] + "2" + raw[-1]) if raw[0] in "\"'" else raw + "2"
            if flow:
                yield key.start, key.start, f"{twin}: {value}, ", entry.path
            else:
                indent = document.text[entry.start : key.start]
                yield entry.start, entry.start, f"{indent}{twin}: {value}\n", entry.path


@operator("rename a key")
def rename_key(document):
    for scalar, raw in _with_role(document, "key"):
        words = [m for m in re.finditer(r"[a-z][a-z_0-9]{2,}", raw) if raw[m.start() - 1] not in "{\\"]
        if words:
            word = words[-1 if len(words) < 3 else -2]
            yield scalar.start + word.start(), scalar.start + word.end(), word.group() + "s", scalar.path


@operator("change a place")
def change_place(document):
    for scalar, raw in _with_role(document, "place"):
        words = re.findall(r"[a-z]{3,}", raw)
        if words:
            at = raw.rindex(words[-1])
            yield scalar.start + at, scalar.start + at + len(words[-1]), words[-1] + "s", scalar.path
    yield from _matches(document, ["place"], r"(\w+)\{(\w+)\}(\W)", r"\1\3{\2}")


@operator("change a prefix")
def change_prefix(document):
    return _matches(document, ["prefix"], r"[a-z]{3,}", lambda m: m.group() + "s")


@operator("change a regex")
def change_regex(document):
    return _matches(document, ["regex"], r"[a-z_]{4,}", lambda m: m.group()[:-1])


# Sizes and conditions


@operator("break a division")
def break_division(document):
    roles = ["formula", "condition", "requirement", "word"]
    yield from _matches(document, roles, r" // ", " / ")
    yield from _matches(document, roles, r" / ", " * ")
    yield from _matches(document, roles, r" % ", " // ")


@operator("change arithmetic")
def change_arithmetic(document):
    roles = ["formula", "condition", "requirement", "word"]
    yield from _matches(document, roles, r" \* ", " + ")
    yield from _matches(document, roles, r" \+ ", " - ")
    yield from _matches(document, roles, r" - (?=[\w(])", " + ")


@operator("change a constant")
def change_constant(document):
    roles = ["formula", "condition", "requirement", "word", "default"]
    return _matches(document, roles, r"(?<![\w.'])\d+(?![\w.'])", lambda m: str(int(m.group()) + 1))


@operator("drop an alternative")
def drop_alternative(document):
    roles = ["formula", "condition", "requirement"]
    yield from _matches(document, roles, r"[\w.]+ \?\? ", "")
    yield from _matches(document, roles, r" \?\? (?:[\w.]+|\[\])", "")


@operator("rename an attribute")
def rename_attribute(document):
    return _matches(
        document,
        ["formula", "condition", "requirement"],
        r"(?<!['\w])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?!['\w(])",
        lambda m: m.group() if m.group() in ("ceil_div",) else m.group()[:-1] + ("z" if m.group()[-1] != "z" else "y"),
    )


@operator("change a condition")
def change_condition(document):
    roles = ["condition", "requirement"]
    yield from _matches(document, roles, r" not in ", " in ")
    yield from _matches(document, roles, r"(?<!not) in ", " not in ")
    yield from _matches(document, roles, r"\bnot (?!in)", "")
    yield from _matches(document, roles, r" and ", " or ")
    yield from _matches(document, roles, r" or ", " and ")
    yield from _matches(document, roles, r" == ", " != ")
    yield from _matches(document, roles, r" != ", " == ")
    yield from _matches(document, roles, r" < ", " <= ")
    yield from _matches(document, roles, r" >= ", " > ")
    yield from _matches(document, roles, r"\btrue\b", "false")
    yield from _matches(document, roles, r"\bfalse\b", "true")


def _kind_groups(document):
    groups = {}
    for scalar in document.scalars:
        if scalar.key and scalar.path[0] == "kinds" and len(scalar.path) == 3:
            groups.setdefault(scalar.path[1], []).append(scalar.path[2])
    return groups.values()


@operator("another kind")
def another_kind(document):
    kinds = {kind: group for group in _kind_groups(document) for kind in group if len(group) > 1}
    for scalar, raw in _with_role(document, "condition"):
        word = scalar.value
        if word in kinds and scalar.path[0] == "blocks":
            group = kinds[word]
            other = group[(group.index(word) + 1) % len(group)]
            yield scalar.start, scalar.end, raw.replace(word, other), scalar.path


@operator("drop a condition")
def drop_condition(document):
    for entry in document.entries:
        if len(entry.path) == 3 and entry.path[0] == "blocks" and entry.path[2] in ("where", "optional"):
            yield entry.start, entry.end, "", entry.path
        if entry.path[-1] == "require" and entry.path[0] in ("require", "layouts"):
            yield entry.start, entry.end, "", entry.path


# Words of a key, shapes and operations


@operator("drop a word")
def drop_word(document):
    for entry in document.entries:
        words = ("add", "multiply", "back", "in", "pad", "cast", "replicate", "tied", "parameter", "part", "partial")
        inside = table_key(entry.path) is not None or entry.path[0] == "styles"
        if inside and entry.path[-1] in words and table_key(entry.path) != entry.path:
            yield entry.start, entry.end, "", entry.path
        if entry.path[0] == "blocks" and entry.path[-1] == "bias" and len(entry.path) == 5 and entry.path[2] == "tensors":
            yield entry.start, entry.end, "", entry.path


@operator("change a shape")
def change_shape(document):
    yield from _matches(document, ["size"], r"2\*", "3*")
    for scalar, raw in _with_role(document, "size"):
        if raw.isalpha():
            yield scalar.start, scalar.end, f"2*{raw}", scalar.path


@operator("change an operation")
def change_operation(document):
    lists = {}
    for scalar, _ in _with_role(document, "op"):
        if not scalar.key and isinstance(scalar.path[-1], int):
            lists.setdefault(scalar.path[:-1], []).append(scalar)
    for path, items in lists.items():
        for first, second in zip(items, items[1:]):
            yield _exchange(document, (first.start, first.end), (second.start, second.end), path)


# Layouts, targets, merging


def _layout_names(document):
    names = [s.path[1] for s in document.scalars if s.key and s.path[0] == "layouts" and len(s.path) == 2]
    return sorted(set(names))


@operator("another layout of a target")
def another_target(document):
    by_target = {}
    for scalar, _ in _with_role(document, "target"):
        by_target.setdefault(scalar.path[1], []).append(scalar)
    layouts = _layout_names(document)
    for scalars in by_target.values():
        for first, second in zip(scalars, scalars[1:]):
            if first.value != second.value:
                yield _exchange(document, (first.start, first.end), (second.start, second.end), first.path)
        if len(scalars) == 1 and scalars[0].value in layouts and len(layouts) > 1:
            at = layouts.index(scalars[0].value)
            yield scalars[0].start, scalars[0].end, layouts[(at + 1) % len(layouts)], scalars[0].path


@operator("change a version range")
def change_range(document):
    yield from _matches(document, ["range"], r"(\d+)(?=[\",])", lambda m: str(int(m.group()) + 1))
    yield from _matches(document, ["range"], r"<(?=\d)", "<=")
    yield from _matches(document, ["range"], r">=(?=\d)", ">")


@operator("drop a target")
def drop_target(document):
    for entry in document.entries:
        if entry.path[0] == "targets" and len(entry.path) in (2, 3):
            yield entry.start, entry.end, "", entry.path


@operator("change likeness")
def change_likeness(document):
    layouts = _layout_names(document)
    for scalar, _ in _with_role(document, "like"):
        others = [name for name in layouts if name not in (scalar.value, scalar.path[1])]
        if others:
            yield scalar.start, scalar.end, others[0], scalar.path
    for scalar, _ in _with_role(document, "extends"):
        if not scalar.key and len([s for s in document.scalars if s.path[0] == "extends"]) > 2:
            rest = document.text[scalar.end :]
            if rest.startswith(", "):
                yield scalar.start, scalar.end + 2, "", scalar.path


# Adapter styles


@operator("exchange A and B")
def exchange_a_and_b(document):
    for scalar, raw in _with_role(document, "key"):
        if scalar.path[0] == "styles" and "lora_A" in raw:
            twin = raw.replace("lora_A", "lora_B")
            for other, text in _with_role(document, "key"):
                if other.path[:-1] == scalar.path[:-1] and text == twin:
                    yield scalar.start, other.end, twin + document.text[scalar.end : other.start] + raw, scalar.path


@operator("change a let")
def change_let(document):
    lets = {}
    for scalar, _ in _with_role(document, "let"):
        lets.setdefault(scalar.path[:-1], []).append(scalar)
    for path, scalars in lets.items():
        for first, second in zip(scalars, scalars[1:]):
            yield _exchange(document, (first.start, first.end), (second.start, second.end), path)


@operator("change a mark")
def change_mark(document):
    yield from _matches(document, ["mark"], r" == ", " != ")
    yield from _matches(document, ["mark", "stamp"], r"[a-z_]{5,}", lambda m: m.group() + "s")


@operator("another base")
def another_base(document):
    names = sorted({s.value for s, _ in _with_role(document, "base") if s.value != "*"})
    for scalar, _ in _with_role(document, "base"):
        if scalar.value in names and len(names) > 1:
            yield scalar.start, scalar.end, names[(names.index(scalar.value) + 1) % len(names)], scalar.path


@operator("another part")
def another_part(document):
    swap = {"gate": "up", "up": "gate"}
    for scalar, raw in _with_role(document, "style part"):
        if raw in swap:
            yield scalar.start, scalar.end, swap[raw], scalar.path


@operator("drop a module")
def drop_module(document):
    for entry in document.entries:
        if entry.path[0] == "styles" and len(entry.path) > 3 and entry.path[-2] == "keys":
            yield entry.start, entry.end, "", entry.path


# Quantisation formats


@operator("change a format")
def change_format(document):
    other = {"e4m3": "e2m1", "e2m1": "int4", "int4": "e4m3", "F32": "F64", "BF16": "F64", "U8": "U16", "I32": "U8", "F8_E4M3": "U16"}
    for scalar in document.scalars:
        if scalar.path[0] != "formats" or len(scalar.path) < 3 or scalar.key or scalar.path[2] == "about":
            continue
        raw = document.text[scalar.start : scalar.end]
        for match in re.finditer(r"(?<![\w.])\d+(?![\w.])", raw):
            new = str(int(match.group()) + 1)
            yield scalar.start + match.start(), scalar.start + match.end(), new, scalar.path
        if raw in other:
            yield scalar.start, scalar.end, other[raw], scalar.path
        for match in re.finditer(r" == |(?<=[a-z])\}(?=[_.])|[a-z_]{4,}", raw):
            new = {" == ": " != ", "}": "}s"}.get(match.group(), match.group()[:-1])
            yield scalar.start + match.start(), scalar.start + match.end(), new, scalar.path
