#!/usr/bin/env python3
"""clang-tidy over the sources, in parallel. A source is checked again only when it, a header that it
includes, or .clang-tidy has changed since it was found clean: the marks stand in build/check."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MARKS = ROOT / "build/check/tidy"
TIDY = "clang-tidy-19"
OURS = re.compile(r"^(src|tools|bench|tests)/")


def commands(build, with_tests):
    """(source, compiler arguments) of our own sources; tests and benchmarks on demand."""
    seen = set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        name = source.relative_to(ROOT).as_posix()
        beside = re.search(r"_(test|bench)\.cc$", name) or name.startswith("tests/")
        if not OURS.match(name) or name in seen or (beside and not with_tests):
            continue
        seen.add(name)
        yield source, entry


def headers_of(entry):
    """The files that the source is made of, asked of the compiler."""
    arguments = [a for a in entry["command"].split() if not a.endswith("ccache")]
    output = arguments.index("-o")
    del arguments[output:output + 2]
    arguments.remove("-c")
    made = subprocess.run([*arguments, "-MM"], cwd=entry["directory"], capture_output=True, text=True)
    return made.stdout.replace("\\\n", " ").split()[1:] if made.returncode == 0 else [entry["file"]]


def mark_of(entry):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + entry["command"].encode())
    for name in sorted(headers_of(entry)):
        digest.update(name.encode() + (Path(entry["directory"]) / name).read_bytes())
    return MARKS / digest.hexdigest()


def check(build, source, entry):
    """None if the source is clean, else what clang-tidy says."""
    mark = mark_of(entry)
    if mark.exists():
        return None
    run = subprocess.run([TIDY, "--quiet", f"-p={build}", str(source)], cwd=ROOT, capture_output=True, text=True)
    if run.returncode == 0:
        mark.touch()
        return None
    # What it says on the standard error is counts, unless it could not run at all.
    return run.stdout or run.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="a build folder with compile_commands.json")
    parser.add_argument("--all", action="store_true", help="tests and benchmarks, too")
    options = parser.parse_args()
    MARKS.mkdir(parents=True, exist_ok=True)
    build = options.build.resolve()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, build, source, entry) for source, entry in commands(build, options.all)]
        for number, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            said = job.result()
            if said is not None:
                failed += 1
                print(said)
            if sys.stderr.isatty():
                print(f"\r{number} of {len(jobs)}", end="\n" if number == len(jobs) else "", file=sys.stderr)
    sys.exit(f"clang-tidy: {failed} of {len(jobs)} sources have findings" if failed else 0)


if __name__ == "__main__":
    main()
