#!/usr/bin/env python3
"""Every relative link of the documentation leads to a file, and to a heading of it if it names one."""
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def pages():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.split("\n") if name and Path(name).is_file()]


def anchor(heading):
    """As hosts of Markdown make it: lower case, words joined by hyphens, all else dropped."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return {anchor(match[1]) for match in re.finditer(r"^#+ +(.+)$", text, re.MULTILINE)}


def fault(page, link):
    """What is wrong with a link of a page; None if nothing is, or if it leads elsewhere."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None
    name, _, heading = link.partition("#")
    target = (page.parent / name) if name else page
    if not target.exists():
        return "leads nowhere"
    if heading and target.suffix == ".md" and heading not in anchors(target):
        return f"names a heading that {target} does not have"
    return None


def main():
    faults = []
    for page in pages():
        for link in LINK.findall(CODE.sub("", page.read_text())):
            found = fault(page, link)
            if found:
                faults.append(f"{page}: the link {link} {found}")
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
