#!/usr/bin/env python3
"""What `lint --format sarif` writes of every file of tests/lint is valid SARIF 2.1.0, and its fixes, applied by their regions,
give the text that `lint --fix` gives.

  sarif_valid.py RULE_RUNNER SOURCE_FOLDER

Valid by sarif_parts.schema.json, and by the schema that OASIS publishes where SARIF_SCHEMA names a file with it
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/): it is not ours to keep here.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

import jsonschema


def lint(program, folder, *arguments, text=None):
    run = subprocess.run([program, "lint", *arguments], capture_output=True, encoding="utf-8", input=text, check=False, cwd=folder)
    if run.returncode not in (0, 1):
        sys.exit(f"lint {arguments}: exit code {run.returncode}\n{run.stderr}")
    return run.stdout


def offset(text, line, column):
    """Of a 1-based line and column in code points."""
    lines = text.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1


def fixed(text, path, results):
    """Later replacements first; of fixes that meet, the first."""
    edits = []
    for result in results:
        for fix in result.get("fixes", []):
            changes = fix["artifactChanges"]
            if any(urllib.parse.unquote(c["artifactLocation"]["uri"]) != path for c in changes):
                continue
            own = []
            for replacement in (r for c in changes for r in c["replacements"]):
                region = replacement["deletedRegion"]
                begin = offset(text, region["startLine"], region["startColumn"])
                end = offset(text, region["endLine"], region["endColumn"])
                own.append((begin, end, replacement["insertedContent"]["text"]))
            if not any(b < e2 and b2 < e or (b, e) == (b2, e2) for b, e, _ in own for b2, e2, _ in edits):
                edits += own
    for begin, end, inserted in sorted(edits, reverse=True):
        text = text[:begin] + inserted + text[end:]
    return text


def main():
    program, root = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    schemas = [root / "tests/lint/sarif_parts.schema.json"]
    if os.environ.get("SARIF_SCHEMA"):
        schemas.append(pathlib.Path(os.environ["SARIF_SCHEMA"]))
    validators = []
    for path in schemas:
        schema = json.loads(path.read_text(encoding="utf-8"))
        validators.append(jsonschema.validators.validator_for(schema)(schema))
    fixes = results = 0
    for kind in ("err", "ok"):
        folder = root / "tests/lint" / kind
        for path in sorted(folder.glob("*.yaml")):
            flags = [path.name, "--rules", ".", "--format", "sarif", "--select", "RR"]
            log = json.loads(lint(program, folder, *flags))
            for validator in validators:
                for error in validator.iter_errors(log):
                    sys.exit(f"{path}: {error.json_path}: {error.message}")
            run = log["runs"][0]
            for result in run["results"]:
                results += 1
                if run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] != result["ruleId"]:
                    sys.exit(f"{path}: ruleIndex of {result['ruleId']} leads to another rule")
            if not any("fixes" in result for result in run["results"]):
                continue
            fixes += 1
            text = path.read_text(encoding="utf-8")
            want = lint(program, folder, "--stdin-filename", path.name, "--rules", ".", "--select", "RR", "--fix", text=text)
            got = fixed(text, path.name, run["results"])
            if got != want:
                sys.exit(f"{path}: the fixes of SARIF give\n{got}\nand --fix gives\n{want}")
    print(f"{results} results, fixes in {fixes} files")
    return 0 if results > 50 and fixes > 5 else 1


if __name__ == "__main__":
    sys.exit(main())
