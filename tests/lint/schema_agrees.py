#!/usr/bin/env python3
"""grammar/rule-file.schema.json and the parser agree, for every kind of rule file: what the parser finds no fault in is valid, what has a
structural fault (RR003, RR004, RR005, RR007) is not, and what the schema refuses lint refuses as well. Small wrong files (schema_refuses.yaml)
are refused by both. Every field has a text that editors show.

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
import tempfile

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
    return any(described(schema, one) for one in field.get("anyOf", []) + field.get("allOf", []))


def refused_by_one(program, validator, table):
    """Names of the wrong files that the schema or lint lets pass, and how many there are."""
    cases = yaml.load(table.read_text(encoding="utf-8"), Loader)
    passed = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            path = pathlib.Path(folder, case.get("place", "."), f"f{number}.yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(case["file"], encoding="utf-8")
            errors = list(validator.iter_errors(yaml.load(case["file"], Loader)))
            if not errors:
                passed.append(f"the schema takes `{case['wrong']}`")
            if not any(code == case["code"] for code, _ in findings(program, path)):
                passed.append(f"lint does not find {case['code']} in `{case['wrong']}`: {findings(program, path)}")
            path.unlink()
    return passed, len(cases)


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads((root / "grammar/rule-file.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    compared = disagreed = 0
    paths = [path for folder in ("rules", "tests/lint/ok", "tests/lint/err") for path in (root / folder).rglob("*.yaml")]
    for path in sorted(path for path in paths if "golden" not in path.name):
        found = [] if path.is_relative_to(root / "rules") else findings(program, path)
        if any(code in ("RR001", "RR002") for code, _ in found):
            continue
        faults = [f for f in found if f[0] in STRUCTURAL and not re.fullmatch(r"block `.*` has no `tensors`|a tensor needs `is`: its axes", f[1])]
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader)
        errors = list(validator.iter_errors(tree))
        compared += 1
        if (errors or not faults) and (found or not errors):
            continue
        disagreed += 1
        print(f"{path}: lint finds {faults or found or 'no fault'}; the schema finds "
              f"{[jsonschema.exceptions.best_match([e]).message for e in errors] or 'none'}")
    passed, wrong = refused_by_one(program, validator, pathlib.Path(__file__).with_name("schema_refuses.yaml"))
    silent = without_hover(schema, schema)
    print(*passed, sep="\n", end="\n" if passed else "")
    print(f"{compared} files compared, {disagreed} disagreements, {wrong} wrong files, {len(passed)} not refused, "
          f"{len(silent)} fields without a description {silent}")
    return 1 if disagreed or silent or passed or compared < 150 or wrong < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
