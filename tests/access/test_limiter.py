from datetime import UTC, datetime, timedelta

import pytest

from truenav.access.errors import TooManyAttemptsError
from truenav.access.limiter import AttemptLimiter

START = datetime(2026, 1, 31, tzinfo=UTC)


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


def test_after_five_failures_the_pause_doubles_up_to_fifteen_minutes():
    assert _pauses(AttemptLimiter(), 16) == [0] * 5 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_success_clears_the_count():
    limiter = AttemptLimiter()
    for _ in range(20):
        limiter.attempt("anna@x.test", "192.0.2.1", START)()


def test_a_pause_for_one_user_leaves_others_at_the_same_address_alone():
    limiter = AttemptLimiter()
    _pauses(limiter, 5)
    limiter.attempt("ben@x.test", "192.0.2.1", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("ANNA@x.test", "192.0.2.1", START)


def test_an_address_that_tries_many_users_is_paused():
    limiter = AttemptLimiter()
    for number in range(50):
        limiter.attempt(f"user{number}@x.test", "192.0.2.1", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("another@x.test", "192.0.2.1", START)
    limiter.attempt("another@x.test", "192.0.2.2", START)


def test_an_hour_without_attempts_is_forgiven():
    limiter = AttemptLimiter()
    _pauses(limiter, 5)
    later = START + timedelta(hours=1, seconds=1)
    for _ in range(5):
        limiter.attempt("anna@x.test", "192.0.2.1", later)


def test_a_full_memory_refuses_newcomers_and_recovers():
    limiter = AttemptLimiter(capacity=20)
    for number in range(9):
        limiter.attempt(f"u{number}@x.test", f"192.0.2.{number}", START)
    limiter.attempt("u0@x.test", "192.0.2.0", START)
    limiter.attempt("last@x.test", "192.0.2.100", START)
    with pytest.raises(TooManyAttemptsError):
        limiter.attempt("new@x.test", "192.0.2.101", START)
    limiter.attempt("new@x.test", "192.0.2.101", START + timedelta(hours=2))
