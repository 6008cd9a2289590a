"""A query's error as the org's dialect words it."""

from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.soql.errors import INVALID_QUERY_FILTER_OPERATOR, SoqlError

_WORD = "unexpected token: "
_ID = "invalid ID field: "


def in_dialect(error: SoqlError, dialect: Dialect) -> SoqlError:
    """The same error, in other words where the dialect has others."""
    code, message = error.code, error.message
    before, found, word = message.partition(_WORD)
    if found and dialect["soql.unexpected_word"] == "quoted":
        message = f"{before}{_WORD}'{word}'"
    if code == INVALID_QUERY_FILTER_OPERATOR and _ID in message:
        code = dialect.refusal("soql.filters")[1]
    return SoqlError(code, message, error.at)
