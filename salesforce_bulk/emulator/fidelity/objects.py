"""What the emulator does, and on whose word: Objects."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Objects",
    behaviours=(
        Behaviour(
            id="object.fields_standard_objects_types",
            title="Fields of the standard objects: types, lengths, references",
            does="Account, Contact, Lead, Opportunity, Case, Event: as in describes of real orgs",
            source="recorded describes",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="object.others_among_them_quote",
            title=(
                "The others, among them `Quote`, `Solution`, `EmailMessage`, "
                "`PermissionSet`, `FieldPermissions`, `GroupMember`, `QueueSobject`"
            ),
            does="the fields that are used most",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.multicurrency",
            title="`MultiCurrency`",
            does=(
                "`CurrencyIsoCode` of records (USD unless told), `CurrencyType` with three "
                "currencies; `convertCurrency()` and sums of amounts are refused by name; "
                "filters and ORDER BY take amounts as they stand (Salesforce converts)"
            ),
            source="Object Reference, CurrencyType, – (objects, rates)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.recordtypes",
            title="`RecordTypes`",
            does=(
                "`RecordTypeId`, null unless told (Salesforce: the profile's default); any "
                "record type may be given to any object; `recordTypeInfos` lists the records "
                "of `RecordType` and the master"
            ),
            source="Object Reference, RecordType",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="object.platform_events_e",
            title="Platform events (`__e`)",
            does=(
                "inserted by REST and Bulk, neither queried nor changed; nobody is told of "
                "them; `ReplayId` and `EventUuid` stay empty"
            ),
            source="Platform Events Developer Guide",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.custom_metadata_mdt",
            title="Custom metadata (`__mdt`)",
            does="read by all APIs; rows come by `--load` and the control API alone",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.custom_settings",
            title="Custom settings",
            does=(
                "one record for each `SetupOwnerId` (hierarchy); a list's `SetupOwnerId` is "
                "empty (Salesforce: the org)"
            ),
            source="Apex Developer Guide",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="object.big_objects_b_external",
            title="Big objects (`__b`), external objects (`__x`), person accounts",
            does="not emulated; such names are refused",
            source="–",
            grade=None,
        ),
        Behaviour(
            id="object.profile_s_own_permissionset",
            title=(
                "A profile's own `PermissionSet`, and `ObjectPermissions` of the "
                "administrator's for the objects with tabs"
            ),
            does="there at the start; they grant nothing, and custom objects have none",
            source="Object Reference (that)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="object.tabdefinition",
            title="`TabDefinition`",
            does="the tabs of ten standard objects",
            source="Object Reference, – (which)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="object.accounthistory_kin",
            title="`AccountHistory` and its kin",
            does="empty, read-only: a new org tracks no field",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.accountfeed_kin",
            title="`AccountFeed` and its kin",
            does="empty, read-only: there is no `FeedItem` to post",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="object.accountshare_kin",
            title="`AccountShare` and its kin",
            does=(
                "what is shared by hand; rows that come of ownership are not stored, and a "
                "share gives no access"
            ),
            source="Object Reference (fields), – (key prefixes)",
            grade=Grade.ASSUMED,
        ),
    ),
)
