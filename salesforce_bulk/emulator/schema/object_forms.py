"""The objects that follow standard ones: their History, Share and Feed.

Source: *Object Reference*, "StandardObjectNameHistory", "StandardObjectNameShare",
"StandardObjectNameFeed". A new org tracks no fields and nobody posts, so histories and feeds are
empty and nobody may write them. Shares hold what is shared by hand; those that come of ownership
are not stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

#: Objects with a history, and what it is called where it is not the object's name and History.
_HISTORIES: Mapping[str, str] = MappingProxyType(
    {
        **{
            name: f"{name}History"
            for name in (
                *("Account", "Asset", "Campaign", "Case", "Contact", "Contract", "Individual"),
                *("Lead", "Order", "Pricebook2", "Product2", "Solution"),
            )
        },
        "Opportunity": "OpportunityFieldHistory",
    }
)
#: Objects with shares, and their key prefixes.
_SHARES: Mapping[str, str] = MappingProxyType(
    {
        "Account": "00r",
        "Campaign": "08s",
        "Case": "01n",
        "Contact": "03s",
        "Lead": "01o",
        "Opportunity": "00t",
    }
)
_FEEDS = (
    *("Account", "Asset", "Campaign", "Case", "Contact", "Contract", "Event", "Lead"),
    *("Opportunity", "Order", "Product2", "Quote", "Solution", "Task", "User"),
)

_HISTORY = """
= {form} | | {name} History | {name} History | chunkable -create -update -delete
@id
@deleted
{name}Id | ref {name} {name} Histories | readonly required cascade
CreatedById | ref User CreatedBy | readonly required defaulted
CreatedDate | datetime | readonly required defaulted
Field | picklist 255 | readonly restricted | Changed Field
DataType | picklist 40 | readonly restricted
OldValue | anyType | readonly -filter -sort
NewValue | anyType | readonly -filter -sort
"""
_SHARE = """
= {name}Share | {prefix} | {name} Share | {name} Share | chunkable
@id
{name}Id | ref {name} {name} Shares | required createonly cascade
UserOrGroupId | ref Group,User UserOrGroup | required createonly poly
{name}AccessLevel | picklist 40 | required restricted | | Read;Edit;All
{more}
RowCause | picklist 40 | createonly restricted | | Owner;Manual*;Rule;ImplicitChild;Team
LastModifiedDate | datetime | readonly required defaulted
LastModifiedById | ref User LastModifiedBy | readonly required defaulted
@deleted
"""
_LEVELS = "restricted | | None;Read;Edit"
#: What else a share of an account says.
_SHARES_OF_ACCOUNTS = "\n".join(
    f"{name}AccessLevel | picklist 40 | {'required ' if name == 'Opportunity' else ''}{_LEVELS}"
    for name in ("Opportunity", "Case", "Contact")
)
_FEED = """
= {name}Feed | | {name} Feed | {name} Feed | chunkable -create -update -delete
@id Feed Item ID
ParentId | ref {name} Parent Feeds | readonly required cascade
Type | picklist 40 | readonly restricted
CreatedById | ref User CreatedBy | readonly required defaulted
CreatedDate | datetime | readonly required defaulted
@deleted
LastModifiedDate | datetime | readonly required defaulted
SystemModstamp | datetime | readonly required defaulted
CommentCount | int 9 | readonly
LikeCount | int 9 | readonly
Title | string 255 | readonly
Body | textarea 10000 | readonly
LinkUrl | url 1000 | readonly
IsRichText | boolean | readonly
RelatedRecordId | ref ContentVersion - | readonly
InsertedById | ref User InsertedBy | readonly
"""


def form_notations() -> Iterator[str]:
    """The objects, in the notation of `object_notation`."""
    for name, form in _HISTORIES.items():
        yield _HISTORY.format(name=name, form=form)
    for name, prefix in _SHARES.items():
        more = _SHARES_OF_ACCOUNTS if name == "Account" else ""
        yield _SHARE.format(name=name, prefix=prefix, more=more)
    for name in _FEEDS:
        yield _FEED.format(name=name)
