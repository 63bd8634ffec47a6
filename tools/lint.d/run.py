"""Applies every rule to every source; a line for each complaint. tools/lint calls it."""
import sys
from pathlib import Path

import rules_build
import rules_includes
import rules_text
from source import read


def complaints(sources):
    for source in sources:
        for module in (rules_includes, rules_text):
            for complaint in module.check(source):
                if not source.allows(complaint.rule, complaint.line):
                    yield complaint
    yield from rules_build.check_all(sources)


def main():
    sources = read(Path(__file__).resolve().parents[2])
    found = sorted(complaints(sources), key=lambda c: (c.path, c.line))
    for complaint in found:
        print(complaint)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
