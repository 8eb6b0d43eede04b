"""Passkeys, made and used by an authenticator in software, and everything that must not be believed."""

import copy

import pytest
from tests.access.authenticator import PRESENT, Authenticator

from truenav.access import passkeys
from truenav.access.errors import BadCredentialsError, WrongFactorError
from truenav.access.passkeys import RelyingParty
from truenav.access.service import FactorStep, Visitor
from truenav.access.tickets import TicketRefusedError
from truenav.core.failure import UnauthenticatedError
from truenav.store import audit
from truenav.store.users import TakenError

ORIGIN = "https://nav.example.com"
PARTY = RelyingParty("nav.example.com", ORIGIN)
HERE = Visitor("192.0.2.1", "test")


def enrol(world, principal, device, party=PARTY):
    """Add the device's passkey; gives the recovery codes."""
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        asked = passkeys.begin_enrolment(session, party, principal, now=now)
    answer = device.create(asked.options)
    with world.database.transaction(world.tenant) as session:
        return passkeys.finish_enrolment(
            session, party, principal, ticket=asked.ticket, credential=answer, name="key", now=now
        )


def log_in(world, device, party=PARTY, spoil=lambda answer: answer):
    asked = world.access.begin_passkey(party)
    answer = spoil(device.get(asked.options))
    return world.access.log_in_by_passkey(party, asked.ticket, answer, visitor=HERE)


@pytest.fixture
def device():
    return Authenticator(ORIGIN)


@pytest.fixture
def finance(world, device):
    principal = world.add("finance")
    assert len(enrol(world, principal, device)) == 10
    return principal


def test_a_passkey_logs_in_without_address_or_password(world, device, finance):
    login = log_in(world, device)
    assert (login.principal.user, login.principal.tenant) == (finance.user, world.tenant)
    assert world.access.authenticate(login.token).user == "finance"
    log_in(world, device)


def test_it_is_offered_as_the_second_step_and_needs_no_password_then(world, device, finance):
    step = world.access.begin_log_in(world.email("finance"), world.password, visitor=HERE)
    assert isinstance(step, FactorStep)
    assert step.factors == ("passkey", "recovery")


def test_a_second_passkey_brings_no_new_codes_and_the_same_one_is_refused(world, device, finance):
    assert enrol(world, finance, Authenticator(ORIGIN)) == ()
    with pytest.raises(TakenError):
        enrol(world, finance, device)


def test_an_authenticator_that_did_not_verify_its_user_is_refused(world):
    unverified = Authenticator(ORIGIN, flags=PRESENT)
    with pytest.raises(WrongFactorError):
        enrol(world, world.add("risk"), unverified)


@pytest.mark.parametrize(
    "change",
    [
        {"flags": PRESENT},
        {"origin": "https://nav.example.com.evil.test"},
        {"origin": "http://nav.example.com"},
        {"rp_id": "evil.test"},
        {"step": 0},
        {"handle": b"somebody else"},
    ],
)
def test_a_foreign_page_domain_copy_or_user_is_refused(world, device, finance, change):
    log_in(world, device)
    for name, value in change.items():
        setattr(device, name, value)
    with pytest.raises(BadCredentialsError):
        log_in(world, device)
    with world.database.transaction(world.tenant) as session:
        assert audit.entries(session)[-1].action == "log-in.failed"


def test_a_copied_authenticator_falls_behind_in_its_count(world, device, finance):
    stolen = copy.copy(device)
    log_in(world, device)
    log_in(world, device)
    with pytest.raises(BadCredentialsError):
        log_in(world, stolen)


def test_an_answer_opens_once(world, device, finance):
    asked = world.access.begin_passkey(PARTY)
    answer = device.get(asked.options)
    world.access.log_in_by_passkey(PARTY, asked.ticket, answer, visitor=HERE)
    with pytest.raises(TicketRefusedError):
        world.access.log_in_by_passkey(PARTY, asked.ticket, answer, visitor=HERE)
    with pytest.raises(BadCredentialsError):  # nor under another challenge
        log_in(world, device, spoil=lambda _: answer)


def test_a_challenge_expires(world, device, finance):
    asked = world.access.begin_passkey(PARTY)
    world.clock.advance(minutes=6)
    with pytest.raises(TicketRefusedError):
        world.access.log_in_by_passkey(PARTY, asked.ticket, device.get(asked.options), visitor=HERE)


def test_a_passkey_that_nobody_registered_and_answers_that_are_none_are_refused_alike(world, finance, device):
    stranger = Authenticator(ORIGIN, rp_id="nav.example.com")
    with pytest.raises(BadCredentialsError):
        log_in(world, stranger)
    for spoil in (
        lambda _: {},
        lambda answer: {**answer, "response": "x"},
        lambda answer: {**answer, "rawId": 7},
        lambda answer: {**answer, "response": {**answer["response"], "signature": "AAAA"}},
        lambda answer: {**answer, "response": {**answer["response"], "authenticatorData": "AAAA"}},
        lambda answer: {**answer, "response": {**answer["response"], "clientDataJSON": "e30"}},
    ):
        with pytest.raises(BadCredentialsError):
            log_in(world, device, spoil=spoil)


def test_one_cannot_finish_what_somebody_else_began(world, finance):
    risk = world.add("risk")
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        asked = passkeys.begin_enrolment(session, PARTY, finance, now=now)
    answer = Authenticator(ORIGIN).create(asked.options)
    with world.database.transaction(world.tenant) as session, pytest.raises(WrongFactorError):
        passkeys.finish_enrolment(
            session, PARTY, risk, ticket=asked.ticket, credential=answer, name="key", now=now
        )


def test_a_disabled_user_has_no_way_in_by_passkey(world, device, finance):
    from truenav.access import users

    with world.database.transaction(world.tenant) as session:
        users.change_user(
            session, world.add("administrator"), finance.user, now=world.clock.now(), disabled=True
        )
    with pytest.raises(UnauthenticatedError):
        log_in(world, device)


def test_a_passkey_renews_ones_own_proof_and_nobody_elses(world, device, finance):
    login = log_in(world, device)
    asked = world.access.begin_passkey(PARTY)
    renewed = world.access.confirm_by_passkey(
        PARTY, finance, login.token, ticket=asked.ticket, credential=device.get(asked.options), visitor=HERE
    )
    assert world.access.authenticate(renewed.token).user == "finance"
    risk = world.add("risk")
    token = world.log_in("risk").token
    asked = world.access.begin_passkey(PARTY)
    with pytest.raises(WrongFactorError):
        world.access.confirm_by_passkey(
            PARTY, risk, token, ticket=asked.ticket, credential=device.get(asked.options), visitor=HERE
        )
