#!/usr/bin/env python3
"""The include rule: a folder of src/ sees only those that stand before it.

Neighbours of one row do not see each other, nor does one policy see another. Tests may see all, and
policy/stages.h, which lists the policies, sees those.
"""
import re
import sys
from pathlib import Path

ROWS = [["base"], ["schema"], ["runtime"], ["net"], ["observe"], ["overload"], ["http"], ["exchange"],
        ["listener", "route", "policy", "cache", "upstream", "store"],
        ["config"], ["gateway"], ["control"], ["admin"], ["cli"], ["main"]]
RANK = {folder: rank for rank, row in enumerate(ROWS) for folder in row}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
SRC = Path("src")


def folder_of(path):
    """The folder by which the rule knows a path below src/."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def excepted(path):
    return path.name.endswith("_test.cc") or path.as_posix() == "policy/stages.h"


def policy_of(path):
    return path.parts[1] if path.parts[0] == "policy" and len(path.parts) > 2 else None


def fault(source, included):
    """What is wrong with `source` including `included`, both below src/; None if nothing is."""
    if not (SRC / included).is_file():
        return "is not found from src/: write the whole path, folder first"
    ours, theirs = folder_of(source), folder_of(included)
    if ours not in RANK or theirs not in RANK:
        return f"lies in a folder that the include rule does not know: '{ours}' or '{theirs}'"
    if ours != theirs and RANK[theirs] >= RANK[ours]:
        return f"breaks the include rule: {ours} does not see {theirs}"
    if policy_of(included) not in (None, policy_of(source)) and ours == "policy":
        return "breaks the include rule: one policy does not see another"
    return None


def main():
    faults = []
    for path in sorted([*SRC.rglob("*.h"), *SRC.rglob("*.cc")]):
        source = path.relative_to(SRC)
        if excepted(source):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            found = match and fault(source, Path(match[1]))
            if found:
                faults.append(f'{path}:{number}: "{match[1]}" {found}')
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
