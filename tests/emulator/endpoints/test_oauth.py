"""The OAuth token endpoint, by simple-salesforce and by hand; how long its tokens live."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import example, given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.emulator.endpoints.oauth.flows import CLOCK_SKEW_SECONDS, Assertion, OAuthError

TOKEN = "/services/oauth2/token"
FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
APP = {"client_id": "consumer-key", "client_secret": "consumer-secret"}


class ToEmulator(HTTPAdapter):
    """Calls to any https host go to the emulator, under the name of that host."""

    def __init__(self, emulator):
        super().__init__()
        self.emulator = emulator

    def send(self, request, **options):
        url = urlsplit(request.url)
        request.headers["Host"] = url.netloc
        request.url = self.emulator.url + url.path
        return super().send(request, **options)


@pytest.fixture(scope="module")
def server():
    hosts = ["org.example", "login.local"]
    with SalesforceEmulator(inline=True, clock=ManualClock(), allow_hosts=hosts) as running:
        yield running


@pytest.fixture
def emulator(server):
    server.reset()
    return server


@pytest.fixture
def clock(emulator):
    return emulator.clock


@pytest.fixture
def session(emulator):
    with requests.Session() as session:
        session.mount("https://", ToEmulator(emulator))
        yield session


@pytest.fixture(scope="module")
def pem(private_key):
    return private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def claims(emulator):
    return {
        "iss": "jwt app",
        "sub": emulator.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }


@pytest.fixture
def app(emulator, certificate):
    return emulator.register_app("jwt app", certificate=certificate)


def ask(bulk1, values, headers=(), path=TOKEN):
    return bulk1.call("POST", path, urlencode(values), FORM, headers)


def assertion(claims, private_key):
    return {"grant_type": JWT_BEARER, "assertion": jwt.encode(claims, private_key, "RS256")}


def refused(answer):
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert list(answer.json) == ["error", "error_description"]
    return answer.json["error"], answer.json["error_description"]


def usable(emulator, token):
    url = f"{emulator.url}/services/data/v62.0/limits"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).ok


# simple-salesforce


def test_simple_salesforce_logs_in_by_jwt(emulator, app, session, pem):
    token, host = SalesforceLogin(
        username=emulator.username, consumer_key="jwt app", privatekey=pem, session=session
    )
    assert host == emulator.host
    assert emulator.sessions.find(token).user is emulator.org.admin
    assert Salesforce(session_id=token, instance=host, session=session).limits()


def test_simple_salesforce_logs_in_by_jwt_at_the_orgs_own_host(emulator, app, session, pem):
    _, host = SalesforceLogin(
        username=emulator.username,
        consumer_key="jwt app",
        privatekey=pem,
        domain="acme.my",
        session=session,
    )
    assert host == "acme.my.salesforce.com"


def test_simple_salesforce_logs_in_by_client_credentials(emulator, session):
    token, host = SalesforceLogin(
        consumer_key=emulator.consumer_key,
        consumer_secret=emulator.consumer_secret,
        domain="acme.my",
        session=session,
    )
    assert host == "acme.my.salesforce.com"
    assert emulator.sessions.find(token).user is emulator.org.admin


def test_simple_salesforce_logs_in_by_password_and_consumer_key(emulator, session):
    token, host = SalesforceLogin(
        username=emulator.username,
        password=emulator.password,
        consumer_key=emulator.consumer_key,
        consumer_secret=emulator.consumer_secret,
        session=session,
    )
    assert host == emulator.host
    assert emulator.sessions.find(token)


def test_simple_salesforce_tells_of_a_user_who_did_not_approve(emulator, certificate, session, pem):
    emulator.register_app("jwt app", certificate=certificate, approved_users=["else@example.com"])
    with (
        pytest.warns(UserWarning, match="self-authorize"),
        pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved"),
    ):
        SalesforceLogin(
            username=emulator.username, consumer_key="jwt app", privatekey=pem, session=session
        )


# the answer


def test_answer_has_the_documented_fields(emulator, clock, bulk1):
    answer = ask(bulk1, {"grant_type": "client_credentials", **APP})
    org, user = emulator.org.org_id, emulator.org.admin.id
    identity = f"{emulator.url}/id/{org}/{user}"
    issued_at = str(int(clock.now().timestamp() * 1000))
    signature = hmac.digest(b"consumer-secret", (identity + issued_at).encode(), hashlib.sha256)
    token = answer.json["access_token"]
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert token.startswith(f"{org[:15]}!")
    assert answer.json == {
        "access_token": token,
        "signature": base64.b64encode(signature).decode(),
        "scope": "api refresh_token",
        "instance_url": emulator.url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def test_answer_to_a_jwt_is_shorter(bulk1, app, claims, private_key):
    answer = ask(bulk1, assertion(claims, private_key))
    assert list(answer.json) == ["access_token", "scope", "instance_url", "id", "token_type"]


def test_answer_can_be_urlencoded(bulk1):
    answer = ask(bulk1, {"grant_type": "client_credentials", "format": "urlencoded", **APP})
    assert answer.headers["Content-Type"] == FORM
    assert parse_qs(answer.text)["token_type"] == ["Bearer"]


def test_format_that_is_not_emulated_is_refused_by_name(bulk1):
    answer = ask(bulk1, {"grant_type": "client_credentials", "format": "xml", **APP})
    assert refused(answer) == ("invalid_request", "format xml is not emulated")


@pytest.mark.parametrize(
    ("host", "instance"),
    [
        ("org.example:8443", "http://org.example:8443"),
        ("login.salesforce.com", None),
        ("test.salesforce.com", None),
        ("login.localhost:1", None),
    ],
)
def test_instance_is_the_origin_that_the_client_called_and_no_login_host(
    emulator, bulk1, host, instance
):
    values = {"grant_type": "password", "username": emulator.username, "password": "password"}
    answer = ask(bulk1, {**values, **APP}, {"Host": host})
    assert answer.json["instance_url"] == (instance or emulator.url)


def test_credentials_are_taken_from_basic_authorization(emulator, bulk1):
    basic = base64.b64encode(b"consumer-key:consumer-secret").decode()
    answer = ask(bulk1, {"grant_type": "client_credentials"}, {"Authorization": f"Basic {basic}"})
    assert usable(emulator, answer.json["access_token"])


def test_parameters_are_taken_from_the_address_too(emulator, bulk1):
    query = urlencode({"grant_type": "client_credentials", **APP})
    answer = bulk1.call("POST", f"{TOKEN}?{query}")
    assert usable(emulator, answer.json["access_token"])


@pytest.mark.parametrize("token", ["password", "passwordtoken"])
def test_password_is_taken_with_and_without_the_security_token(emulator, bulk1, token):
    values = {"grant_type": "password", "username": emulator.username, "password": token}
    assert usable(emulator, ask(bulk1, {**values, **APP}).json["access_token"])


# refusals

PASSWORD = {"grant_type": "password", "username": "admin@example.com", "password": "password"}
CREDENTIALS = {"grant_type": "client_credentials"}
BAD_CLIENT = ("invalid_client_id", "client identifier invalid")
BAD_SECRET = ("invalid_client", "invalid client credentials")
BAD_USER = ("invalid_grant", "authentication failure")
BAD_TOKEN = ("invalid_grant", "expired access/refresh token")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": "magic"}, ("unsupported_grant_type", "grant type not supported")),
        (
            {"grant_type": "assertion"},
            ("unsupported_grant_type", "grant_type assertion is not emulated"),
        ),
        ({**CREDENTIALS}, BAD_CLIENT),
        ({**CREDENTIALS, **APP, "client_id": "other"}, BAD_CLIENT),
        ({**CREDENTIALS, **APP, "client_secret": "other"}, BAD_SECRET),
        ({**CREDENTIALS, "client_id": "consumer-key"}, BAD_SECRET),
        ({**CREDENTIALS, "client_id": "no secret", "client_secret": ""}, BAD_SECRET),
        (
            {**CREDENTIALS, "client_id": "no user", "client_secret": "s"},
            ("invalid_grant", "no client credentials user enabled"),
        ),
        ({**PASSWORD}, BAD_CLIENT),
        ({**PASSWORD, **APP, "client_secret": "é"}, BAD_SECRET),
        ({**PASSWORD, **APP, "username": "nobody"}, BAD_USER),
        ({**PASSWORD, **APP, "password": "wrong"}, BAD_USER),
        ({**PASSWORD, **APP, "password": ""}, BAD_USER),
        ({"grant_type": "refresh_token", **APP}, BAD_TOKEN),
        ({"grant_type": "refresh_token", **APP, "refresh_token": "5Aep861x"}, BAD_TOKEN),
        ({"grant_type": "refresh_token", **APP, "client_secret": "x"}, BAD_SECRET),
    ],
)
def test_refusals_have_the_documented_words(emulator, bulk1, values, error):
    emulator.register_app("no secret", run_as=emulator.username)
    emulator.register_app("no user", "s")
    assert refused(ask(bulk1, values)) == error
    assert len(emulator.sessions) == 1


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com", "LOGIN.local:1"])
def test_client_credentials_are_for_the_orgs_own_host(bulk1, host):
    answer = ask(bulk1, {**CREDENTIALS, **APP}, {"Host": host})
    assert refused(answer) == ("invalid_grant", "request not supported on this domain")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!", "Basic " + base64.b64encode(b"\xff").decode()]
)
def test_unreadable_basic_authorization_is_no_client(bulk1, header):
    assert refused(ask(bulk1, CREDENTIALS, {"Authorization": header})) == BAD_CLIENT


def test_token_endpoint_takes_post_only(bulk1):
    assert refused(bulk1.get(TOKEN)) == ("invalid_request", "must use HTTP POST")


@pytest.mark.parametrize("path", ["/services/oauth2/x", "/services/oauth2/device", "/id/x"])
def test_what_is_not_emulated_is_refused_by_name(bulk1, path):
    answer = bulk1.get(path)
    assert answer.status == 404
    assert answer.json == {
        "error": "not_emulated",
        "error_description": f"GET {path} is not emulated",
    }


@pytest.mark.parametrize(
    ("accept", "status", "answer"),
    [
        ("application/xml", 400, "application/json"),
        ("application/x-www-form-urlencoded", 200, "application/x-www-form-urlencoded"),
        ("*/*", 200, "application/json"),
    ],
)
def test_accept_asks_for_a_format_too(emulator, accept, status, answer):
    form = {"grant_type": "client_credentials", **APP}
    url = f"{emulator.url}/services/oauth2/token"
    told = requests.post(url, form, headers={"Accept": accept}, timeout=10)
    assert (told.status_code, told.headers["Content-Type"].partition(";")[0]) == (status, answer)


def test_form_that_is_too_long_is_refused(bulk1):
    assert ask(bulk1, {"assertion": "x" * 200_000}).status == 413


def test_json_in_place_of_a_form_has_no_parameters(bulk1):
    document = json.dumps({**CREDENTIALS, **APP})
    answer = bulk1.call("POST", TOKEN, document, "application/json")
    assert refused(answer)[0] == "unsupported_grant_type"


# JWT bearer

BAD_ASSERTION = ("invalid_grant", "invalid assertion")
EXPIRED = ("invalid_grant", "expired authorization code")
BAD_AUDIENCE = ("invalid_grant", "Audience validation failed")
NOT_APPROVED = ("invalid_grant", "user hasn't approved this consumer")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "nobody"}, BAD_CLIENT),
        ({"iss": None}, BAD_CLIENT),
        ({"iss": "consumer-key"}, BAD_ASSERTION),
        ({"exp": 1}, EXPIRED),
        ({"exp": "1"}, EXPIRED),
        ({"exp": None}, BAD_ASSERTION),
        ({"exp": "soon"}, BAD_ASSERTION),
        ({"exp": "nan"}, BAD_ASSERTION),
        ({"aud": "https://example.com"}, BAD_AUDIENCE),
        ({"aud": "login.salesforce.com"}, BAD_AUDIENCE),
        ({"aud": "https://login.salesforce.com/services/oauth2/token"}, BAD_AUDIENCE),
        ({"aud": ["https://login.salesforce.com"]}, BAD_AUDIENCE),
        ({"aud": "https://[login.salesforce.com"}, BAD_AUDIENCE),
        ({"aud": None}, BAD_AUDIENCE),
        ({"sub": "nobody"}, NOT_APPROVED),
        ({"sub": None}, NOT_APPROVED),
    ],
)
def test_claims_are_checked(emulator, bulk1, app, claims, private_key, changes, error):
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    encoded = jwt.api_jws.encode(json.dumps(changed).encode(), private_key, "RS256")
    assert refused(ask(bulk1, {"grant_type": JWT_BEARER, "assertion": encoded})) == error
    assert len(emulator.sessions) == 1


def test_expiry_is_a_number_or_digits_on_the_orgs_clock_and_a_clients_clock_may_be_behind(
    bulk1, app, claims, private_key, clock
):
    end = clock.now().timestamp()
    for expiry in (int(end), end, f"{end:.0f}"):
        encoded = jwt.api_jws.encode(
            json.dumps({**claims, "exp": expiry}).encode(), private_key, "RS256"
        )
        values = {"grant_type": JWT_BEARER, "assertion": encoded}
        assert ask(bulk1, values).status == 200
    clock.advance(CLOCK_SKEW_SECONDS - 1)
    assert ask(bulk1, values).status == 200
    clock.advance(1)
    assert refused(ask(bulk1, values)) == EXPIRED


@pytest.mark.parametrize(
    "audience",
    ["https://login.salesforce.com", "https://test.salesforce.com/", "{}", "https://{host}"],
)
def test_audience_is_a_login_host_or_the_host_that_was_called(
    emulator, bulk1, app, claims, private_key, audience
):
    audience = audience.format(emulator.url, host=emulator.host)
    assert ask(bulk1, assertion({**claims, "aud": audience}, private_key)).status == 200


def test_user_name_may_be_in_prn(bulk1, app, claims, private_key):
    claims["prn"] = claims.pop("sub")
    assert ask(bulk1, assertion(claims, private_key)).status == 200


def test_signature_by_another_key_is_refused(bulk1, app, claims):
    other = rsa.generate_private_key(65537, 2048)
    assert refused(ask(bulk1, assertion(claims, other))) == BAD_ASSERTION


def test_unsigned_and_otherwise_signed_assertions_are_refused(
    bulk1, app, claims, private_key, certificate
):
    secret = "0" * 64
    for encoded in (
        jwt.encode(claims, None, "none"),
        jwt.encode(claims, secret, "HS256"),
        jwt.encode(claims, private_key, "RS512"),
    ):
        answer = ask(bulk1, {"grant_type": JWT_BEARER, "assertion": encoded})
        assert refused(answer) == BAD_ASSERTION


@given(st.text(max_size=40), st.integers(0, 600), st.sampled_from("._-+/=A \n\0é"))
@example("..", 0, "A")
@example("W10.W10.W10", 0, "A")
@example("eyJhbGciOiJSUzI1NiJ9." + "W" * 40_000 + ".", 0, "A")
def test_damaged_assertions_are_refused_in_words(without_expiry, text, position, letter):
    position = min(position, len(without_expiry) - 1)
    damaged = without_expiry[:position] + letter + without_expiry[position + 1 :]
    assert fault_of(text) == fault_of(damaged) == BAD_ASSERTION


@pytest.fixture(scope="module")
def without_expiry(private_key):
    return jwt.api_jws.encode(b'{"iss":"app","exp":"soon"}', private_key, "RS256")


def fault_of(text):
    try:
        Assertion.read(text).expires()
    except OAuthError as error:
        return error.code, str(error)
    return None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", None])
def test_header_has_to_name_the_algorithm_of_the_signature(
    bulk1, app, claims, private_key, algorithm
):
    parts = [json.dumps({"alg": algorithm}), json.dumps(claims)]
    signed = b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in parts)
    signature = private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    whole = signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")
    answer = ask(bulk1, {"grant_type": JWT_BEARER, "assertion": whole.decode()})
    assert refused(answer) == BAD_ASSERTION


@pytest.mark.parametrize("given", ["path", "bytes", "text"])
def test_certificate_is_given_as_file_or_content(
    emulator, bulk1, claims, private_key, certificate, tmp_path, given
):
    path = tmp_path / "app.crt"
    path.write_bytes(certificate)
    forms = {"path": str(path), "bytes": certificate, "text": certificate.decode()}
    emulator.register_app("jwt app", certificate=forms[given])
    assert ask(bulk1, assertion(claims, private_key)).status == 200


def test_certificate_that_is_none_is_refused_at_once(emulator, tmp_path):
    with pytest.raises(ValueError, match="neither a certificate nor a public key"):
        emulator.register_app("app", certificate=b"nothing")
    with pytest.raises(FileNotFoundError):
        emulator.register_app("app", certificate=tmp_path / "none")


# refresh tokens


def test_refresh_token_opens_sessions_again_and_again(emulator, bulk1):
    values = {"grant_type": "refresh_token", "refresh_token": emulator.issue_refresh_token()}
    first = ask(bulk1, {**values, "client_id": "consumer-key"}).json
    second = ask(bulk1, {**values, **APP}).json
    assert first["access_token"] != second["access_token"]
    assert "refresh_token" not in first
    assert usable(emulator, first["access_token"])
    assert usable(emulator, second["access_token"])


def test_rotation_gives_a_new_refresh_token_for_the_old_one(emulator, bulk1):
    emulator.register_app("app", "s", rotate_refresh_tokens=True)
    values = {"grant_type": "refresh_token", "client_id": "app"}
    old = emulator.issue_refresh_token("app")
    new = ask(bulk1, {**values, "refresh_token": old}).json["refresh_token"]
    assert refused(ask(bulk1, {**values, "refresh_token": old})) == BAD_TOKEN
    assert ask(bulk1, {**values, "refresh_token": new}).status == 200


def test_refresh_token_is_of_one_app(emulator, bulk1):
    emulator.register_app("app", "s")
    values = {"grant_type": "refresh_token", "refresh_token": emulator.issue_refresh_token()}
    assert refused(ask(bulk1, {**values, "client_id": "app"})) == BAD_TOKEN


# revoke, introspect, userinfo, identity


def test_revoked_refresh_token_takes_its_sessions_along(emulator, bulk1):
    refresh = emulator.issue_refresh_token()
    values = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "consumer-key"}
    opened = ask(bulk1, values).json["access_token"]
    other = ask(bulk1, {**CREDENTIALS, **APP}).json["access_token"]
    answer = ask(bulk1, {"token": refresh}, path="/services/oauth2/revoke")
    assert (answer.status, answer.body) == (200, b"")
    assert refused(ask(bulk1, values)) == BAD_TOKEN
    assert not usable(emulator, opened)
    assert usable(emulator, other)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_revoked_session_is_over(emulator, bulk1, method):
    token = ask(bulk1, {**CREDENTIALS, **APP}).json["access_token"]
    path = f"/services/oauth2/revoke?{urlencode({'token': token})}"
    assert bulk1.call(method, path).status == 200
    assert not usable(emulator, token)
    assert refused(bulk1.call(method, path))[0] == "invalid_token"


def test_introspection_tells_of_tokens_of_the_app(emulator, clock, bulk1):
    path = "/services/oauth2/introspect"
    token = ask(bulk1, {**CREDENTIALS, **APP}).json["access_token"]
    now = int(clock.now().timestamp())
    found = ask(bulk1, {"token": token, **APP}, path=path).json
    assert found == {
        "active": True,
        "scope": "api refresh_token",
        "client_id": "consumer-key",
        "username": emulator.username,
        "sub": f"{emulator.url}/id/{emulator.org.org_id}/{emulator.org.admin.id}",
        "token_type": "access_token",
        "exp": now + 7_200,
        "iat": now,
        "nbf": now,
    }
    refresh = ask(bulk1, {"token": emulator.issue_refresh_token(), **APP}, path=path).json
    assert (refresh["active"], refresh["token_type"]) == (True, "refresh_token")
    for other in ("nothing", bulk1.token):
        assert ask(bulk1, {"token": other, **APP}, path=path).json == {"active": False}
    assert refused(ask(bulk1, {"token": token}, path=path)) == BAD_CLIENT


def test_introspection_does_not_keep_a_session_alive(emulator, clock, bulk1):
    token = ask(bulk1, {**CREDENTIALS, **APP}).json["access_token"]
    values = {"token": token, **APP}
    clock.advance(7_000)
    assert ask(bulk1, values, path="/services/oauth2/introspect").json["active"]
    clock.advance(201)
    assert not ask(bulk1, values, path="/services/oauth2/introspect").json["active"]


def test_identity_and_userinfo_tell_who_it_is(emulator, bulk1):
    granted = ask(bulk1, {**CREDENTIALS, **APP}).json
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    identity = bulk1.get(urlsplit(granted["id"]).path, headers=headers).json
    info = bulk1.get("/services/oauth2/userinfo", headers=headers).json
    assert identity["id"] == info["sub"] == granted["id"]
    assert identity["username"] == info["preferred_username"] == emulator.username
    assert identity["user_id"] == info["user_id"] == emulator.org.admin.id
    assert identity["urls"]["rest"] == f"{emulator.url}/services/data/v{{version}}/"
    assert identity["urls"]["partner"].startswith(f"{emulator.url}/services/Soap/u/{{version}}/00D")


def test_the_addresses_of_an_identity_have_the_version_that_is_asked_for(emulator, bulk1):
    granted = ask(bulk1, {**CREDENTIALS, **APP}).json
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    path = urlsplit(granted["id"]).path
    urls = bulk1.get(f"{path}?version=59.0", headers=headers).json["urls"]
    assert urls["rest"] == f"{emulator.url}/services/data/v59.0/"
    assert "{version}" not in str(bulk1.get(f"{path}?version=latest", headers=headers).json)
    refused = bulk1.get(f"{path}?format=xml", headers=headers)
    assert (refused.status, refused.json["error_description"]) == (
        400,
        "format xml is not emulated",
    )


AUTHORIZE = {
    "response_type": "code",
    "client_id": "consumer-key",
    "redirect_uri": "http://localhost:1717/OauthRedirect",
    "state": "s",
}


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"immediate": "true"}, "immediate_unsuccessful"),
        ({"scope": "api nonsense"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_request"),
    ],
)
def test_what_the_page_cannot_do_is_told_to_the_app(emulator, more, error):
    address = f"{emulator.url}/services/oauth2/authorize?{urlencode({**AUTHORIZE, **more})}"
    answer = requests.get(address, allow_redirects=False, timeout=10)
    told = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (told["error"], told["state"]) == ([error], ["s"])


def test_the_page_has_the_user_of_the_hint(emulator):
    more = {"login_hint": '"><b>@example.com', "scope": "refresh_token api web"}
    address = f"{emulator.url}/services/oauth2/authorize?{urlencode({**AUTHORIZE, **more})}"
    page = requests.get(address, timeout=10).text
    assert 'name="username" value="&quot;&gt;&lt;b&gt;@example.com"' in page


def test_identity_is_refused_as_documented(emulator, bulk1):
    admin, org = emulator.org.admin.id, emulator.org.org_id
    good = {"Authorization": f"Bearer {bulk1.token}"}
    for path, headers, expected in [
        (f"/id/{org}/{admin}", {}, (403, "Missing_OAuth_Token")),
        (f"/id/{org}/{admin}", {"Authorization": "Bearer x"}, (403, "Bad_OAuth_Token")),
        (f"/id/00D000000000000EAA/{admin}", good, (403, "Wrong_Org")),
        (f"/id/{org}/005000000000009AAA", good, (404, "Bad_Id")),
        (f"/id/{org[:15]}/{admin[:15]}", good, (200, None)),
    ]:
        answer = bulk1.get(path, headers=headers)
        assert (answer.status, answer.json.get("error")) == expected
    query = urlencode({"oauth_token": bulk1.token})
    assert bulk1.get(f"/id/{org}/{admin}?{query}").status == 200


# one table of tokens, and their end

CALLS = {
    "1.0 XML": ("POST", "/services/async/62.0/job", "application/xml"),
    "1.0 JSON": ("POST", "/services/async/62.0/job", "application/json"),
    "1.0 GET": ("GET", "/services/async/62.0/job/750000000000000", None),
    "REST": ("GET", "/services/data/v62.0/sobjects", None),
    "2.0 ingest": ("POST", "/services/data/v62.0/jobs/ingest", "application/json"),
    "2.0 query": ("GET", "/services/data/v62.0/jobs/query/750000000000000AAA", None),
}
XML_FAULT = (400, "application/xml", ("InvalidSessionId", "Invalid session id"))
ENDED = {
    "1.0 XML": XML_FAULT,
    "1.0 JSON": (400, "application/json", ("InvalidSessionId", "Invalid session id")),
    "1.0 GET": XML_FAULT,
}
REST_FAULT = (
    401,
    "application/json;charset=UTF-8",
    [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
)


def by_clock(emulator, clock, token):
    clock.advance(7_201)


def on_demand(emulator, clock, token):
    emulator.sessions.expire_all()


def by_fault(emulator, clock, token):
    emulator.faults.add("session_expired")


def by_revocation(emulator, clock, token):
    requests.post(f"{emulator.url}/services/oauth2/revoke", {"token": token}, timeout=10)


def soap(emulator, bulk1):
    return SalesforceLogin(
        username=emulator.username,
        password=emulator.password,
        security_token=emulator.security_token,
        scratch_url=emulator.url,
        sf_version="60.0",
    )[0]


def oauth(emulator, bulk1):
    return ask(bulk1, {**CREDENTIALS, **APP}).json["access_token"]


@pytest.mark.parametrize("api", CALLS)
@pytest.mark.parametrize(
    ("log_in", "end"),
    [
        (soap, by_clock),
        (oauth, by_clock),
        (soap, on_demand),
        (soap, by_fault),
        (oauth, by_revocation),
    ],
)
def test_session_ends_in_the_words_of_each_api(emulator, clock, bulk1, log_in, end, api):
    token = bulk1.token = log_in(emulator, bulk1)
    method, path, content_type = CALLS[api]
    headers = {"Authorization": f"Bearer {token}"}
    alive = bulk1.call(method, path, "", content_type, headers)
    assert "nvalid session" not in alive.text
    assert alive.status != 401
    end(emulator, clock, token)
    answer = bulk1.call(method, path, "", content_type, headers)
    if api in ENDED:
        said = (answer.value("exceptionCode"), answer.value("exceptionMessage"))
        assert (answer.status, answer.headers["Content-Type"], said) == ENDED[api]
    else:
        assert (answer.status, answer.headers["Content-Type"], answer.json) == REST_FAULT
        assert answer.headers["WWW-Authenticate"] == "Token"
    assert len(emulator.sessions) == (1 if end in (by_fault, by_revocation) else 0)


def test_every_call_extends_the_session_whatever_its_api(emulator, clock, bulk1):
    headers = {"Authorization": f"Bearer {bulk1.token}"}
    for _ in range(3):
        for method, path, content_type in CALLS.values():
            clock.advance(7_000)
            assert bulk1.call(method, path, "", content_type, headers).status != 401
    assert len(emulator.sessions) == 1


def test_life_of_a_session_can_be_set(connect):
    with SalesforceEmulator(clock=ManualClock(), session_seconds=900) as emulator:
        bulk1 = connect(emulator)
        emulator.clock.advance(901)
        assert bulk1.create_job("insert", "Account").error[1] == "InvalidSessionId"


def test_faults_strike_the_token_endpoint(emulator, bulk1):
    emulator.faults.add(
        "api_error", route="oauth.token", status=400, code="inactive_user", message="user inactive"
    )
    assert refused(ask(bulk1, {**CREDENTIALS, **APP})) == ("inactive_user", "user inactive")
    assert ask(bulk1, {**CREDENTIALS, **APP}).status == 200


def test_reset_forgets_apps_and_refresh_tokens_and_begins_their_ids_anew(emulator, bulk1):
    def transcript():
        bulk1.token = ""
        token = ask(bulk1, {**CREDENTIALS, **APP}).json
        return token, emulator.issue_refresh_token()

    emulator.reset()
    before = transcript()
    emulator.register_app("app", "s")
    emulator.reset()
    assert emulator.apps.find("app") is None
    assert emulator.apps.refresh_token(before[1]) is None
    assert transcript() == before
