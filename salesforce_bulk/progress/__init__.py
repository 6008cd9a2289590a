"""How far a load or an export is: one engine for the library, the command line and the demo."""

from salesforce_bulk.progress.event import Progress, ProgressOption
from salesforce_bulk.progress.reporter import Reporter

__all__ = ["Progress", "ProgressOption", "Reporter"]
