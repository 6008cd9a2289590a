"""What the emulator does, and on whose word: Objects."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_PROBES = "tests/conformance/test_probes_of_objects.py"
_FURTHER = "tests/emulator/data/test_further_objects.py"
_FEATURES = "tests/emulator/data/test_features.py"
_KINDS = "tests/emulator/data/test_object_kinds.py"

AREA = Area(
    title="Objects",
    behaviours=(
        Behaviour(
            id="object.fields",
            title="Fields of the standard objects: types, lengths, references",
            does="Account, Contact, Lead, Opportunity, Case, Event: as in describes of real orgs",
            source="recorded describes",
            grade=Grade.RECORDED,
            tests=(_PROBES, "tests/emulator/schema/test_schema.py"),
            readings=(Reading("as described"),),
        ),
        Behaviour(
            id="object.fields_of_others",
            title=(
                "The others, among them `Quote`, `Solution`, `EmailMessage`, "
                "`PermissionSet`, `FieldPermissions`, `GroupMember`, `QueueSobject`"
            ),
            does="the fields that are used most",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
            tests=(
                f"{_FURTHER}::test_the_docs_count_the_standard_objects",
                f"{_FURTHER}::test_a_permission_set_is_made_and_assigned",
                f"{_FURTHER}::test_a_message_belongs_to_its_case_and_a_quote_to_its_opportunity",
            ),
        ),
        Behaviour(
            id="object.business_hours",
            title="`BusinessHours`",
            does="one record, the default, which is open day and night",
            source="Object Reference, BusinessHours",
            grade=Grade.DOCUMENTED,
            tests=(_PROBES,),
            readings=(Reading("one default"),),
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
            tests=(
                f"{_FEATURES}::test_records_have_a_currency_which_is_the_orgs_own_unless_told",
                f"{_FEATURES}::test_currencies_are_told_with_their_rates",
                f"{_FEATURES}::test_what_converts_amounts_is_refused_by_name",
            ),
        ),
        Behaviour(
            id="object.record_types",
            title="`RecordTypes`",
            does=(
                "`RecordTypeId`, null unless told (Salesforce: the profile's default); any "
                "record type may be given to any object; `recordTypeInfos` lists the records "
                "of `RecordType` and the master"
            ),
            source="Object Reference, RecordType",
            grade=Grade.ASSUMED,
            tests=(
                f"{_FEATURES}::test_record_types_are_given_told_and_queried_by_name",
                f"{_FEATURES}::test_account_has_record_types_without_being_asked",
            ),
        ),
        Behaviour(
            id="object.platform_events",
            title="Platform events (`__e`)",
            does=(
                "inserted by REST and Bulk, neither queried nor changed; nobody is told of "
                "them; `ReplayId` and `EventUuid` stay empty"
            ),
            source="Platform Events Developer Guide",
            grade=Grade.DOCUMENTED,
            tests=(
                f"{_KINDS}::test_an_event_is_published_by_either_api_and_cannot_be_queried_or_changed",
            ),
        ),
        Behaviour(
            id="object.custom_metadata",
            title="Custom metadata (`__mdt`)",
            does="read by all APIs; rows come by `--load` and the control API alone",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
            tests=(f"{_KINDS}::test_custom_metadata_are_deployed_and_only_read_by_the_apis",),
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
            tests=(
                f"{_KINDS}::test_a_setting_of_a_hierarchy_has_one_record_an_owner",
                f"{_KINDS}::test_settings_of_a_list_have_names",
            ),
        ),
        Behaviour(
            id="object.external_and_articles",
            title="External objects (`__x`), articles (`__kav`)",
            does="not emulated; such names are refused",
            source="–",
            grade=None,
            tests=(f"{_KINDS}::test_what_cannot_be_defined_is_refused_by_name",),
        ),
        Behaviour(
            id="object.permission_set_of_profile",
            title=(
                "A profile's own `PermissionSet`, and `ObjectPermissions` of the "
                "administrator's for the objects with tabs"
            ),
            does="there at the start; they grant nothing, and custom objects have none",
            source="Object Reference (that)",
            grade=Grade.ASSUMED,
            tests=(_PROBES, f"{_FURTHER}::test_a_profile_has_its_permissions_in_a_set_of_its_own"),
            readings=(Reading("there"),),
        ),
        Behaviour(
            id="object.tabs",
            title="`TabDefinition`",
            does="the tabs of ten standard objects",
            source="Object Reference, – (which)",
            grade=Grade.ASSUMED,
            tests=(_PROBES, f"{_FURTHER}::test_tabs_are_those_of_the_objects"),
            readings=(Reading("there"),),
        ),
        Behaviour(
            id="object.history",
            title="`AccountHistory` and its kin",
            does="empty, read-only: a new org tracks no field",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
            tests=(
                _PROBES,
                f"{_FURTHER}::test_what_nobody_tracked_or_posted_is_empty_and_cannot_be_written",
            ),
            readings=(Reading("there"),),
        ),
        Behaviour(
            id="object.feed",
            title="`AccountFeed` and its kin",
            does="empty, read-only: there is no `FeedItem` to post",
            source="Object Reference",
            grade=Grade.DOCUMENTED,
            tests=(
                _PROBES,
                f"{_FURTHER}::test_what_nobody_tracked_or_posted_is_empty_and_cannot_be_written",
            ),
            readings=(Reading("there"),),
        ),
        Behaviour(
            id="object.share",
            title="`AccountShare` and its kin",
            does=(
                "what is shared by hand; rows that come of ownership are not stored, and a "
                "share gives no access"
            ),
            source="Object Reference (fields), – (key prefixes)",
            grade=Grade.ASSUMED,
            tests=(_PROBES, f"{_FURTHER}::test_a_record_knows_its_history_shares_and_feed"),
            readings=(Reading("there"),),
        ),
        Behaviour(
            id="object.person_account.fields",
            title="`PersonAccounts`: fields of Account, Contact and RecordType",
            does=(
                "`IsPersonAccount`, `PersonContactId`, the names, `Person…` for what Contact has, "
                "`__pc` for its custom fields; `LastName` is nillable, and a `__pc` field is no "
                "key; labels are Contact's; no `MiddleName` and `Suffix`"
            ),
            source="Object Reference, Account; recorded records (order); – (the rest)",
            grade=Grade.DOCUMENTED,
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_describe_has_the_fields_of_a_person",
                "tests/emulator/data/test_person_accounts.py::test_a_custom_field_of_contact_is_one_of_account",
                "tests/emulator/data/test_person_accounts.py::test_an_org_has_no_persons_unless_asked",
            ),
        ),
        Behaviour(
            id="object.person_account.contact",
            title="The contact of a person account",
            does=(
                "made, changed, deleted and brought back with its account, which follows when the "
                "contact is changed; `Name`, `Phone`, `Fax` and `OwnerId` are the same in both"
            ),
            source=(
                "SOAP API Developer Guide, Person Account Record Types; – (`Phone`, `Fax`, "
                "`OwnerId`)"
            ),
            grade=Grade.DOCUMENTED,
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_a_person_is_an_account_with_a_contact_of_the_same_name",
                "tests/emulator/data/test_person_accounts.py::test_both_follow_when_either_is_changed",
                "tests/emulator/data/test_person_accounts.py::test_both_are_deleted_and_come_back_together",
                "tests/emulator/data/test_person_accounts.py::test_a_hard_delete_leaves_neither",
            ),
        ),
        Behaviour(
            id="object.person_account.record_type",
            title="Which account is a person",
            does=(
                "one whose record type has `IsPersonType` (at first that is `PersonAccount` "
                "alone); without a record type, one with a `LastName` and no `Name`"
            ),
            source="eltoroit/ETCopyData#8; – (both names given)",
            grade=Grade.ASSUMED,
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_persons_and_businesses_are_loaded_in_one_job_of_bulk_2",
                "tests/emulator/data/test_person_accounts.py::test_persons_are_upserted_by_an_external_id_in_bulk_1",
                "tests/emulator/data/test_person_accounts.py::test_a_person_has_a_last_name_and_a_business_a_name",
            ),
        ),
        Behaviour(
            id="object.person_account.fields_of_the_other_kind",
            title="A person's `Name`, a business' `LastName` or `__pc` field",
            does=(
                "the row is refused: an insert of a person's `Name` with the words for read-only "
                "fields, all else with `bad field names`"
            ),
            source=(
                "dhoechst/Salesforce-Test-Factory#14, texei/texei-sfdx-plugin#51, "
                "sorenkrabbe/Chrome-Salesforce-inspector#38"
            ),
            grade=Grade.RECORDED,
            texts=("{}: bad field names on insert/update call: {}",),
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_fields_of_the_other_kind_are_refused_when_an_account_is_made",
                "tests/emulator/data/test_person_accounts.py::test_fields_of_the_other_kind_are_refused_when_an_account_is_changed",
            ),
        ),
        Behaviour(
            id="object.person_account.contact_refused",
            title="A person's contact deleted, moved or typed; another contact for a person",
            does=(
                "refused: `INVALID_PERSON_ACCOUNT_OPERATION`; a record type for it: "
                "`INSUFFICIENT_ACCESS_OR_READONLY`"
            ),
            source=(
                "SOAP API Developer Guide, Person Account Record Types, StatusCode; "
                "declarative-lookup-rollup-summaries#544; help.salesforce.com 005305352; – (when)"
            ),
            grade=Grade.ASSUMED,
            texts=(
                "cannot reference person contact",
                "cannot reference person account",
                "insufficient access rights on object id",
            ),
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_the_contact_of_a_person_is_neither_deleted_nor_moved_nor_typed",
                "tests/emulator/data/test_person_accounts.py::test_a_person_has_one_contact",
            ),
        ),
        Behaviour(
            id="object.person_account.conversion",
            title="A business becomes a person, or a person a business",
            does=(
                "by its record type, changed with nothing else; a business needs one contact and "
                "no parent, and a person's fields are empty in the business that it becomes"
            ),
            source=(
                "SOAP API Developer Guide, Person Account Record Types; a public report of the "
                "text; – (the other refusal)"
            ),
            grade=Grade.ASSUMED,
            texts=(
                "Cannot specify any additional fields when marrying or separating a Person-Account",
                "a business account that becomes a person has one contact, and neither has a "
                "parent",
            ),
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_a_business_with_one_contact_becomes_a_person_and_back",
            ),
        ),
        Behaviour(
            id="object.person_account.merge",
            title="`merge` of person accounts",
            does="refused by name",
            source="–",
            grade=None,
            texts=("merge of person accounts is not emulated",),
            tests=(
                "tests/emulator/data/test_person_accounts.py::test_merging_a_person_is_refused_by_name",
            ),
        ),
        Behaviour(
            id="object.big_object.definition",
            title="Big objects (`__b`)",
            does=(
                "up to five custom fields are the index and required; `CreatedDate`, "
                "`CreatedById` and `SystemModstamp`; each `Id` is `000000000000000AAA`; one that "
                "comes of a describe document alone has no index, and is as any object"
            ),
            source="Big Objects Implementation Guide; – (key prefix, describe)",
            grade=Grade.DOCUMENTED,
            texts=(
                "{}: an object whose name ends in __b has an index, no other",
                "{}: an index has at most {} fields",
                "{}: the index of an object that exists cannot be changed",
                "{}: {} cannot be in an index",
                "{}: {} is neither ASC nor DESC",
            ),
            tests=(
                "tests/emulator/data/test_big_objects.py::test_a_big_object_is_described_with_its_required_index",
                "tests/emulator/data/test_big_objects.py::test_an_index_that_makes_no_sense_is_refused",
                "tests/emulator/data/test_big_objects.py::test_every_id_is_the_empty_one",
            ),
        ),
        Behaviour(
            id="object.big_object.insert",
            title="Inserts of big objects",
            does=(
                "by both Bulk APIs; an index that there is, letter case told apart, has its record "
                "changed, except where the row is empty"
            ),
            source="Big Objects Implementation Guide; – (letter case, dates of creation)",
            grade=Grade.DOCUMENTED,
            tests=(
                "tests/emulator/data/test_big_objects.py::test_an_insert_of_an_index_that_there_is_changes_what_it_says",
                "tests/emulator/data/test_big_objects.py::test_a_row_without_its_whole_index_is_refused",
            ),
        ),
        Behaviour(
            id="object.big_object.other_writes",
            title="Big objects inserted by REST, updated, upserted, deleted by id",
            does="each row is refused: `INVALID_TYPE_FOR_OPERATION`",
            source="Big Objects Implementation Guide names Bulk and Apex; – (the answers)",
            grade=Grade.ASSUMED,
            tests=(
                "tests/emulator/data/test_big_objects.py::test_rest_neither_makes_changes_nor_deletes_a_record",
                "tests/emulator/data/test_big_objects.py::test_bulk_only_inserts",
            ),
        ),
        Behaviour(
            id="object.big_object.query_gaps",
            title="Filters and ORDER BY of big objects: order, gaps, directions, aggregates",
            does=(
                "they name the first fields of the index in its order, and ORDER BY its "
                "directions, else `BIG_OBJECT_UNSUPPORTED_OPERATION`"
            ),
            source="SOQL and SOSL Reference, SOQL with Big Objects; public reports of the texts",
            grade=Grade.RECORDED,
            texts=(
                "Filters may not have any gaps within the composite key",
                "Unsupported order direction on filter column: {} : {}",
                "Aggregate functions not supported",
            ),
            tests=(
                "tests/emulator/data/test_big_objects.py::test_what_does_not_go_by_the_index_is_refused",
                "tests/emulator/data/test_big_objects.py::test_aggregates_are_refused",
                "tests/emulator/data/test_big_objects.py::test_filters_go_along_the_index",
            ),
        ),
        Behaviour(
            id="object.big_object.query_operators",
            title="Filters of big objects: operators",
            does=(
                "`=`, one `IN` of several values, and ranges of the last field; other operators, "
                "other fields, OR, NOT, functions and subqueries are refused, with "
                "`BIG_OBJECT_UNSUPPORTED_OPERATION`; rows come in the order of the index"
            ),
            source="SOQL and SOSL Reference, SOQL with Big Objects; – (texts, OR, NOT)",
            grade=Grade.DOCUMENTED,
            texts=(
                "Filter column is not in the index: {}",
                "Unsupported operator on filter column: {} : {}",
                "Function {} not supported on a filter column",
                "Range filters are supported on the last filter column only",
                "IN may be used only once",
                "Filters may be joined by AND only",
                "Subqueries not supported",
            ),
            tests=(
                "tests/emulator/data/test_big_objects.py::test_what_does_not_go_by_the_index_is_refused",
                "tests/emulator/data/test_big_objects.py::test_rows_are_found_in_the_order_of_the_index",
                "tests/emulator/data/test_big_objects.py::test_a_subquery_of_a_big_object_is_refused",
                "tests/emulator/data/test_big_objects.py::test_bulk_queries_follow_the_same_rules",
            ),
        ),
        Behaviour(
            id="object.big_object.delete_by_example",
            title="SOAP `deleteByExample`",
            does=(
                "deletes the records of one index, told whole; again it deletes none, and succeeds"
            ),
            source="Big Objects Implementation Guide; – (the refusals)",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            texts=("field is not in the index: {}", "deleteByExample is not supported for {}"),
            tests=(
                "tests/emulator/data/test_big_objects.py::test_records_are_deleted_by_example",
                "tests/emulator/data/test_big_objects.py::test_an_example_that_is_no_index_deletes_nothing",
                "tests/emulator/data/test_big_objects.py::test_other_objects_are_not_deleted_by_example",
            ),
        ),
    ),
)
