"""A rule file as text with places.

Enters: the text of a rule file. Leaves: its scalars and map entries, each with the path of keys that leads to it and with its place in
the text, so that a mutant is one replacement of characters and everything else of the file stays as it is.
"""

import dataclasses
import re

import yaml


@dataclasses.dataclass(frozen=True)
class Scalar:
    path: tuple  # keys from the top; items of lists by number; a key's own path ends in itself
    key: bool
    start: int  # quotes included
    end: int
    value: str


@dataclasses.dataclass(frozen=True)
class Entry:
    path: tuple  # ends in its key
    start: int  # with what separates it from its neighbours: cutting [start, end) leaves a valid map
    end: int
    value_start: int
    value_end: int


@dataclasses.dataclass(frozen=True)
class Edit:
    operator: str
    start: int
    end: int
    text: str
    path: tuple

    def apply(self, text):
        return text[: self.start] + self.text + text[self.end :]


class Document:
    def __init__(self, text):
        self.text = text
        self.scalars = []
        self.entries = []
        self._visit(yaml.compose(text, Loader=yaml.SafeLoader), ())

    def line(self, position):
        return self.text.count("\n", 0, position) + 1

    def _visit(self, node, path):
        if isinstance(node, yaml.ScalarNode):
            self.scalars.append(Scalar(path, False, node.start_mark.index, node.end_mark.index, node.value))
        elif isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self._visit(item, path + (i,))
        else:
            for i, (key, value) in enumerate(node.value):
                below = path + (key.value,)
                self.scalars.append(Scalar(below, True, key.start_mark.index, key.end_mark.index, key.value))
                self._visit(value, below)
                self.entries.append(self._entry(node, i, below))

    def _entry(self, node, i, path):
        key, value = node.value[i]
        value_start = value.start_mark.index
        # The end of a block map or list is where the next token begins, comments between.
        value_end = len(self.text[: value.end_mark.index].rstrip())
        if isinstance(value, yaml.ScalarNode) or value.flow_style:
            value_end = value.end_mark.index
        if not node.flow_style:
            start = self.text.rfind("\n", 0, key.start_mark.index) + 1
            newline = self.text.find("\n", value_end)
            return Entry(path, start, len(self.text) if newline < 0 else newline + 1, value_start, value_end)
        start, end = key.start_mark.index, value_end
        if i + 1 < len(node.value):
            end = node.value[i + 1][0].start_mark.index
        elif i > 0:
            before = node.value[i - 1][1]
            start = before.end_mark.index
        return Entry(path, start, end, value_start, value_end)


_TOKEN = re.compile(r"(?:= *)?[A-Za-z_][A-Za-z0-9_]*'*|\d+|<-|[()\[\]{}|:]")  # a mark of copies belongs to its axis


class Expression:
    """Items of an axis expression as spans: `sequences` are neighbours of which each is a factor of its own, `sums` the alternatives of
    one `{ | }`. `:` and `<-` of a declaration part sequences. `=T` is one item."""

    def __init__(self, text, offset):
        self.sequences = []
        self.sums = []
        self.well_formed = True
        self._tokens = [(m.group(), offset + m.start(), offset + m.end()) for m in _TOKEN.finditer(text)]
        self._at = 0
        self._sequence(())
        if self._at < len(self._tokens):
            self.well_formed = False

    def _peek(self):
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def _next(self):
        self._at += 1
        return self._tokens[self._at - 1]

    def _sequence(self, closing):
        first = self._at
        items = []
        while self._peek() is not None and self._peek() not in (")", "]", "}", "|"):
            token, start, end = self._next()
            if token in (":", "<-"):
                self.sequences.append(items)
                items = []
                continue
            if token == "(":
                end = self._bracket(")", end)
            elif token == "{":
                end = self._sum(end)
            elif token == "[":  # a stray one
                self.well_formed = False
            elif self._peek() == "[":
                self._next()
                end = self._bracket("]", end)
            items.append((start, end))
        self.sequences.append(items)
        if self._at == first:
            return None
        return self._tokens[first][1], self._tokens[self._at - 1][2]

    def _bracket(self, closing, end):
        self._sequence(closing)
        if self._peek() == closing:
            return self._next()[2]
        self.well_formed = False
        return end

    def _sum(self, end):
        alternatives = [self._sequence("}")]
        while self._peek() == "|":
            self._next()
            alternatives.append(self._sequence("}"))
        if None not in alternatives:
            self.sums.append(alternatives)
        if self._peek() == "}":
            return self._next()[2]
        self.well_formed = False
        return end
