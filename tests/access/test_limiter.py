from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from truenav.access.errors import TooManyAttemptsError
from truenav.access.limiter import AttemptLimiter
from truenav.access.tickets import DOOR

START = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def limiter(world):
    return AttemptLimiter(world.database)


def _pauses(limiter, attempts, *, user="anna@x.test", address="192.0.2.1"):
    """The pause before each further attempt, in seconds, when each is made as soon as it may be."""
    now, pauses = START, []
    for _ in range(attempts):
        try:
            limiter.attempt(user, address, now)
            pauses.append(0)
        except TooManyAttemptsError as refusal:
            now += timedelta(seconds=refusal.retry_after)
            limiter.attempt(user, address, now)
            pauses.append(refusal.retry_after)
    return pauses


def test_after_five_failures_the_pause_doubles_up_to_fifteen_minutes(limiter):
    assert _pauses(limiter, 16) == [0] * 5 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_success_clears_the_count(limiter):
    for _ in range(20):
        limiter.attempt("anna@x.test", "192.0.2.1", START)()


def test_a_pause_for_one_user_leaves_others_at_the_same_address_alone(limiter):
    _pauses(limiter, 5)
    limiter.attempt("ben@x.test", "192.0.2.1", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("ANNA@x.test", "192.0.2.1", START)


def test_an_address_that_tries_many_users_is_paused(limiter):
    for number in range(50):
        limiter.attempt(f"user{number}@x.test", "192.0.2.1", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("another@x.test", "192.0.2.1", START)
    limiter.attempt("another@x.test", "192.0.2.2", START)


def test_a_user_who_is_tried_from_many_addresses_is_paused(limiter):
    for number in range(50):
        limiter.attempt("anna@x.test", f"192.0.2.{number}", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("anna@x.test", "198.51.100.1", START)
    limiter.attempt("ben@x.test", "198.51.100.1", START)


def test_an_hour_without_attempts_is_forgiven(limiter):
    _pauses(limiter, 5)
    later = START + timedelta(hours=1, seconds=1)
    for _ in range(5):
        limiter.attempt("anna@x.test", "192.0.2.1", later)


def test_another_process_counts_on(world):
    _pauses(AttemptLimiter(world.database), 5)
    with pytest.raises(TooManyAttemptsError):
        AttemptLimiter(world.database).attempt("anna@x.test", "192.0.2.1", START)


def test_an_attempt_that_is_refused_counts_no_further(limiter):
    _pauses(limiter, 5)
    for _ in range(10):
        with pytest.raises(TooManyAttemptsError) as refusal:
            limiter.attempt("anna@x.test", "192.0.2.1", START)
    assert refusal.value.retry_after == 2


def test_neither_names_nor_addresses_are_kept(world):
    AttemptLimiter(world.database).attempt("anna@x.test", "192.0.2.1", START)
    with world.database.transaction(DOOR) as session:
        kept = str(session.execute(text("SELECT t::text FROM login_attempt t")).all())
    assert kept != "[]"
    assert "anna" not in kept
    assert "192.0.2.1" not in kept
