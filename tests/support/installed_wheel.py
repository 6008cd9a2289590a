"""The package as its wheel installs it, for programs that run in an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
NO_SOURCE = shutil.ignore_patterns(
    ".*", "build", "dist", "tests", "*.egg-info", "node_modules", "__pycache__"
)


def built_wheel(folder: Path) -> Path:
    """The wheel of this checkout.

    A build writes beside what it builds from, where other tests read the package's metadata; and
    what an earlier build left there would go into the wheel. So it has a copy.
    """
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NO_SOURCE)
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


class InstalledWheel:
    """The wheel of this checkout, installed into a folder of its own.

    Args:
        folder: an empty one.

    Attributes:
        site: the folder that holds the package.
    """

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        if (ROOT / "salesforce_bulk" / "__init__.py").exists():
            self._install(folder)
        else:  # `make test-dist`, whose interpreter has the wheel
            self.site = Path(sysconfig.get_path("purelib"))
        program = "import salesforce_bulk; print(salesforce_bulk.__file__)"
        where = self.run("-c", program, folder=folder)
        assert str(self.site) in where.stdout

    def _install(self, folder: Path) -> None:
        install = [*PIP, "install", "--no-deps", "--target", self.site, built_wheel(folder)]
        subprocess.run(install, check=True)

    def run(
        self, *arguments: object, folder: Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python with the package.

        Args:
            arguments: Python's.
            folder: to run it in; its home, too.
            environ: further variables.
        """
        own = {"PYTHONPATH": self.site, "HOME": folder, "XDG_STATE_HOME": folder}
        own = {name: str(value) for name, value in own.items()}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **own, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
