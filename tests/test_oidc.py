"""The team signs in with the company's accounts: what a real token proves is believed, and nothing
that is forged, old, or meant for others. The provider is a fake on the loopback.
"""

import time

import pytest
from conftest import on_sqlite
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.company_sign_in import COOKIE, sign_in_routes
from mm_support.config import Settings
from mm_support.desk import oidc as module
from mm_support.desk.accounts import VISITOR, Accounts, Identity, Person
from mm_support.desk.audit import audited
from mm_support.desk.oidc import provider_of
from mm_support.desk.visits import signatures_in
from mm_support.errors import InputError

pytest.importorskip("authlib", reason="the extra oidc is not installed")
from fake_provider import CLIENT, SECRET, FakeProvider, OctKey, RSAKey  # noqa: E402

ROLES = "groups: support=agent, kb=editor, it=admin"


@pytest.fixture(scope="module")
def provider():
    provider = FakeProvider()
    yield provider
    provider.close()


@pytest.fixture
def accounts(store, tmp_path):
    return Accounts(store, signatures_in(tmp_path))


def settings(provider, folder, **changes):
    given = {
        "oidc_issuer": provider.issuer,
        "oidc_client": CLIENT,
        "oidc_secret": SECRET,
        "oidc_address": "http://localhost:7860",
        "oidc_roles": ROLES,
    }
    return Settings(data_dir=folder, **{**given, **changes})


@pytest.fixture
def browser(provider, accounts, tmp_path):
    provider.claims, provider.signed_by, provider.asked = {}, None, []
    ours = provider_of(settings(provider, tmp_path), signatures_in(tmp_path))
    app = Starlette(routes=sign_in_routes(ours, accounts))
    return TestClient(app, base_url="http://localhost:7860", follow_redirects=False)


def begin(browser, provider, to="desk"):
    """What the provider sends the browser back with."""
    return provider.sign_in(browser.get("/sign-in", params={"to": to}).headers["location"])


def sign_in(browser, provider, to="desk"):
    return browser.get("/sign-in/back", params=begin(browser, provider, to))


def token_of(answer):
    page, _, token = answer.headers["location"].partition("#key=")
    assert answer.status_code == 303 and token
    return page, token


def test_who_signs_in_there_is_signed_in_here(browser, provider, accounts, store):
    page, token = token_of(sign_in(browser, provider, "workshop"))
    assert page == "../workshop" and accounts.who(token) == Person("Ada", "agent")
    assert browser.cookies.get(COOKIE) is None
    provider.claims = {"groups": ["it", "support"], "name": "Ada L."}  # the same person
    _, later = token_of(sign_in(browser, provider))
    assert accounts.who(later) == accounts.who(token) == Person("Ada", "admin")
    did = [row.what for row in reversed(audited(store))]
    assert did == ["added account", "signed in", "changed role", "signed in"]
    accounts.sign_out(token)
    assert accounts.who(token) == VISITOR and len(accounts.list()) == 1


HOUR_AGO = int(time.time()) - 3_600


@on_sqlite
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"]},  # without azp
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"iss": "https://elsewhere.example"},
        {"exp": HOUR_AGO},
        {"iat": HOUR_AGO + 7_200},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"at_hash": "of another access token"},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(browser, provider, accounts, claims):
    provider.claims = claims
    answer = sign_in(browser, provider)
    assert answer.status_code == 403 and "could not be signed in" in answer.text
    assert accounts.list() == ()
    provider.claims = {}
    assert sign_in(browser, provider).status_code == 303  # the next one works


@on_sqlite
def test_a_token_that_the_provider_did_not_sign_is_refused(browser, provider, accounts):
    forgers = (
        RSAKey.generate_key(2048, parameters={"kid": "one"}, auto_kid=False),
        OctKey.import_key(SECRET),
    )
    for key in forgers:
        provider.signed_by = key
        assert sign_in(browser, provider).status_code == 403
    assert accounts.list() == ()


@on_sqlite
def test_what_another_browser_began_is_not_ended_here(browser, provider, accounts, monkeypatch):
    back = begin(browser, provider)
    own = browser.cookies[COOKIE]
    cases = [
        (own, {**back, "state": "another"}),
        (own, {"code": back["code"]}),
        (own, {"state": back["state"], "error": "access_denied"}),
        ("", back),
        (own[:-2], back),
        ("ключ", back),
    ]
    for cookie, given in cases:
        browser.cookies.clear()
        headers = {"cookie": f"{COOKIE}={cookie}".encode()}
        assert browser.get("/sign-in/back", params=given, headers=headers).status_code == 403
    monkeypatch.setattr(module, "LASTS", -1)
    begun = browser.get("/sign-in")  # the cookie is over at once, for a browser that keeps the time
    kept = begun.headers["set-cookie"].partition(";")[0]
    back = provider.sign_in(begun.headers["location"])
    answer = browser.get("/sign-in/back", params=back, headers={"cookie": kept})
    assert answer.status_code == 403 and "too long" in answer.text
    assert provider.asked == [] and accounts.list() == ()


@on_sqlite
def test_a_code_is_good_for_its_verifier_and_for_once(browser, provider):
    back = begin(browser, provider)
    headers = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    provider.codes[back["code"]]["code_challenge"] = "of another attempt"
    assert browser.get("/sign-in/back", params=back).status_code == 403
    back = begin(browser, provider)
    headers = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    assert browser.get("/sign-in/back", params=back).status_code == 303
    assert browser.get("/sign-in/back", params=back, headers=headers).status_code == 403


@on_sqlite
def test_who_has_no_role_any_longer_is_signed_out(browser, provider, accounts):
    _, token = token_of(sign_in(browser, provider))
    for groups in (["guests"], [], None, "supporters", {"support": True}):
        provider.claims = {"groups": groups}
        answer = sign_in(browser, provider)
        assert answer.status_code == 403 and "no role" in answer.text
    assert accounts.who(token) == VISITOR


def test_an_account_with_a_password_is_nobody_elses(browser, provider, accounts):
    accounts.add("ada", "admin", "a long enough password", "test")
    answer = sign_in(browser, provider)
    assert answer.status_code == 403 and "account named" in answer.text
    provider.claims = {"sub": "8", "name": "assistant"}
    assert sign_in(browser, provider).status_code == 403
    assert [each.role for each in accounts.list()] == ["admin"]


@on_sqlite
def test_no_password_leads_into_an_account_of_the_provider(accounts):
    accounts.sign_in_as(Identity("issuer 7", "Ada", "agent"))
    with pytest.raises(InputError, match="wrong"):
        accounts.sign_in("Ada", "")
    with pytest.raises(InputError, match="company's account"):
        accounts.set_password("Ada", "a long enough password", "test")


@on_sqlite
def test_roles_in_a_nested_claim(provider, accounts, tmp_path):
    changed = settings(provider, tmp_path, oidc_roles="realm_access.roles: desk=agent")
    ours = provider_of(changed, signatures_in(tmp_path))
    assert ours is not None and ours._role({"realm_access": {"roles": ["x", "desk"]}}) == "agent"
    assert ours._role({"realm_access": ["desk"]}) is None


@on_sqlite
def test_a_provider_that_is_away_or_another_one_is_a_sentence(browser, provider):
    provider.calls_itself = "https://elsewhere.example"
    try:
        assert browser.get("/sign-in").status_code == 403
    finally:
        provider.calls_itself = provider.issuer
    assert browser.get("/sign-in").status_code == 303


@on_sqlite
def test_what_the_provider_publishes_is_not_asked_for_each_visitor(browser, provider, monkeypatch):
    monkeypatch.setattr(module, "FRESH", 1e12)
    before = provider.looked
    assert [browser.get("/sign-in").status_code for _ in range(5)] == [303] * 5
    assert provider.looked == before + 1
    monkeypatch.setattr(module, "FRESH", 1e-9)  # s
    assert sign_in(browser, provider).status_code == 303
    assert provider.looked > before + 1


@on_sqlite
@pytest.mark.parametrize(
    "error, shown",
    [("access_denied", True), ("x\n2026-11-27 INFO signed in: Ada", False), ("a" * 65, False)],
)
def test_nobody_writes_lines_of_the_log(browser, provider, caplog, error, shown):
    back = begin(browser, provider) | {"state": "another", "error": error}
    assert browser.get("/sign-in/back", params=back).status_code == 403
    assert (error in caplog.text) == shown and "Ada" not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://login.example"},
        {"oidc_address": ""},
        {"oidc_client": ""},
        {"oidc_roles": ""},
        {"oidc_roles": "groups"},
        {"oidc_roles": "groups: support=owner"},
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence(provider, tmp_path, wrong):
    with pytest.raises(InputError, match="MM_SUPPORT_OIDC_"):
        provider_of(settings(provider, tmp_path, **wrong), signatures_in(tmp_path))
    assert provider_of(Settings(data_dir=tmp_path), signatures_in(tmp_path)) is None
