#!/usr/bin/env python3
"""Sizes: no C++ function over 70 lines, no file over 600. Sources without a test beside are named.

A function is what stands between a `{` at the end of an unindented line and the next unindented
`}`: with one format for all that finds everything but what is defined within a class.
"""
import re
import sys
from pathlib import Path

LONGEST_FUNCTION = 70
LONGEST_FILE = 600
UNTESTED = 60  # Sources up to that many lines may go without a test of their own.
CODE = {".cc", ".h", ".mjs", ".js", ".py", ".sh"}
FOLDERS = ["src", "tools", "bench", "tests"]
SKIPPED = {"node_modules", "corpus"}
NO_FUNCTION = re.compile(r"^(namespace|extern|struct|class|enum|union)\b|= *\{+$")


def code_files():
    for folder in FOLDERS:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in CODE and not SKIPPED.intersection(path.parts):
                yield path


def long_functions(lines):
    """(first line, length) of each function that is too long."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("}"):
            if start and number - start - 1 > LONGEST_FUNCTION:
                yield start, number - start - 1
            start = None
        elif line.rstrip().endswith("{") and line[0] not in " \t#/" and not NO_FUNCTION.search(line):
            start = number
        elif line.rstrip().endswith("{") and line.startswith("    ") and start is None and number > 1:
            start = start_of_wrapped(lines, number)


def start_of_wrapped(lines, number):
    """Where a declaration over several lines, of which this is the last, begins; None if it does not."""
    for back in range(number - 1, max(number - 8, 0), -1):
        line = lines[back - 1]
        if not line.startswith("    "):
            begins = line and line[0] not in " \t#/}" and "(" in line and not NO_FUNCTION.search(line)
            return back if begins else None
    return None


def is_untested(path, lines):
    plain = path.suffix == ".cc" and path.parts[0] == "src" and path.name != "main.cc"
    beside = plain and re.search(r"_(test|fuzz|bench)\.cc$", path.name)
    return plain and not beside and len(lines) > UNTESTED and not path.with_name(path.stem + "_test.cc").exists()


def main():
    faults, notes = [], []
    for path in code_files():
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST_FILE:
            faults.append(f"{path}: {len(lines)} lines, at most {LONGEST_FILE}")
        if path.suffix == ".cc":
            for start, length in long_functions(lines):
                faults.append(f"{path}:{start}: a function of {length} lines, at most {LONGEST_FUNCTION}")
        if is_untested(path, lines):
            notes.append(f"{path}: no {path.stem}_test.cc beside it")
    for fault in faults:
        print(fault)
    for note in notes:
        print(f"note: {note}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
