"""Refusals of the simulator itself (what a venue answers to its clients is in the dialects)."""

from __future__ import annotations

from truenav.core.failure import TruenavError


class ScenarioError(TruenavError):
    """A scenario or market file cannot be replayed: malformed, or it contradicts itself."""

    code = "scenario-invalid"
    title = "The scenario cannot be replayed"
    status = 422
    exit_code = 2


class UnknownNameError(TruenavError):
    """No such account, instrument or venue in this scenario."""

    code = "simulator-unknown-name"
    title = "Not in this scenario"
    status = 404
    exit_code = 3


class ControlError(TruenavError):
    """A control request (clock, fault, mark) that cannot be obeyed."""

    code = "simulator-control"
    title = "The control request is not valid"
    status = 422
    exit_code = 2


class PortError(TruenavError):
    """The address on which to listen cannot be had."""

    code = "simulator-port"
    title = "The port cannot be used"
    status = 503
    exit_code = 6
