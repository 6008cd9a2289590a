"""What the emulator does, and on whose word: OAuth."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="OAuth",
    note=(
        "Sources: **OAF** Salesforce Help, *OAuth Authorization Flows* and *OAuth 2.0 "
        "Authorization Errors* · **ID** Salesforce Help, *Identity URLs* · **REV** *Mobile "
        'SDK Guide*, "Revoking OAuth Tokens" · RFC 6749, 7523, 7662.'
    ),
    behaviours=(
        Behaviour(
            id="oauth.client_credentials_jwt_bearer",
            title="Client credentials, JWT bearer, refresh token, password",
            does="as simple-salesforce sends and parses them",
            source="OAF, SS",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="oauth.authorize",
            title="`authorize`",
            does=(
                "a plain form (user name, password, Allow, Deny) that leads back with `code` "
                "and `state`; PKCE `S256`; a code is good once, for 15 minutes; "
                "`redirect_uri` is the app's, or any of this machine"
            ),
            source='Help "OAuth 2.0 Web Server Flow", RFC 7636, JSF; – (the words of refusals)',
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.grant_type_device",
            title="`grant_type=device`",
            does=(
                "`response_type=device_code`, the form of `/setup/connect`, "
                "`authorization_pending`, `access_denied`"
            ),
            source=(
                'Help "OAuth 2.0 Device Flow"; – (status and set of the errors; `slow_down` '
                "is never sent)"
            ),
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.other_grants",
            title="Other grants",
            does="refused by name",
            source="–",
            grade=None,
        ),
        Behaviour(
            id="oauth.client_id_secret",
            title="Client id and secret",
            does="in the form or as Basic; in the query string too",
            source="OAF, users' reports",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.client_credentials_hosts_whose",
            title="Client credentials on hosts whose first label is `login` or `test`",
            does='`invalid_grant` "request not supported on this domain"',
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.run_user",
            title="No run-as user",
            does='`invalid_grant` "no client credentials user enabled"',
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.unknown_consumer_key_wrong",
            title="Unknown consumer key; wrong secret",
            does=(
                '`invalid_client_id` "client identifier invalid"; `invalid_client` "invalid '
                'client credentials"'
            ),
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.wrong_user_password",
            title="Wrong user or password",
            does='`invalid_grant` "authentication failure"',
            source="users' reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="oauth.bad_revoked_foreign_refresh",
            title="Bad, revoked or foreign refresh token",
            does='`invalid_grant` "expired access/refresh token"',
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.jwt_signature",
            title="JWT: signature",
            does=(
                "RS256 (PKCS #1 v1.5, SHA-256) with the app's certificate; anything else "
                '"invalid assertion"'
            ),
            source="OAF, users' reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="oauth.jwt_exp",
            title="JWT: `exp`",
            does=(
                'number or digits, on the org\'s clock; past: "expired authorization code"; '
                "no upper bound"
            ),
            source="SS (digits), users' reports, – (bound)",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="oauth.jwt_clock_skew",
            title="JWT: clock skew",
            does=(
                "60 seconds: live orgs take an `exp` of this moment, their bound is not documented"
            ),
            source="CCI, – (bound)",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="oauth.jwt_aud",
            title="JWT: `aud`",
            does=(
                "one text: login or test host, or the host that was called (its port too); "
                'else "Audience validation failed"'
            ),
            source='OAF (text varies: also "audience is invalid")',
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.jwt_sub_also_prn",
            title="JWT: `sub`, also `prn`; unknown or not approved",
            does='"user hasn\'t approved this consumer"',
            source="OAF, SS",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="oauth.order_checks_jwt",
            title="Order of the checks of a JWT",
            does="`iss`, signature, `exp`, `aud`, `sub`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.answer_fields_issued_milliseconds",
            title="Answer: fields, `issued_at` in milliseconds as text, no `expires_in`",
            does="yes; shorter for JWT bearer",
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.signature",
            title="`signature`",
            does="Base64 of HMAC-SHA256 of `id` and `issued_at` with the consumer secret",
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.id",
            title="`id`",
            does=(
                "on the org's own host (Salesforce: on the login host), so that nobody "
                "follows it to Salesforce"
            ),
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.instance_url",
            title="`instance_url`",
            does="the origin that the client called, except login hosts",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.format",
            title="`format`",
            does="`json`, `urlencoded`; `xml` is refused by name",
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.refresh_token_rotation",
            title="Refresh token rotation",
            does="where the app says so: the old one ends, the answer has the new one",
            source="OAF",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.re_use_rotated_refresh",
            title="Re-use of a rotated refresh token",
            does="refused; its successor goes on",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.revoke",
            title="`revoke`",
            does=(
                "GET or POST; 200 empty, 400 `invalid_token`; a refresh token takes its "
                "sessions along"
            ),
            source="REV",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.revoke_session_soap_login",
            title="`revoke` of a session of SOAP `login()`",
            does="works",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.introspect",
            title="`introspect`",
            does="with the app's id and secret; tokens of other apps are not active",
            source="RFC 7662, – (Salesforce's details)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.userinfo_identity_url",
            title="`userinfo`, identity URL",
            does=(
                "who and where; 403 `Missing_OAuth_Token`, `Bad_OAuth_Token`, `Wrong_Org`, "
                "404 `Bad_Id`, as JSON"
            ),
            source="ID (codes), – (form)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.get_token",
            title="GET on `token`",
            does='`invalid_request` "must use HTTP POST"',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.method_allowed_elsewhere",
            title="Method not allowed elsewhere",
            does="the same",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="oauth.session_expired_rest_bulk",
            title="Session expired, REST and Bulk API 2.0",
            does="401, array with `INVALID_SESSION_ID`, `WWW-Authenticate: Token`",
            source="heroku-applink recordings",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="oauth.one_table_tokens",
            title="One table of tokens",
            does="a token of any login opens every API; any call extends its life",
            source="Help",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="oauth.jwt_formed_access_tokens",
            title="JWT-formed access tokens, scopes, IP ranges, login rate limits",
            does="not emulated",
            source="–",
            grade=None,
        ),
    ),
)
