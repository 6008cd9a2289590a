"""What the emulator does, and on whose word: OAuth."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_OAUTH = "tests/emulator/endpoints/test_oauth.py"
_PROVIDERS = "tests/login/test_providers.py"
_PROBES = "tests/conformance/test_probes_of_oauth.py"

AREA = Area(
    title="OAuth",
    note=(
        "Sources: **OAF** Salesforce Help, *OAuth Authorization Flows* and *OAuth 2.0 "
        "Authorization Errors* · **ID** Salesforce Help, *Identity URLs* · **REV** *Mobile "
        'SDK Guide*, "Revoking OAuth Tokens" · RFC 6749, 7009, 7523, 7662. Probes send no '
        "password, use up no refresh token and end no session: what only these show is asked of "
        "no org."
    ),
    behaviours=(
        Behaviour(
            id="oauth.token.grants",
            title="Client credentials, JWT bearer, refresh token, password",
            does="as simple-salesforce sends and parses them",
            source="OAF, SS",
            grade=Grade.LIVE_TESTED,
            routes=("oauth.token",),
            tests=(
                f"{_OAUTH}::test_simple_salesforce_logs_in_by_client_credentials",
                f"{_OAUTH}::test_simple_salesforce_logs_in_by_jwt",
                f"{_OAUTH}::test_simple_salesforce_logs_in_by_password_and_consumer_key",
            ),
        ),
        Behaviour(
            id="oauth.authorize",
            title="`authorize`",
            does=(
                "a plain form (user name, password, Allow, Deny) that leads back with `code` "
                "and `state`; PKCE `S256`; a code is good once, for 15 minutes; "
                "`redirect_uri` is the app's, or any of this machine. It is for people"
            ),
            source='Help "OAuth 2.0 Web Server Flow", RFC 7636, JSF; – (the words of refusals)',
            grade=Grade.DOCUMENTED,
            routes=("oauth.authorize",),
            texts=(
                "redirect_uri must match configuration",
                "invalid code verifier",
                "expired authorization code",
            ),
            tests=(
                f"{_PROVIDERS}::test_browser",
                f"{_PROVIDERS}::test_a_code_without_its_verifier_is_worth_nothing",
                f"{_PROVIDERS}::test_an_app_with_other_callback_urls",
            ),
        ),
        Behaviour(
            id="oauth.token.device",
            title="`grant_type=device`",
            does=(
                "`response_type=device_code`, the form of `/setup/connect`, "
                "`authorization_pending`, `access_denied`. Only an app shows it; the client takes "
                "`slow_down` and any status"
            ),
            source=(
                'Help "OAuth 2.0 Device Flow"; – (status and set of the errors; `slow_down` '
                "is never sent)"
            ),
            grade=Grade.DOCUMENTED,
            routes=("oauth.connect", "oauth.token"),
            texts=(
                "expired device code",
                "end-user denied authorization",
                "Waiting for authorization",
            ),
            tests=(
                f"{_PROVIDERS}::test_device",
                f"{_PROVIDERS}::test_a_device_that_asks_too_often_asks_more_slowly",
            ),
        ),
        Behaviour(
            id="oauth.token.other_grants",
            title="Grants that need code of the org, or another identity provider",
            does="refused by name",
            source="–",
            grade=None,
            routes=("oauth.token",),
            texts=("grant_type {} is not emulated",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words",),
        ),
        Behaviour(
            id="oauth.token.unknown_grant",
            title="Unknown grant",
            does='400 `unsupported_grant_type` "grant type not supported"',
            source="RFC 6749; – (text)",
            grade=Grade.ASSUMED,
            routes=("oauth.token",),
            texts=("grant type not supported",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words", _PROBES),
            readings=(
                Reading("400 unsupported_grant_type", "RFC 6749"),
                Reading("400 invalid_request"),
                Reading("400 invalid_grant"),
            ),
        ),
        Behaviour(
            id="oauth.token.client_authentication",
            title="Client id and secret",
            does="in the form or as Basic; in the query string too",
            source="OAF, users' reports",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            tests=(
                f"{_OAUTH}::test_credentials_are_taken_from_basic_authorization",
                f"{_OAUTH}::test_parameters_are_taken_from_the_address_too",
                _PROBES,
            ),
            readings=(Reading("in the form or as Basic", "OAF"),),
        ),
        Behaviour(
            id="oauth.token.login_hosts",
            title="Client credentials on hosts whose first label is `login` or `test`",
            does='`invalid_grant` "request not supported on this domain"',
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            texts=("request not supported on this domain",),
            tests=(f"{_OAUTH}::test_client_credentials_are_for_the_orgs_own_host",),
        ),
        Behaviour(
            id="oauth.token.run_as_missing",
            title="No run-as user",
            does='`invalid_grant` "no client credentials user enabled"',
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            texts=("no client credentials user enabled",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words",),
        ),
        Behaviour(
            id="oauth.token.unknown_app",
            title="Unknown consumer key",
            does='400 `invalid_client_id` "client identifier invalid"',
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.*",),
            texts=("client identifier invalid",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words", _PROBES),
            readings=(
                Reading("400 invalid_client_id", "OAF"),
                Reading("401 invalid_client", "RFC 6749, 5.2"),
                Reading("400 invalid_client", "RFC 6749, 5.2"),
                Reading("401 invalid_client_id"),
            ),
        ),
        Behaviour(
            id="oauth.token.wrong_secret",
            title="Wrong consumer secret",
            does='400 `invalid_client` "invalid client credentials"',
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token", "oauth.introspect"),
            texts=("invalid client credentials",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words",),
        ),
        Behaviour(
            id="oauth.token.wrong_password",
            title="Wrong user or password",
            does='`invalid_grant` "authentication failure"',
            source="users' reports",
            grade=Grade.RECORDED,
            routes=("oauth.token",),
            texts=("authentication failure",),
            tests=(f"{_OAUTH}::test_refusals_have_the_documented_words",),
        ),
        Behaviour(
            id="oauth.token.bad_refresh_token",
            title="Bad, revoked or foreign refresh token",
            does='`invalid_grant` "expired access/refresh token"',
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            texts=("expired access/refresh token",),
            tests=(
                f"{_OAUTH}::test_refresh_token_is_of_one_app",
                f"{_OAUTH}::test_revoked_refresh_token_takes_its_sessions_along",
            ),
        ),
        Behaviour(
            id="oauth.jwt.signature",
            title="JWT: signature",
            does=(
                "RS256 (PKCS #1 v1.5, SHA-256) with the app's certificate; anything else "
                '"invalid assertion"'
            ),
            source="OAF, users' reports",
            grade=Grade.RECORDED,
            routes=("oauth.token",),
            texts=("invalid assertion",),
            tests=(
                f"{_OAUTH}::test_signature_by_another_key_is_refused",
                f"{_OAUTH}::test_unsigned_and_otherwise_signed_assertions_are_refused",
            ),
        ),
        Behaviour(
            id="oauth.jwt.exp",
            title="JWT: `exp`",
            does=(
                'number or digits, on the org\'s clock; past: "expired authorization code"; '
                "no upper bound"
            ),
            source="SS (digits), users' reports, – (bound)",
            grade=Grade.RECORDED,
            routes=("oauth.token",),
            texts=("expired authorization code",),
            tests=(f"{_OAUTH}::test_claims_are_checked",),
        ),
        Behaviour(
            id="oauth.jwt.clock_skew",
            title="JWT: clock skew",
            does=(
                "60 seconds: live orgs take an `exp` of this moment, their bound is not documented"
            ),
            source="CCI, – (bound)",
            grade=Grade.LIVE_TESTED,
            routes=("oauth.token",),
            tests=(
                f"{_OAUTH}::test_expiry_is_a_number_or_digits_on_the_orgs_clock_and_a_clients_clock_may_be_behind",
            ),
        ),
        Behaviour(
            id="oauth.jwt.aud",
            title="JWT: `aud`",
            does=(
                "one text: login or test host, or the host that was called (its port too); "
                'else "Audience validation failed"'
            ),
            source='OAF (text varies: also "audience is invalid")',
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            texts=("Audience validation failed",),
            tests=(
                f"{_OAUTH}::test_audience_is_a_login_host_or_the_host_that_was_called",
                f"{_OAUTH}::test_claims_are_checked",
            ),
        ),
        Behaviour(
            id="oauth.jwt.sub",
            title="JWT: `sub`, also `prn`; unknown or not approved",
            does='"user hasn\'t approved this consumer"',
            source="OAF, SS",
            grade=Grade.LIVE_TESTED,
            routes=("oauth.token",),
            texts=("user hasn't approved this consumer",),
            tests=(
                f"{_OAUTH}::test_simple_salesforce_tells_of_a_user_who_did_not_approve",
                f"{_OAUTH}::test_user_name_may_be_in_prn",
            ),
        ),
        Behaviour(
            id="oauth.jwt.order",
            title="Order of the checks of a JWT",
            does="`iss`, signature, `exp`, `aud`, `sub`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_claims_are_checked", _PROBES),
            readings=(Reading("iss first"), Reading("exp first"), Reading("aud first")),
        ),
        Behaviour(
            id="oauth.token.answer",
            title="Answer: fields, `issued_at` in milliseconds as text",
            does="yes; shorter for JWT bearer: no client reads the others",
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            tests=(
                f"{_OAUTH}::test_answer_has_the_documented_fields",
                f"{_OAUTH}::test_answer_to_a_jwt_is_shorter",
            ),
        ),
        Behaviour(
            id="oauth.token.expires_in",
            title="`expires_in`",
            does="not told",
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_answer_has_the_documented_fields", _PROBES),
            readings=(
                Reading("not told", "OAF"),
                Reading("a number", "RFC 6749, 5.1"),
                Reading("a text", "as `issued_at`"),
            ),
        ),
        Behaviour(
            id="oauth.token.signature",
            title="`signature`",
            does="Base64 of HMAC-SHA256 of `id` and `issued_at` with the consumer secret",
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_answer_has_the_documented_fields",),
        ),
        Behaviour(
            id="oauth.identity.host",
            title="Host of identity URLs: `id`, `sub`",
            does=(
                "the org's own (Salesforce: the login host), so that nobody follows it to "
                "Salesforce"
            ),
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.*",),
            tests=(f"{_OAUTH}::test_answer_has_the_documented_fields", _PROBES),
            readings=(Reading("own host", "REST"), Reading("login host", "OAF, ID")),
        ),
        Behaviour(
            id="oauth.token.instance_url",
            title="`instance_url`",
            does="the origin that the client called, except login hosts; `--domain` sets another",
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.token",),
            tests=(
                f"{_OAUTH}::test_instance_is_the_origin_that_the_client_called_and_no_login_host",
                _PROBES,
            ),
            readings=(
                Reading("an origin", "OAF"),
                Reading("with a slash", "users' configurations"),
            ),
        ),
        Behaviour(
            id="oauth.content_type",
            title="`Content-Type` of OAuth's documents",
            does="`application/json;charset=UTF-8`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.*",),
            tests=(_PROBES,),
            readings=(
                Reading("application/json;charset=UTF-8"),
                Reading("application/json", "RFC 6749"),
            ),
        ),
        Behaviour(
            id="oauth.token.format",
            title="`format`, and `Accept` with one type",
            does="`json`, `urlencoded`; `xml` is refused by name",
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.*",),
            texts=(
                "format {} is not emulated",
                "the form is too long",
                "the form cannot be read",
            ),
            tests=(
                f"{_OAUTH}::test_answer_can_be_urlencoded",
                f"{_OAUTH}::test_format_that_is_not_emulated_is_refused_by_name",
                f"{_OAUTH}::test_form_that_is_too_long_is_refused",
                _PROBES,
            ),
            readings=(Reading("urlencoded where asked for", "OAF"),),
        ),
        Behaviour(
            id="oauth.token.rotation",
            title="Refresh token rotation",
            does="where the app says so: the old one ends, the answer has the new one",
            source="OAF",
            grade=Grade.DOCUMENTED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_rotation_gives_a_new_refresh_token_for_the_old_one",),
        ),
        Behaviour(
            id="oauth.token.rotated_again",
            title="Re-use of a rotated refresh token",
            does="refused; its successor goes on. To ask would use up the caller's token",
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_rotation_gives_a_new_refresh_token_for_the_old_one",),
        ),
        Behaviour(
            id="oauth.revoke.tokens",
            title="`revoke`",
            does="GET or POST; 200 empty; a refresh token takes its sessions along",
            source="REV",
            grade=Grade.DOCUMENTED,
            routes=("oauth.revoke",),
            tests=(
                f"{_OAUTH}::test_revoked_refresh_token_takes_its_sessions_along",
                f"{_OAUTH}::test_revoked_session_is_over",
            ),
        ),
        Behaviour(
            id="oauth.revoke.unknown_token",
            title="`revoke` of what is no token",
            does="400 `invalid_token`",
            source="REV",
            grade=Grade.DOCUMENTED,
            routes=("oauth.revoke",),
            texts=("the token is invalid",),
            tests=(f"{_OAUTH}::test_revoked_session_is_over", _PROBES),
            readings=(
                Reading("400 invalid_token", "REV"),
                Reading("400 unsupported_token_type", "REV, users' reports"),
                Reading("200", "RFC 7009"),
            ),
        ),
        Behaviour(
            id="oauth.revoke.soap_session",
            title="`revoke` of a session of SOAP `login()`",
            does="works. To ask would end the caller's session",
            source="– (in 2011 it failed, and was to be changed)",
            grade=Grade.ASSUMED,
            routes=("oauth.revoke",),
            tests=(f"{_OAUTH}::test_revoked_session_is_over",),
        ),
        Behaviour(
            id="oauth.introspect",
            title="`introspect`",
            does="with the app's id and secret; tokens of other apps are not active",
            source="RFC 7662, – (Salesforce's details)",
            grade=Grade.ASSUMED,
            routes=("oauth.introspect",),
            tests=(f"{_OAUTH}::test_introspection_tells_of_tokens_of_the_app", _PROBES),
            readings=(Reading("refused without an app", "RFC 7662"),),
        ),
        Behaviour(
            id="oauth.userinfo.answer",
            title="`userinfo`, identity URL",
            does="who and where",
            source="ID",
            grade=Grade.DOCUMENTED,
            routes=("oauth.userinfo", "oauth.identity"),
            tests=(f"{_OAUTH}::test_identity_and_userinfo_tell_who_it_is", _PROBES),
            readings=(Reading("user and org", "ID"),),
        ),
        Behaviour(
            id="oauth.userinfo.refusal",
            title="`userinfo`, identity URL: refusals",
            does=(
                "403 `Missing_OAuth_Token`, `Bad_OAuth_Token`, `Wrong_Org`, 404 `Bad_Id`, as JSON"
            ),
            source="ID (codes), – (form)",
            grade=Grade.ASSUMED,
            routes=("oauth.userinfo", "oauth.identity"),
            texts=(
                "there is no token",
                "the token is invalid or expired",
                "the token is of another org",
                "the token is of another user",
            ),
            tests=(f"{_OAUTH}::test_identity_is_refused_as_documented", _PROBES),
            readings=(
                Reading("403 as JSON", "ID"),
                Reading("403 as text", "JSF, users' reports"),
                Reading("401 as JSON", "RFC 6750"),
            ),
        ),
        Behaviour(
            id="oauth.token.get",
            title="GET on `token`",
            does='400 `invalid_request` "must use HTTP POST"',
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.token",),
            tests=(f"{_OAUTH}::test_token_endpoint_takes_post_only", _PROBES),
            readings=(Reading("400 invalid_request"), Reading("405 invalid_request", "RFC 9110")),
        ),
        Behaviour(
            id="oauth.methods",
            title="Method not allowed elsewhere",
            does="the same",
            source="–",
            grade=Grade.ASSUMED,
            routes=("oauth.*",),
            tests=(f"{_OAUTH}::test_token_endpoint_takes_post_only", _PROBES),
            readings=(Reading("refused"),),
        ),
        Behaviour(
            id="oauth.session.expired_in_rest",
            title="Session expired, REST and Bulk API 2.0",
            does="401, array with `INVALID_SESSION_ID`, `WWW-Authenticate: Token`",
            source="heroku-applink recordings",
            grade=Grade.RECORDED,
            routes=("rest.*", "bulk2.*"),
            texts=("Session expired or invalid",),
            tests=(
                f"{_OAUTH}::test_session_ends_in_the_words_of_each_api",
                "tests/emulator/endpoints/test_rest.py::test_an_expired_session_is_a_401_array_with_www_authenticate",
                _PROBES,
            ),
            readings=(
                Reading("401 INVALID_SESSION_ID", "HAL, JSF"),
                Reading("403 INVALID_SESSION_ID", "as the identity service has it"),
                Reading("400 INVALID_SESSION_ID", "as Bulk API 1.0 has it"),
            ),
        ),
        Behaviour(
            id="oauth.session.one_table",
            title="One table of tokens",
            does="a token of any login opens every API; any call extends its life",
            source="Help",
            grade=Grade.DOCUMENTED,
            tests=(
                f"{_OAUTH}::test_every_call_extends_the_session_whatever_its_api",
                _PROBES,
            ),
            readings=(Reading("opens every API", "Help"),),
        ),
        Behaviour(
            id="oauth.restrictions",
            title="Scopes, IP ranges, login rate limits",
            does="not emulated",
            source="–",
            grade=None,
            tests=(f"{_PROVIDERS}::test_what_an_org_may_refuse_with",),
        ),
    ),
)
