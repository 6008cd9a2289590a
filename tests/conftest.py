"""What all tests share."""

import os

from hypothesis import settings

# No deadline: how long an example takes says something of the machine, not of the code. In CI the
# examples are the same in every run; elsewhere they differ, and find more with time.
settings.register_profile("suite", deadline=None, max_examples=60)
settings.register_profile("ci", settings.get_profile("suite"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "suite")
