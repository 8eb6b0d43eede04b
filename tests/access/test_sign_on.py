"""Single sign-on against a provider on this machine, and every statement that must not be believed."""

import pytest
from joserfc import jwk
from sqlalchemy import text
from tests.access.conftest import VAULT
from tests.access.provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running

from truenav.access.oidc import IdTokenError, ProviderAddressError, ProviderClient, ProviderError
from truenav.access.roles import TooMuchGrantedError
from truenav.access.service import Visitor
from truenav.access.sign_on import NoSingleSignOnError, Return, SignOn, SignOnRefusedError
from truenav.access.tickets import TicketRefusedError
from truenav.core.failure import ForbiddenError, InvalidInputError, UnauthenticatedError
from truenav.store import audit
from truenav.store import users as people
from truenav.store.logins import SingleSignOn

BACK = "http://localhost:8800/api/v1/login/single-sign-on/callback"
HERE = Visitor("192.0.2.1", "test")


def choice(provider, **changes):
    given = {
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "hosts": (),
        "domains": ("example.com",),
        "roles_claim": None,
        "role_map": {},
        "creates_users": True,
        "default_roles": ("risk",),
    }
    return SingleSignOn(**{**given, **changes})


@pytest.fixture
def provider(world):
    with running(IdentityProvider(world.clock.now)) as found:
        yield found


@pytest.fixture
def sign_on(world):
    return SignOn(world.database, VAULT, private=True)


@pytest.fixture
def choose(world, provider, sign_on):
    admin = world.add("administrator")

    def set_provider(**changes):
        with world.database.transaction(world.tenant) as session:
            sign_on.choose(session, admin, choice(provider, **changes), CLIENT_SECRET, now=world.clock.now())

    set_provider()
    return set_provider


@pytest.fixture
def enter(world, provider, sign_on, choose):
    """Go to the provider and back; ``bring`` changes what the browser brings back."""

    def go(bring=None):
        departure = sign_on.begin(world.tenant, BACK, now=world.clock.now())
        brought = provider.authorize(departure.url)
        back = {"state": brought["state"], "code": brought["code"], "issuer": brought["iss"]}
        back |= {"binding": departure.binding, **(bring or {})}
        return sign_on.finish(Return(**back), visitor=HERE, now=world.clock.now())

    return go


def user(world, id):
    with world.database.transaction(world.tenant) as session:
        return people.get_user(session, id)


def test_a_person_of_an_allowed_domain_gets_in_and_is_known_the_next_time(world, provider, enter):
    login = enter()
    assert login.principal.user == "ann"
    assert login.principal.roles == {"risk"}
    assert world.access.authenticate(login.token).user == "ann"
    provider.claims = {"email": "ann.married@example.com"}
    assert enter().principal.user == "ann"
    with world.database.transaction(world.tenant) as session:
        actions = [row.action for row in audit.entries(session) if row.subject == "ann"]
    assert actions == ["single-sign-on.add", "single-sign-on.link", "log-in", "log-in"]


def test_who_is_a_user_already_is_found_by_the_address_and_keeps_the_roles(world, provider, enter):
    world.add("max", "finance")
    with world.database.transaction(world.tenant) as session:
        session.execute(text("UPDATE app_user SET email = 'ann@example.com' WHERE id = 'max'"))
    provider.claims = {"email": "Ann@Example.com"}
    assert enter().principal.user == "max"
    assert user(world, "max").roles == ("finance",)


def test_nobody_new_gets_in_where_users_are_not_created(world, choose, enter):
    choose(creates_users=False)
    with pytest.raises(SignOnRefusedError, match="not a user"):
        enter()


def test_roles_follow_the_claim_at_each_log_in(world, provider, choose, enter):
    choose(roles_claim="groups", role_map={"desk": ("manager",), "check": ("risk", "finance")})
    provider.claims = {"groups": ["desk", "other"]}
    assert enter().principal.roles == {"manager"}
    provider.claims = {"groups": ["check"]}
    assert enter().principal.roles == {"risk", "finance"}
    provider.claims = {"groups": ["other"]}
    with pytest.raises(SignOnRefusedError, match="no group"):
        enter()


def test_a_rotated_key_is_found(provider, enter):
    enter()
    provider.rotate()
    assert enter().principal.user == "ann"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another"]},
        {"azp": "another-client"},
        {"iss": "https://accounts.evil.test"},
        {"sub": ""},
        {"sub": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": None},
        {"iat": 4102444800},
        {"nbf": 4102444800},
    ],
    ids=str,
)
def test_a_statement_with_one_wrong_claim_is_refused(provider, enter, claims):
    provider.lies = {"claims": claims}
    with pytest.raises(IdTokenError):
        enter()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"email_verified": False}, "vouch"),
        ({"email_verified": "true"}, "vouch"),
        ({"email_verified": None}, "vouch"),
        ({"email": None}, "vouch"),
        ({"email": "ann@example.com.evil.test"}, "domain"),
        ({"email": "ann@evil.test"}, "domain"),
    ],
)
def test_an_address_that_is_not_vouched_for_or_foreign_is_refused(provider, enter, claims, told):
    provider.lies = {"claims": claims}
    with pytest.raises(SignOnRefusedError, match=told):
        enter()


def test_a_minute_of_clock_skew_is_forgiven(world, provider, enter):
    now = int(world.clock.now().timestamp())
    provider.claims = {"exp": now - 59, "iat": now + 59}
    enter()


def test_a_token_without_signature_is_refused(provider, enter):
    provider.algorithm = "none"
    with pytest.raises(IdTokenError, match="signed"):
        enter()


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(provider, enter):
    provider.algorithm = "HS256"
    with pytest.raises(IdTokenError, match="signed"):
        enter()


def test_a_token_signed_by_somebody_elses_key_is_refused(provider, enter):
    provider.signs_with = jwk.RSAKey.generate_key(2048, {"kid": "first"})
    with pytest.raises(IdTokenError, match="signed"):
        enter()


def test_the_answer_of_another_provider_is_refused(provider, enter):
    for issuer in ("https://accounts.evil.test", None):
        with pytest.raises(IdTokenError, match="provider"):
            enter({"issuer": issuer})


def test_an_answer_in_another_browser_is_refused(enter):
    with pytest.raises(IdTokenError, match="another browser"):
        enter({"binding": "of another browser"})


def test_an_answer_opens_once_and_for_ten_minutes_only(world, provider, sign_on, choose):
    departure = sign_on.begin(world.tenant, BACK, now=world.clock.now())
    brought = provider.authorize(departure.url)
    back = Return(brought["state"], brought["code"], departure.binding, brought["iss"])
    sign_on.finish(back, visitor=HERE, now=world.clock.now())
    with pytest.raises(TicketRefusedError):
        sign_on.finish(back, visitor=HERE, now=world.clock.now())
    late = sign_on.begin(world.tenant, BACK, now=world.clock.now())
    brought = provider.authorize(late.url)
    world.clock.advance(minutes=11)
    back = Return(brought["state"], brought["code"], late.binding, brought["iss"])
    with pytest.raises(TicketRefusedError):
        sign_on.finish(back, visitor=HERE, now=world.clock.now())


def test_a_stolen_code_is_worth_nothing_in_another_log_in(world, provider, sign_on, choose, enter):
    victim = sign_on.begin(world.tenant, BACK, now=world.clock.now())
    stolen = provider.authorize(victim.url)["code"]
    with pytest.raises(ProviderError, match="invalid_grant"):
        enter({"code": stolen})


def test_a_disabled_user_does_not_get_in(world, enter):
    enter()
    with world.database.transaction(world.tenant) as session:
        people.disable_user(session, "ann", at=world.clock.now())
    with pytest.raises(UnauthenticatedError, match="disabled"):
        enter()


def test_only_an_administrator_chooses_and_gives_no_more_than_they_may(world, provider, sign_on, choose):
    for changes, refusal in (
        ({"domains": ()}, InvalidInputError),
        ({"domains": ("example",)}, InvalidInputError),
        ({"hosts": ("https://x.test/",)}, InvalidInputError),
        ({"default_roles": ("king",)}, InvalidInputError),
        ({"default_roles": ()}, InvalidInputError),
        ({"roles_claim": "groups"}, InvalidInputError),
        ({"default_roles": ("host",)}, TooMuchGrantedError),
        ({"issuer": "file:///etc/passwd"}, ProviderAddressError),
        ({"issuer": "https://"}, ProviderAddressError),
    ):
        with pytest.raises(refusal):
            choose(**changes)
    with world.database.transaction(world.tenant) as session, pytest.raises(ForbiddenError):
        sign_on.choose(session, world.add("risk"), choice(provider), None, now=world.clock.now())


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.test/token",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1.evil.test/token",
        "http://localhost:1/token",
        "ftp://127.0.0.1/token",
    ],
)
def test_a_provider_that_sends_us_elsewhere_is_refused(provider, endpoint):
    provider.lies = {"description": {"token_endpoint": endpoint}}
    with pytest.raises(ProviderAddressError):
        ProviderClient(provider.issuer, (), private=True).discover()


def test_this_machine_and_private_networks_are_reached_only_where_that_is_set(provider):
    for issuer in (provider.issuer, "https://127.0.0.1", "https://10.0.0.1", "https://[::1]"):
        with pytest.raises(ProviderAddressError):
            ProviderClient(issuer, (), private=False).discover()


def test_redirects_are_not_followed_and_another_name_is_refused(provider):
    provider.lies = {"description": {"jwks_uri": f"{provider.issuer}/elsewhere"}}
    client = ProviderClient(provider.issuer, (), private=True)
    with pytest.raises(ProviderError, match="302"):
        client.keys(client.discover())
    provider.lies = {"description": {"issuer": f"{provider.issuer}/"}}
    with pytest.raises(ProviderError, match="another issuer"):
        client.discover()


def test_a_provider_that_is_away_is_told_as_such(world, sign_on, provider):
    with pytest.raises(ProviderError, match="does not answer"):
        ProviderClient("http://127.0.0.1:9", (), private=True).discover()


def test_without_a_provider_there_is_no_sign_on(world, sign_on):
    with pytest.raises(NoSingleSignOnError):
        sign_on.begin(world.tenant, BACK, now=world.clock.now())
