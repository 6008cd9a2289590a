"""Wrong requests are answered in the API's words, never with a 500, a hang or a traceback."""

import request_mutations


def test_mutated_requests_over_all_endpoints():
    """A short form of ``python tests/emulator/request_mutations.py``."""
    seen = request_mutations.run(1_500, seed=1)
    assert sum(seen.values()) == 1_500
    # Enough of them are right, and enough are wrong, for the run to say something.
    assert seen[200] + seen[201] > 200
    assert seen[400] > 300
