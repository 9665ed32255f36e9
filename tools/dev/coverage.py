#!/usr/bin/env python3
"""coverage.py BUILD: which lines and branches the tests of BUILD ran, by folder of src/.

Reads what its programs left in BUILD/profiles. Ends with 1 if less than 90 % of the lines ran in a
folder on the path of a request.
"""
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

WANTED = 90  # Percent of lines.
ON_PATH = ["listener", "http", "exchange", "route", "policy", "upstream", "gateway", "net", "runtime"]
ONLY_SIMULATED = "runtime/sim"
FOR_TESTS = re.compile(r"_(test|bench|fuzz)\.(cc|h)$|/test_\w+\.h$|_suite\.h$"
                       r"|/(all_loops|two_ends|generated_routes|listed_routes)\.h$")
# A field's declaration is read by the compiler alone; no test can run it.
DECLARES = re.compile(r"8describe|14schema_choices")
KINDS = ("lines", "branches")
PROGRAMS = ["penstock", "unit_test", "sim_test"]
WORST = 10


def export_of(build):
    """What llvm-cov knows of all programs together."""
    profiles = sorted((build / "profiles").glob("*.profraw"))
    if not profiles:
        sys.exit(f"coverage.py: there is nothing in {build}/profiles: the tests leave it there")
    merged = build / "profiles/all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-o", merged, *profiles], check=True)
    objects = [word for program in PROGRAMS for word in ("-object", build / program)]
    # It warns of functions that one program has and another, which does not use them, has not.
    done = subprocess.run(["llvm-cov-19", "export", f"-instr-profile={merged}", *objects], capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    return json.loads(done.stdout)["data"][0]


def below_src(filename):
    """The path below src/ of a file that is named as the build sees it; '' if it lies elsewhere."""
    return filename.removeprefix("../../src/") if filename.startswith("../../src/") else ""


def declared_lines(functions):
    """For each file, how many of its lines only the compiler runs: those that declare fields."""
    places = {}
    for function in functions:
        if DECLARES.search(function["name"]) and function["count"] == 0:
            first, _, last, *_ = function["regions"][0]
            places[below_src(function["filenames"][0]), first] = last - first + 1
    lines = Counter()
    for (path, _), length in places.items():
        lines[path] += length
    return lines


def measured(build):
    """For each file of src/ that is no test: (lines or branches, covered or count) -> how many."""
    export = export_of(build)
    declared = declared_lines(export["functions"])
    files = {}
    for file in export["files"]:
        path = below_src(file["filename"])
        if path and not FOR_TESTS.search("/" + path):
            files[path] = Counter({(of, what): file["summary"][of][what] for of in KINDS for what in ("covered", "count")})
            files[path]["lines", "count"] -= declared[path]
    return files


def on_path(path):
    return path.split("/")[0] in ON_PATH and not path.startswith(ONLY_SIMULATED)


def percent(covered, total):
    return 100 * covered / total if total else 100


def row(name, sums):
    cells = []
    for of in KINDS:
        covered, count = sums[of, "covered"], sums[of, "count"]
        cells.append(f"{covered:>6} / {count:<6}{percent(covered, count):>6.1f} %")
    return f"{name:<22}{cells[0]}    {cells[1]}"


def main():
    files = measured(Path(sys.argv[1]))
    folders, total, path_total = defaultdict(Counter), Counter(), Counter()
    for path, sums in files.items():
        for counter in [folders[str(Path(path).parent)], total] + [path_total] * on_path(path):
            counter.update(sums)

    print(f"{'':<22}{'lines':^22}    {'branches':^22}")
    for folder in sorted(folders):
        print(row(("* " if on_path(folder) else "  ") + folder, folders[folder]))
    print(row("* path of a request", path_total))
    print(row("  all", total))

    missed = {path: sums["lines", "count"] - sums["lines", "covered"] for path, sums in files.items() if on_path(path)}
    print("\nMost lines that no test ran, on the path of a request:")
    for path in sorted(missed, key=missed.get, reverse=True)[:WORST]:
        print(f"  {missed[path]:>5} of {files[path]['lines', 'count']:<5} {path}")

    short = [folder for folder, sums in sorted(folders.items())
             if on_path(folder) and percent(sums["lines", "covered"], sums["lines", "count"]) < WANTED]
    if short:
        sys.exit(f"\nLess than {WANTED} % of the lines ran in: {', '.join(short)}")


if __name__ == "__main__":
    main()
