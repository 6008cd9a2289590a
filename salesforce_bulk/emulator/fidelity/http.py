"""What the emulator does, and on whose word: HTTP."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_BULK1 = "tests/emulator/endpoints/test_bulk1.py"
_DOCUMENTS = "tests/emulator/endpoints/test_bulk1_documents.py"
_SERVER = "tests/emulator/http/test_server.py"
_FAULTS = "tests/emulator/http/test_faults.py"
_PROBES = "tests/conformance/test_probes_of_http.py"

AREA = Area(
    title="HTTP",
    behaviours=(
        Behaviour(
            id="http.methods",
            title="Methods of `/services/async`",
            does="GET and POST; others 405 with `Allow`",
            source="BG status codes",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            texts=("HTTP Method '{}' not allowed. Allowed are {}",),
            tests=(f"{_BULK1}::test_other_methods_are_405", _PROBES),
            readings=(Reading("405", "BG status codes"),),
        ),
        Behaviour(
            id="http.framing",
            title="Framing",
            does="`Transfer-Encoding: chunked`, no `Content-Length`",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.*",),
            tests=(f"{_SERVER}::test_files_are_sent_whole_in_every_framing", _PROBES),
            readings=(
                Reading("chunked", "CCI"),
                Reading("length", "proxies that hold an answer until it is whole"),
                Reading("close", "proxies that speak HTTP/1.0"),
            ),
        ),
        Behaviour(
            id="http.headers",
            title="Headers of every answer",
            does=(
                "`Cache-Control`, `Strict-Transport-Security`, `X-Content-Type-Options`, "
                "`X-Request-Id` = `X-SFDC-Request-Id`, `X-Robots-Tag`"
            ),
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.*",),
            tests=(f"{_DOCUMENTS}::test_headers_of_an_added_batch_are_the_recorded_ones", _PROBES),
            readings=(Reading("with a request id", "CCI"),),
        ),
        Behaviour(
            id="http.header_case",
            title="Letter case of header names",
            does="as they are documented",
            source="CCI",
            grade=Grade.RECORDED,
            tests=(f"{_DOCUMENTS}::test_headers_of_an_added_batch_are_the_recorded_ones", _PROBES),
            readings=(
                Reading("as documented", "CCI"),
                Reading("lower", "RFC 9113, 8.2: proxies that had the answer by HTTP/2"),
            ),
        ),
        Behaviour(
            id="http.server",
            title="`Server` header",
            does="not sent; the recorded `sfdcedge` would be a lie",
            source="CCI",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            tests=(_PROBES,),
            readings=(Reading("none"), Reading("sfdcedge", "CCI")),
        ),
        Behaviour(
            id="http.content_type",
            title="`Content-Type` of documents of Bulk API 1.0, results apart",
            does="bare `application/xml`, `application/json`",
            source="CCI, HSB, TAP",
            grade=Grade.RECORDED,
            routes=("bulk1.*",),
            tests=(f"{_DOCUMENTS}::test_headers_of_an_added_batch_are_the_recorded_ones", _PROBES),
            readings=(
                Reading("application/xml", "CCI"),
                Reading("application/xml;charset=UTF-8", "as REST has it; SS decodes by it"),
            ),
        ),
        Behaviour(
            id="http.response_compression",
            title="Response compression",
            does=(
                "gzip where `Accept-Encoding` allows it and the body has 256 bytes; other "
                "codings are ignored"
            ),
            source="BG compression",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            tests=(
                f"{_BULK1}::test_gzip_is_sent_where_it_is_accepted_and_a_second_time_from_its_copy",
                f"{_BULK1}::test_gzip_is_not_sent_where_it_is_not_accepted",
                _PROBES,
            ),
            readings=(
                Reading("gzip", "BG compression"),
                Reading("identity", "proxies that look into answers"),
            ),
        ),
        Behaviour(
            id="http.rest_response_compression",
            title="Response compression of REST and Bulk API 2.0",
            does="the same",
            source="REST",
            grade=Grade.DOCUMENTED,
            routes=("rest.*", "bulk2.*"),
            tests=(_PROBES,),
            readings=(
                Reading("gzip", "REST"),
                Reading("identity", "proxies that look into answers"),
            ),
        ),
        Behaviour(
            id="http.request_compression",
            title="Request compression",
            does="gzip; anything else 415 `UnsupportedContentType`",
            source="BG status codes",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            texts=("Unsupported content encoding: {}",),
            tests=(
                f"{_BULK1}::test_gzip_request_is_stored_as_it_was_before",
                f"{_BULK1}::test_other_encodings_are_415",
                _PROBES,
            ),
            readings=(Reading("415", "BG status codes"),),
        ),
        Behaviour(
            id="http.damaged_gzip",
            title="gzip that does not decompress",
            does="400 `ClientInputError`, no batch",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            texts=("the gzip body ends early", "the body is not gzip: {}"),
            tests=(f"{_BULK1}::test_broken_gzip_is_a_client_error", _PROBES),
            readings=(
                Reading("400 ClientInputError"),
                Reading("400 InvalidBatch", "as data that cannot be read"),
                Reading("500 InternalServerError"),
            ),
        ),
        Behaviour(
            id="http.date",
            title="`Date`",
            does="the org's clock, in whole seconds",
            source="–",
            grade=Grade.ASSUMED,
            tests=(
                f"{_SERVER}::test_the_date_header_is_the_moment_that_the_server_is_given",
                _PROBES,
            ),
            readings=(Reading("sent", "RFC 9110"),),
        ),
        Behaviour(
            id="http.unclear_end",
            title=(
                "Two `Content-Length`, `Transfer-Encoding` or `Host` headers, or both of the "
                "first two"
            ),
            does=(
                "400, and the connection ends. No org is asked: what stands between may take it "
                "for an attack"
            ),
            source="RFC 9110, 9112",
            grade=Grade.ASSUMED,
            texts=(
                "more than one {} header",
                "both transfer-encoding and content-length",
                "Transfer-Encoding {} is not emulated",
                "bad Content-Length",
                "bad chunk size",
                "chunk line too long",
                "chunk longer than its size",
            ),
            tests=(
                f"{_SERVER}::test_a_request_whose_end_or_host_is_told_twice_is_refused_and_the_connection_ends",
                f"{_SERVER}::test_malformed_requests_are_refused_and_the_server_lives_on",
            ),
        ),
        Behaviour(
            id="http.trailing_slash",
            title="Trailing slashes, unknown query parameters",
            does="ignored",
            source="WSC, DL, CCI",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.*",),
            tests=(
                f"{_DOCUMENTS}::test_ids_in_paths_may_have_15_or_18_characters_and_a_slash_may_follow",
                _PROBES,
            ),
            readings=(Reading("ignored", "WSC, DL, CCI"),),
        ),
        Behaviour(
            id="http.unknown_resource",
            title="Unknown resource of Bulk API 1.0",
            does='404 `InvalidUrl` "… is not emulated"',
            source="– (Salesforce: `InvalidOperation` for a misspelt resource, `InvalidUrl` else)",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            texts=("{} {} is not emulated",),
            tests=(f"{_BULK1}::test_unknown_paths_are_refused_by_name", _PROBES),
            readings=(
                Reading("404 InvalidUrl"),
                Reading("400 InvalidOperation", "BG errors"),
                Reading("400 InvalidUrl", "BG errors"),
                Reading("404 InvalidOperation"),
            ),
        ),
        Behaviour(
            id="http.plain",
            title="Plain http",
            does=(
                "accepted (Salesforce: `HttpsRequired`). No org is asked: the session would be "
                "shown to the network"
            ),
            source="–",
            grade=Grade.ASSUMED,
            tests=("tests/emulator/http/test_tls.py",),
        ),
        Behaviour(
            id="http.host",
            title=(
                "`Host` that is no address, has a dot, and is neither below `localhost` or "
                "`salesforce.com` nor allowed"
            ),
            does="421 (Salesforce: another server)",
            source="–",
            grade=None,
            tests=("tests/emulator/endpoints/test_control.py::test_only_known_names_are_answered",),
        ),
        Behaviour(
            id="http.defect",
            title="A defect of the emulator",
            does="500 `InternalServerError`, and its log has the traceback",
            source="–",
            grade=None,
            texts=("see the emulator's log",),
            tests=(
                "tests/emulator/test_fuzz.py",
                "tests/emulator/test_emulator.py"
                "::test_a_defect_is_a_500_and_the_next_request_is_answered",
            ),
        ),
        Behaviour(
            id="http.trouble",
            title="Trouble on the way, where it was asked for",
            does=(
                "connections that end, answers that are late, cut, lost, damaged or of another "
                "type, pages of proxies, redirects"
            ),
            source="–",
            grade=None,
            faults=(
                "reset_before",
                "reset_during",
                "reset_after",
                "closed_before",
                "answer_lost",
                "cut",
                "cut_sized",
                "cut_unsized",
                "stall",
                "slow_answer",
                "garbage",
                "corrupt_gzip",
                "nul_bytes",
                "wrong_type",
                "html_error",
                "html_error_after",
                "redirect",
            ),
            tests=(_FAULTS,),
        ),
        Behaviour(
            id="http.api_errors",
            title="Errors of the API, where they were asked for",
            does=(
                "status, code and message as given; a day's requests used up: 400 `ExceededQuota`, "
                "in REST 403 `REQUEST_LIMIT_EXCEEDED`"
            ),
            source="users' reports",
            grade=Grade.RECORDED,
            faults=("api_error", "request_limit", "quota_used_up"),
            tests=(
                f"{_FAULTS}::test_error_of_the_api_itself",
                f"{_FAULTS}::test_error_of_the_api_has_the_code_that_was_asked_for",
            ),
        ),
    ),
)
