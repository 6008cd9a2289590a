"""Which objects PK chunking cuts, and the header that asks for it.

Guide: "PK Chunking Header" (async_api_headers_enable_pk_chunking).
"""

from __future__ import annotations

from numbers import Integral

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.wire.v1 import pk_chunking_header

#: Standard objects of the guide's list; custom objects are supported all.
_STANDARD = frozenset(
    """
    Account AccountContactRelation AccountTeamMember Asset AssignedResource Campaign
    CampaignMember CandidateAnswer Case CaseArticle CaseComment Claim Contact ContentDistribution
    ContentDocument ContentNote ContentVersion Contract ContractLineItem EmailMessage Entitlement
    Event EventRelation FeedItem Incident Individual Lead LinkedArticle LiveChatTranscript
    LoginHistory MessagingSession Note ObjectTerritory2Association Opportunity
    OpportunityContactRole OpportunityHistory OpportunityLineItem OpportunitySplit
    OpportunityTeamMember Order OrderItem Pricebook2 PricebookEntry Problem Product2 QuickText
    Quote QuoteLineItem ServiceAppointment ServiceContract Task TaskRelation TimeSheetEntry User
    UserRole VoiceCall WorkOrder WorkOrderLineItem WorkPlan
    """.lower().split()
)
#: How the names of further objects begin, of which the guide lists many.
_INDUSTRY = ("conversation", "insurance", "loyalty")
#: Tables of a parent, whose ids the chunks are cut by.
_OF_A_PARENT = ("Share", "History", "FieldHistory", "CleanInfo")

PkChunking = bool | int | str | None


def chunking_header(object_name: str, pk_chunking: PkChunking) -> str:
    """The value of ``Sforce-Enable-PKChunking``.

    Args:
        object_name: in FROM. Share and History tables get the ``parent`` that they need.
        pk_chunking: True, a chunk size in records, or the header's own text, which is sent as
            it is.

    Raises:
        InvalidInput: the object cannot be chunked, or the size is none.
    """
    if isinstance(pk_chunking, str):
        return pk_chunking
    size = pk_chunking if isinstance(pk_chunking, Integral) else 0
    if not isinstance(pk_chunking, bool) and not 0 < size <= limits.PK_CHUNK_MAXIMUM:
        raise InvalidInput(
            f"pk_chunking={pk_chunking}: a chunk has 1 to {limits.PK_CHUNK_MAXIMUM:,} records."
        )
    header = pk_chunking_header(pk_chunking or True).rstrip(";")
    parent = chunking_parent(object_name)
    return header if parent is None else f"{header}; parent={parent}"


def chunking_parent(object_name: str) -> str | None:
    """The parent that chunking needs to be told; None where the object stands for itself.

    Raises:
        InvalidInput: the object cannot be chunked.
    """
    name = object_name.lower()
    if name in _STANDARD or name.endswith("__c"):
        return None
    for suffix in _OF_A_PARENT:
        if name.endswith(f"__{suffix.lower()}"):
            return f"{object_name[: -len(suffix) - 2]}__c"
    for suffix in sorted(_OF_A_PARENT, key=len, reverse=True):
        parent = object_name[: -len(suffix)]
        if name.endswith(suffix.lower()) and _is_chunkable(parent):
            return parent
    if _is_chunkable(object_name):
        return None
    raise InvalidInput(
        f"{object_name} is not among the objects that PK chunking supports; leave pk_chunking= "
        "out, or give the header's text if the vendor's list has grown."
    )


def _is_chunkable(object_name: str) -> bool:
    return object_name.lower() in _STANDARD or object_name.lower().startswith(_INDUSTRY)
