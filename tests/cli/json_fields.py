#!/usr/bin/env python3
"""Which fields JSON outputs have, and whether grammar/json.md has just those.

  json_fields.py JSON.MD SECTION FILE...    the section's heading begins with SECTION; the files are outputs of that kind
"""
import json
import re
import sys


def documented(page, section):
    text = next(part for part in page.split("\n## ")[1:] if part.startswith(section + ":"))
    return {field for row in re.findall(r"^\| (`.*?) \|", text, re.M) for field in re.findall(r"`([^`]+)`", row)}


def fields(value, path, known):
    """The path of every member, `[]` for an item and `*` for a name that is data."""
    if isinstance(value, list):
        for item in value:
            # Pairs of numbers are one thing.
            yield from fields(item, path + "[]", known) if not isinstance(item, list) else [path + "[]"]
        return
    if isinstance(value, dict):
        for name, member in value.items():
            inner = f"{path}.{'*' if f'{path}.*' in known else name}".removeprefix(".")
            yield inner
            yield from fields(member, inner, known)
        return
    yield path


def main():
    page, section, *files = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        page = file.read()
    known = documented(page, section)
    found = set()
    for name in files:
        with open(name, encoding="utf-8") as file:
            output = json.load(file)
        found.update(fields(output, "", known))
    if section == "plan":
        known |= {f"report.{field}" for field in documented(page, "convert, merge")}
    # A list or a map is documented by what is in it.
    def named(field):
        return field in known or any(one.startswith((field + ".", field + "[]")) for one in known)
    strange = sorted(field for field in found if not named(field))
    unseen = sorted(field for field in known if field not in found and not field.startswith("report.") and field + "[]" not in found)
    for field in strange:
        print(f"{section}: `{field}` is in no line of json.md")
    for field in unseen:
        print(f"{section}: `{field}` is documented, and no output has it")
    return 1 if strange or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
