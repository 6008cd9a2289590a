"""What loads and exports use of an org: both APIs, the descriptions, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from salesforce_bulk.api_v1 import BulkV1
from salesforce_bulk.api_v2 import BulkV2
from salesforce_bulk.describe import Describes
from salesforce_bulk.transport import Clock


@dataclass(frozen=True)
class OrgAccess:
    """One org, as one client sees it."""

    v1: BulkV1
    v2: BulkV2
    describes: Describes
    clock: Clock
    api_version: str
