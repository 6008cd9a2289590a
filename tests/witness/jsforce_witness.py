"""A second independent client, jsforce, against the emulator.

    python tests/witness/jsforce_witness.py [DIRECTORY]

DIRECTORY is one in which ``npm install jsforce`` was run; by default a temporary one, in which it
is run now. Not part of the test suite: it needs node, and the network for npm. Exit code 0 when
jsforce finds all as it expects, 1 when it does not, 77 when node or jsforce is not to be had.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from salesforce_bulk.emulator import SalesforceEmulator

SKIPPED = 77
SCRIPT = Path(__file__).with_suffix(".mjs")


def run(directory: Path) -> int:
    if not (directory / "node_modules" / "jsforce").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "jsforce"]
        if subprocess.run(command, cwd=directory, check=False).returncode:
            return skipped("npm could not install jsforce")
    with SalesforceEmulator() as emulator:
        plan = emulator.org.plan_write("insert", "Contact", ["LastName"])
        plan.write([[f"C{n:04}"] for n in range(2_500)])
        password = emulator.password + emulator.security_token
        command = ["node", str(SCRIPT), emulator.url, emulator.username, password]
        return subprocess.run(command, cwd=directory, timeout=120, check=False).returncode


def skipped(reason: str) -> int:
    sys.stdout.write(f"skipped: {reason}\n")
    return SKIPPED


def main() -> int:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return skipped("node and npm are not installed")
    if len(sys.argv) > 1:
        return run(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as directory:
        return run(Path(directory))


if __name__ == "__main__":
    sys.exit(main())
