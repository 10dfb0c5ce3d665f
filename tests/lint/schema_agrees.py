#!/usr/bin/env python3
"""grammar/rule-file.schema.json and the parser agree: a rule file is valid by the schema if and only if lint finds no
structural fault in it (RR003, RR004, RR005, RR007). Every field has a text that editors show.

  schema_agrees.py RULE_RUNNER SOURCE_FOLDER

Files that are not YAML to rule-runner (RR001, RR002) are passed over. That a block has no `tensors`, or a tensor
no `is`, is known only when all that is extended is merged, so the schema cannot ask for them, and those findings are
passed over as well.
"""

import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

STRUCTURAL = {"RR003", "RR004", "RR005", "RR007"}


class Loader(yaml.BaseLoader):
    """Every scalar is text, but for a plain null, ~ or nothing, as rule-runner reads YAML."""


def _scalar(loader, node):
    if node.style is None and node.value in ("", "~", "null", "Null", "NULL"):
        return None
    return node.value


Loader.add_constructor("tag:yaml.org,2002:str", _scalar)
Loader.add_constructor("tag:yaml.org,2002:null", _scalar)


def findings(program, path):
    """(code, message) of what lint finds in the file itself."""
    run = subprocess.run([program, "lint", path], capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"lint {path}: exit code {run.returncode}\n{run.stderr}")
    found = []
    for line in (run.stdout + run.stderr).splitlines():
        match = re.match(r"(.*?):\d+:\d+: error: (.*)  \[(RR\d{3}) ", line)
        if match and match[1] == str(path):
            found.append((match[3], match[2]))
    return found


def without_hover(schema, value, path=""):
    """The fields that an editor has nothing to say of: neither they nor what they refer to are described."""
    if isinstance(value, list):
        return [name for i, item in enumerate(value) for name in without_hover(schema, item, f"{path}/{i}")]
    if not isinstance(value, dict):
        return []
    silent = [f"{path}/{name}" for name, field in value.get("properties", {}).items() if not described(schema, field)]
    return silent + [name for key, item in value.items() for name in without_hover(schema, item, f"{path}/{key}")]


def described(schema, field):
    if field is False or "description" in field:
        return True
    if "$ref" in field:
        return described(schema, schema["definitions"][field["$ref"].removeprefix("#/definitions/")])
    return any(described(schema, one) for one in field.get("anyOf", []))


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads((root / "grammar/rule-file.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    folders = ["rules", "rules/common", "tests/lint/ok", "tests/lint/ok/common", "tests/lint/err", "tests/lint/err/common"]
    compared = disagreed = 0
    for path in sorted(path for folder in folders for path in (root / folder).glob("*.yaml")):
        found = findings(program, path)
        if any(code in ("RR001", "RR002") for code, _ in found):
            continue
        faults = [f for f in found if f[0] in STRUCTURAL and not re.fullmatch(r"block `.*` has no `tensors`|a tensor needs `is`: its axes", f[1])]
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader)
        errors = list(validator.iter_errors(tree))
        compared += 1
        if bool(faults) == bool(errors):
            continue
        disagreed += 1
        print(f"{path}: lint finds {faults or 'no structural fault'}; the schema finds "
              f"{[jsonschema.exceptions.best_match([e]).message for e in errors] or 'none'}")
    silent = without_hover(schema, schema)
    print(f"{compared} files compared, {disagreed} disagreements, {len(silent)} fields without a description {silent}")
    return 1 if disagreed or silent or compared < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
