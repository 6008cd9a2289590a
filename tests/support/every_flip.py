"""Each reading that is not the emulator's own, alone: exactly the probe of its row differs.

    python tests/support/every_flip.py

Prints a line for each that is missed or that moves another probe; exit code 1 where there is one.
"""

from __future__ import annotations

import argparse
import sys

from probing import differing, flips_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefix", nargs="?", default="", help="of the ids of the behaviours")
    options = parser.parse_args()
    wrong = count = 0
    for name, value in flips_of(options.prefix):
        found = differing({name: value})
        count += 1
        if found != [(name, value)]:
            wrong += 1
            print(f"{name}={value}: {found}", flush=True)
    print(f"{count} flips, {wrong} of them not noticed by exactly their probe")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
