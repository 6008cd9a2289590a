"""What the emulator does, and on whose word: HTTP."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="HTTP",
    behaviours=(
        Behaviour(
            id="http.methods_services_async",
            title="Methods of `/services/async`",
            does="GET and POST; others 405 with `Allow`",
            source="BG status codes",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="http.framing",
            title="Framing",
            does="`Transfer-Encoding: chunked`, no `Content-Length`",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="http.headers_every_answer",
            title="Headers of every answer",
            does=(
                "`Cache-Control`, `Strict-Transport-Security`, `X-Content-Type-Options`, "
                "`X-Request-Id` = `X-SFDC-Request-Id`, `X-Robots-Tag`"
            ),
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="http.server_header",
            title="`Server` header",
            does="not sent; the recorded `sfdcedge` would be a lie",
            source="CCI",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.response_content_type",
            title="Response `Content-Type`",
            does="bare `application/xml`, `application/json`, `text/csv`",
            source="CCI, HSB, TAP",
            grade=Grade.RECORDED,
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
        ),
        Behaviour(
            id="http.request_compression",
            title="Request compression",
            does="gzip; anything else 415 `UnsupportedContentType`",
            source="BG status codes",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="http.gzip_does_decompress",
            title="gzip that does not decompress",
            does="400 `ClientInputError`, no batch",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.date",
            title="`Date`",
            does="the org's clock, in whole seconds",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.two_content_length_transfer",
            title=(
                "Two `Content-Length`, `Transfer-Encoding` or `Host` headers, or both of the "
                "first two"
            ),
            does="400, and the connection ends",
            source="RFC 9110, 9112",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.trailing_slashes_unknown_query",
            title="Trailing slashes, unknown query parameters",
            does="ignored",
            source="WSC, DL, CCI",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="http.unknown_resource",
            title="Unknown resource",
            does=(
                '404 `InvalidUrl` "… is not emulated" (Salesforce: `InvalidOperation` or '
                "`InvalidUrl`, 400)"
            ),
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.plain_http",
            title="Plain http",
            does="accepted (Salesforce: `HttpsRequired`)",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="http.host_address_has_dot",
            title=(
                "`Host` that is no address, has a dot, and is neither below `localhost` or "
                "`salesforce.com` nor allowed"
            ),
            does="421 (Salesforce: another server)",
            source="–",
            grade=None,
        ),
    ),
)
