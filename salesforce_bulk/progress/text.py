"""An event as a line of text."""

from __future__ import annotations

from salesforce_bulk.progress.event import Progress

#: Columns before the seconds, where they are enough.
_WIDTH = 62


def line(event: Progress, width: int | None = None) -> str:
    """The event; details that would not fit into ``width`` columns are left out."""
    end = f"  {times(event)}"
    start = f"  {event.phase:<12} {rows(event)}"
    for detail in details(event):
        longer = f"{start}   {detail}"
        if width is None or len(longer) + len(end) <= width:
            start = longer
    room = _WIDTH if width is None else min(_WIDTH, max(0, width - len(end)))
    return f"{start.ljust(room)}{end}"[:width]


def rows(event: Progress) -> str:
    """``1,000 of 25,000 rows``."""
    total = "" if event.total_rows is None else f" of {event.total_rows:,}"
    return f"{event.rows:,}{total} rows"


def details(event: Progress) -> list[str]:
    """Batches, job and rate, where they are known."""
    found = []
    if event.batches is not None and (event.total_batches or 0) > 1:
        found.append(f"{event.batches:,} of {event.total_batches:,} batches")
    if event.job_id is not None:
        found.append(f"job {short_id(event.job_id)}")
    if event.rows_per_second is not None and event.seconds >= 1:
        found.append(f"{event.rows_per_second:,.0f}/s")
    return found


def times(event: Progress) -> str:
    """Seconds so far, and those left where there is a rate."""
    left = event.seconds_left
    remaining = "" if not left or event.outcome else f", {duration(left)} left"
    return f"{duration(event.seconds)}{remaining}"


def duration(seconds: float) -> str:
    """``0:21``, ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def short_id(job_id: str) -> str:
    """The ends of an id, by which people tell jobs apart."""
    return job_id if len(job_id) <= 10 else f"{job_id[:5]}…{job_id[-3:]}"
