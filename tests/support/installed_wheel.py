"""The package as its wheel installs it, for programs that run in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class InstalledWheel:
    """The wheel of this checkout, installed into a folder of its own.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._site = folder / "site"
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
        (wheel,) = folder.glob("*.whl")
        install = [*pip, "install", "--no-deps", "--target", self._site, wheel]
        subprocess.run(install, check=True)
        program = "import salesforce_bulk; print(salesforce_bulk.__file__)"
        where = self.run("-c", program, folder=folder)
        assert str(self._site) in where.stdout

    def run(
        self, *arguments: object, folder: Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python with the package.

        Args:
            arguments: Python's.
            folder: to run it in; its home, too.
            environ: further variables.
        """
        own = {"PYTHONPATH": self._site, "HOME": folder, "XDG_STATE_HOME": folder}
        own = {name: str(value) for name, value in own.items()}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **own, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
