#!/usr/bin/env python3
"""The order of the folders of src/: who may include whom, which library stands where, how long a file may be."""
import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"

# Folder -> the folders that it may include, besides itself.
ORDER = {
    "base": "",
    "codec": "base",
    "report": "base",
    "io": "base",
    "syntax": "base codec",
    "check": "base syntax",
    "bind": "base codec syntax check io",
    "plan": "base codec syntax check bind",
    "run": "base codec syntax check bind plan io",
    "lint": "base codec syntax check bind io",
    "cli": "base syntax check bind plan run lint io report",
}
# The header of a library -> the folders that may include it.
LIBRARIES = {
    "yaml-cpp": "syntax",
    "re2": "bind syntax",
    "simdjson": "io bind",
    "CLI": "cli",
    "xtensor": "run",
    "xtl": "run",
    "doctest": "",
}
MOST_LINES = 450

mistakes = []
for file in sorted(SOURCES.rglob("*.*")):
    folder = file.relative_to(SOURCES).parts[0]
    name = f"src/{file.relative_to(SOURCES)}"
    lines = file.read_text().splitlines()
    if folder not in ORDER:
        mistakes.append(f"{name}: no folder is called {folder}")
        continue
    if len(lines) > MOST_LINES:
        mistakes.append(f"{name}: {len(lines)} lines, {MOST_LINES} at most")
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
        if not include:
            continue
        is_own, first = include[1] == '"', include[2].split("/")[0].removesuffix(".h")
        if is_own and first != folder and first not in ORDER[folder].split():
            mistakes.append(f"{name}:{number}: {folder} may not include {include[2]}")
        if first in LIBRARIES and folder not in LIBRARIES[first].split():
            mistakes.append(f"{name}:{number}: {folder} may not include <{include[2]}>")

# Every library of src/ is linked in the same order.
cmake = (SOURCES.parent / "CMakeLists.txt").read_text()
for folder, linked in re.findall(r"^rule_runner_library\((\w+)([^)]*)\)", cmake, re.M):
    for other in re.findall(r"\brr_(\w+)", linked):
        if other not in ORDER[folder].split():
            mistakes.append(f"CMakeLists.txt: {folder} may not link {other}")

print(*mistakes, sep="\n", end="\n" if mistakes else "")
sys.exit(1 if mistakes else 0)
