"""What the calls return."""

from __future__ import annotations

from typing import Any, NamedTuple


class TruthText(str):
    """The text ``true`` or ``false`` of a CSV result, whose truth value is what it says.

    2.2.0 returned plain text, so that ``if result.success`` held for failed rows as well;
    programs that compare with ``'true'`` and programs that just ask are both right now.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.lower() == "true"


class UploadResult(NamedTuple):
    """The outcome of one row, in the order of the rows of its batch.

    ===========  =======================  ==========================  ==================
    field        CSV job                  JSON job                    XML job
    ===========  =======================  ==========================  ==================
    ``id``       str, ``''`` on failure   str or None                 str or None
    ``success``  `TruthText`              bool                        bool
    ``created``  `TruthText`              bool                        bool
    ``error``    ``CODE:text:fields --``  list of dicts               list of dicts
    ===========  =======================  ==========================  ==================
    """

    id: Any
    success: Any
    created: Any
    error: Any
