"""The words that may stay in a report: those of the protocols, as this package itself says them.

Whatever a report holds stands in the source of this package, or in the lists below; no word of an
org is among them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS
from salesforce_bulk.emulator.schema.schema import Schema

#: Parts of texts between which nothing is one word.
DELIMITERS = r"\s\ufeff{}\[\]()<>\"',;:=&?/|\\`"
WORD = re.compile(rf"[^{DELIMITERS}]+")
#: What may stand around a word in a sentence.
MARKS = ".!*^#~$-+"
#: Parts of the package whose texts are those of the protocols.
_SPEAKING = (
    "bulk_states.py",
    "conformance",
    "emulator/access",
    "emulator/endpoints",
    "emulator/fidelity",
    "emulator/http",
    "emulator/jobs",
    "emulator/schema/describe_documents.py",
    "emulator/soql",
)
#: Headers of HTTP and of Salesforce, and words of their values.
_HEADERS = """
accept accept-encoding accept-language accept-ranges age allow authorization cache-control
connection content-disposition content-encoding content-length content-security-policy
content-type cookie date etag expect-ct expires host if-match if-modified-since if-none-match
keep-alive last-modified location origin permissions-policy pragma referrer-policy retry-after
server set-cookie sforce-auto-assign sforce-call-options sforce-disable-batch-retry
sforce-enable-pkchunking sforce-limit-info sforce-line-ending sforce-locator sforce-mru
sforce-numberofrecords sforce-query-options soapaction strict-transport-security
transfer-encoding user-agent vary via warning www-authenticate x-content-type-options
x-frame-options x-robots-tag x-sfdc-edge-cache x-sfdc-packageversion-clientpackage
x-sfdc-request-id x-sfdc-session x-xss-protection
attachment bearer browserid bytes charset chunked close cookieconsentpolicy deflate domain filename
gzip httponly identity includesubdomains inline lax localeconsentpolicy lskey-c max-age
must-revalidate no-cache no-store none nosniff ok oauth path preload private public samesite secure
sfdcedge strict token utf-8 iso-8859-1 upgrade-insecure-requests api-usage batchsize chunksize
startrow parent sobject true false null
application csv html javascript json multipart octet-stream plain text urlencoded
x-www-form-urlencoded xhtml xml zip bad bearer request created accepted content forbidden found
gone internal method allowed not acceptable conflict unauthorized unsupported media type
"""
#: Codes of refusals, from the enumerations of the partner WSDL and of the Bulk API's schema.
_CODES = """
ALL_OR_NONE_OPERATION_ROLLED_BACK ALREADY_IN_PROCESS API_CURRENTLY_DISABLED API_DISABLED_FOR_ORG
APEX_ERROR BAD_REQUEST CANNOT_CASCADE_PRODUCT_ACTIVE CANNOT_EXECUTE_FLOW_TRIGGER
CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY CANNOT_MODIFY_MANAGED_OBJECT CANNOT_UPDATE_CONVERTED_LEAD
CIRCULAR_DEPENDENCY CIRCULAR_OBJECT_GRAPH CLIENT_NOT_ACCESSIBLE_FOR_USER
CLIENT_REQUIRE_UPDATE_FOR_USER CONCURRENT_REQUEST_LIMIT_EXCEEDED CROSS_REFERENCE_ERROR
CUSTOM_CLOB_FIELD_LIMIT_EXCEEDED DELETE_FAILED DELETE_REQUIRED_ON_CASCADE DEPENDENCY_EXISTS
DUPLICATES_DETECTED DUPLICATE_EXTERNAL_ID DUPLICATE_USERNAME DUPLICATE_VALUE
ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE ENTITY_IS_ARCHIVED ENTITY_IS_DELETED ENTITY_IS_LOCKED
EXCEEDED_ID_LIMIT EXCEEDED_MAX_SEMIJOIN_SUBSELECTS EXCEEDED_QUOTA EXTERNAL_OBJECT_EXCEPTION
FIELD_CUSTOM_VALIDATION_EXCEPTION FIELD_FILTER_VALIDATION_EXCEPTION FIELD_INTEGRITY_EXCEPTION
FUNCTIONALITY_NOT_ENABLED FUNCTIONALITY_TEMPORARILY_UNAVAILABLE HTTPS_REQUIRED
ILLEGAL_QUERY_PARAMETER_VALUE
INACTIVE_OWNER_OR_USER INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY
INSUFFICIENT_ACCESS_OR_READONLY INVALIDENTITY INVALIDJOB INVALIDJOBSTATE INVALID_ARGUMENT_TYPE
INVALID_ASSIGNMENT_RULE INVALID_BATCH_OPERATION INVALID_BATCH_SIZE INVALID_CLIENT
INVALID_CONTENT_TYPE INVALID_CROSS_REFERENCE_KEY INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD
INVALID_CURRENCY_ISO INVALID_EMAIL_ADDRESS INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE
INVALID_FILTER_LANGUAGE INVALID_FILTER_VALUE INVALID_ID_FIELD INVALID_INPUT INVALID_JOB
INVALID_JOB_STATE INVALID_LOCATOR INVALID_LOGIN INVALID_MULTIPART_REQUEST INVALID_NEW_PASSWORD
INVALID_OPERATION INVALID_OPERATION_WITH_EXPIRED_PASSWORD INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST
INVALID_QUERY_FILTER_OPERATOR INVALID_QUERY_LOCATOR INVALID_QUERY_SCOPE
INVALID_REPLICATION_DATE INVALID_SEARCH INVALID_SESSION_ID INVALID_SOAP_HEADER INVALID_STATUS
INVALID_TYPE INVALID_TYPE_FOR_OPERATION INVALID_TYPE_ON_FIELD_IN_RECORD INVALID_USER_OBJECT
INVALID_VERSION IP_RANGE_LIMIT_EXCEEDED JSON_PARSER_ERROR LICENSE_LIMIT_EXCEEDED LIMIT_EXCEEDED
LOGIN_CHALLENGE_ISSUED LOGIN_DURING_RESTRICTED_DOMAIN LOGIN_DURING_RESTRICTED_TIME
LOGIN_MUST_USE_SECURITY_TOKEN MALFORMED_ID MALFORMED_QUERY MALFORMED_SEARCH
MAXIMUM_HIERARCHY_LEVELS_REACHED METHOD_NOT_ALLOWED MISSING_ARGUMENT MISSING_RECORD
MIXED_DML_OPERATION NOT_ACCEPTABLE NOT_FOUND NOT_MODIFIED NO_APPLICABLE_PROCESS NO_SOFTPHONE_LAYOUT
NUMBER_OUTSIDE_VALID_RANGE OPERATION_TOO_LARGE OP_WITH_INVALID_USER_TYPE_EXCEPTION
ORG_LOCKED PACKAGE_LICENSE_REQUIRED PASSWORD_LOCKOUT PORTAL_NO_ACCESS PROCESSING_HALTED
QUERY_TIMEOUT QUERY_TOO_COMPLICATED REQUEST_LIMIT_EXCEEDED REQUEST_RUNNING_TOO_LONG
REQUIRED_FEATURE_MISSING REQUIRED_FIELD_MISSING SELF_REFERENCE_FROM_TRIGGER SERVER_UNAVAILABLE
SHARE_NEEDED_FOR_CHILD_OWNER SOCIALCRM_FEEDSERVICE_API_SERVER_EXCEPTION STORAGE_LIMIT_EXCEEDED
STRING_TOO_LONG TOO_MANY_APEX_REQUESTS TOO_MANY_ENUM_VALUE TRANSFER_REQUIRES_READ TRIAL_EXPIRED
TXN_SECURITY_NO_ACCESS UNABLE_TO_LOCK_ROW UNAVAILABLE_RECORDTYPE_EXCEPTION UNDELETE_FAILED
UNKNOWN_EXCEPTION UNKNOWN_ATTACHMENT_EXCEPTION UNSUPPORTED_API_VERSION UNSUPPORTED_CLIENT
UNSUPPORTED_MEDIA_TYPE XML_PARSER_ERROR
ApexError ApexTimeout APIVersionMismatch BatchProcessingException ClientInputError
ExceededQuota FeatureNotEnabled InternalServerError InvalidBatch InvalidEntity InvalidJob
InvalidJobState InvalidOperation InvalidSessionId InvalidUrl InvalidUser InvalidVersion InvalidXML
NotFound TooManyLockFailure Timeout Unknown
"""
#: What OAuth answers: RFC 6749, 6750, 7009, 8628, and Salesforce's page of OAuth 2.0 error codes.
_OAUTH_CODES = """
access_denied authorization_pending expired_token immediate_unsuccessful inactive_org inactive_user
insufficient_scope invalid_app_access invalid_assertion_type invalid_client
invalid_client_credentials invalid_client_id invalid_grant invalid_request invalid_scope
invalid_token rate_limit_exceeded redirect_uri_mismatch redirect_uri_missing server_error slow_down
temporarily_unavailable unauthorized_client unsupported_grant_type unsupported_response_type
unsupported_token_type
"""


@dataclass(frozen=True)
class Vocabulary:
    """Args:
    names: of objects, fields, elements, states, codes and headers, in lower case: they may be
        spelled in any.
    prose: the words of the texts, as they are spelled there.
    texts: whole texts.
    prefixes: with which ids of standard objects begin.
    """

    names: frozenset[str]
    prose: frozenset[str]
    texts: frozenset[str]
    prefixes: frozenset[str]

    def has_name(self, word: str) -> bool:
        """A name, whatever stands around it."""
        return word.lower() in self.names or word.strip(MARKS).lower() in self.names

    def has(self, word: str) -> bool:
        """A name, or a word of the texts."""
        return self.has_name(word) or word.strip(MARKS) in self.prose


@cache
def vocabulary() -> Vocabulary:
    """What may stay; made from the source when it is first needed."""
    objects = Schema().objects.values()
    texts = [text for source in _sources() for text in _texts(source)]
    listed = {word.lower() for word in f"{_HEADERS} {_CODES} {_OAUTH_CODES}".split()}
    codes = {word.lower() for word in _words_of_readings() if "_" in word}
    schema = {name.lower() for each in objects for name in (each.name, *each.fields)}
    unspaced = [text for text in texts if not re.search(r"\s", text)]
    single = {word.lower() for text in unspaced for word in WORD.findall(text)}
    words = {word.strip(MARKS) for text in texts for word in WORD.findall(text)}
    return Vocabulary(
        names=frozenset(filter(_may_stay, {*listed, *codes, *schema, *single})) | {"", "0", "1"},
        prose=frozenset(filter(_may_stay, words)),
        texts=frozenset(filter(_may_stay, texts)),
        prefixes=frozenset({each.key_prefix for each in objects} | {"750", "751", "752", "00D"}),
    )


def _words_of_readings() -> Iterator[str]:
    """What an org may answer, as the emulator can too."""
    for behaviour in BEHAVIOURS.values():
        for value in behaviour.values:
            yield from WORD.findall(value)


def _may_stay(word: str) -> bool:
    """Numbers and addresses of examples are no words."""
    return word.isascii() and "@" not in word and not re.search(r"\d{2}", word)


def _sources() -> Iterator[str]:
    """Of modules; where they are not at hand there are none, and a report has more placeholders."""
    package = Path(__file__).parents[1]
    for path in (package / part for part in _SPEAKING):
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield file.read_text("utf-8")


def _texts(source: str) -> Iterator[str]:
    """Those that a module may say; what explains it is none of them."""
    tree = ast.parse(source)
    explained = {id(docs) for node in ast.walk(tree) for docs in _docstrings(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in explained:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


def _docstrings(node: ast.AST) -> Iterator[ast.AST]:
    body = getattr(node, "body", None)
    for each in body if isinstance(body, list) else ():
        if isinstance(each, ast.Expr):
            yield each.value
