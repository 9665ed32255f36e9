"""Large route tables for Penstock, and requests that meet them."""
import json
import random
import re
import subprocess
from pathlib import Path

MOST_TARGETS = 1000


def table(program, count):
    """The routes, as objects of a configuration."""
    text = subprocess.run([str(program), "--routes", str(count), "--format", "json"], capture_output=True, text=True,
                          check=True).stdout
    return json.loads(text)["routes"]


def configuration(routes):
    return json.dumps({"routes": routes})


def write_targets(routes, path: Path):
    """`host/path` of GET routes taken at random, the same ones each time, one a line."""
    gets = [route for route in routes if route["method"] == "GET"]
    chosen = random.Random(1).sample(gets, min(MOST_TARGETS, len(gets)))
    path.write_text("".join(f"{route['host']}{concrete(route['path'])}\n" for route in chosen))
    return path


def concrete(path):
    return re.sub(r"\{[^}]*\}", "7f3a", path).replace("*", "a/b")
