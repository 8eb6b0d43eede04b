"""Inputs, results and bundles of runs, as they were archived."""

from __future__ import annotations

import json

from truenav.calc.nav.model import NavInputs, NavResult
from truenav.core.canonical import decode
from truenav.core.ids import Sha256
from truenav.store.blobs import BlobStore
from truenav.store.runs import Run, RunConflictError


def read_inputs(blobs: BlobStore, run: Run) -> NavInputs:
    """What a calculated run was computed from."""
    return decode(NavInputs, json.loads(blobs.read(_calculated(run, run.inputs_sha))))


def read_result_bytes(blobs: BlobStore, run: Run) -> bytes:
    """The canonical bytes of a calculated run's result; their SHA-256 is the run's ``result_sha``."""
    return blobs.read(_calculated(run, run.result_sha))


def read_result(blobs: BlobStore, run: Run) -> NavResult:
    """The result of a calculated run."""
    return decode(NavResult, json.loads(read_result_bytes(blobs, run)))


def read_bundle(blobs: BlobStore, run: Run) -> bytes:
    """The evidence bundle of a published run."""
    if run.bundle_sha is None:
        raise RunConflictError(f"The run {run.id!r} is {run.state}; a bundle is made when it is published.")
    return blobs.read(run.bundle_sha)


def _calculated(run: Run, sha: Sha256 | None) -> Sha256:
    if sha is None:
        raise RunConflictError(f"The run {run.id!r} is {run.state}; it is not calculated yet.")
    return sha
