"""What pyproject.toml cannot say: the README for whoever reads it without the repository."""

import re
from pathlib import Path

from setuptools import setup

FILES = "https://github.com/heroku/salesforce-bulk/blob/HEAD/"


def readme() -> str:
    """README.md with its links to files of the repository made absolute."""
    text = (Path(__file__).parent / "README.md").read_text("utf-8")
    return re.sub(r"\]\((?!https?://|#)", f"]({FILES}", text)


setup(long_description=readme(), long_description_content_type="text/markdown")
