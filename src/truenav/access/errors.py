"""Refusals of this room."""

from __future__ import annotations

from truenav.core.failure import ForbiddenError, InvalidInputError, TruenavError, UnauthenticatedError


class WeakPasswordError(InvalidInputError):
    """The new password would be guessed."""

    code = "weak-password"
    title = "The password is too easy to guess"


class BadCredentialsError(UnauthenticatedError):
    """E-mail or password is wrong; which of them is not said."""

    code = "bad-credentials"
    title = "Log-in failed"


class WrongPasswordError(InvalidInputError):
    """Somebody who is logged in did not know their own password."""

    code = "wrong-password"
    title = "The present password is wrong"


class WrongFactorError(InvalidInputError):
    """Somebody who is logged in gave a code or passkey that does not fit."""

    code = "wrong-factor"
    title = "The second factor does not fit"


class FactorNeededError(UnauthenticatedError):
    """The password is right, and a second factor is asked for where none can be given."""

    code = "factor-needed"
    title = "A second factor is needed"


class FreshLogInNeededError(ForbiddenError):
    """A sensitive change, and the caller has not proved for a while who they are."""

    code = "fresh-log-in-needed"
    title = "Prove again who you are"


class TooManyAttemptsError(TruenavError):
    """Log-in is paused for this user and address; ``retry_after`` says for how many whole seconds."""

    code = "too-many-attempts"
    title = "Too many attempts"
    status = 429
    exit_code = 6

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after
