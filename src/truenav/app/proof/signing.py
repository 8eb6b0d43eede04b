"""Ed25519 signatures over Merkle roots, and the fingerprint by which people know a key."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from truenav.core.canonical import sha256_hex
from truenav.core.failure import InvalidInputError

_DOMAIN = b"truenav evidence bundle v1\n"
"""What every signature starts with, so that it can stand for nothing else."""

_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{128}", re.ASCII)


class SignatureError(InvalidInputError):
    """A signature is malformed, belongs to other content, or is not by the expected signer."""

    code = "bad-signature"
    title = "The signature does not hold"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the public key that it claims, both lower-case hexadecimal."""

    algorithm: str
    public_key: str
    signature: str


class Signer:
    """Signs roots with a private key that never leaves it."""

    def __init__(self, seed: bytes, *, domain: bytes = _DOMAIN) -> None:
        """``seed``: the 32 secret bytes of the Ed25519 key; ``domain``: what its signatures stand for."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._domain = domain

    @property
    def public_key(self) -> str:
        """The public key, 64 hexadecimal digits."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, root: bytes) -> Signature:
        """A deterministic signature over a Merkle root."""
        return Signature("ed25519", self.public_key, self._key.sign(self._domain + root).hex())


def fingerprint_of(public_key: str) -> str:
    """SHA-256 of a raw public key given as hexadecimal; hexadecimal itself."""
    return sha256_hex(bytes.fromhex(public_key))


def check_signature(signature: Signature, root: bytes, key: str | None, *, domain: bytes = _DOMAIN) -> None:
    """Refuse a signature that does not belong to the root, or is by another signer than ``key``.

    ``key`` is a public key or its fingerprint (64 hexadecimal digits either way); None trusts the key that
    stands in the signature. Only one spelling of a signature is taken: its text is what travels.
    """
    if signature.algorithm != "ed25519":
        raise SignatureError("Only signatures of the algorithm ed25519 are known.")
    if not (_KEY.fullmatch(signature.public_key) and _SIGNATURE.fullmatch(signature.signature)):
        raise SignatureError("A key has 64 and a signature 128 lower-case hexadecimal digits.")
    fingerprint = fingerprint_of(signature.public_key)
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
        public.verify(bytes.fromhex(signature.signature), domain + root)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("The signature does not belong to this content and key.") from error
    if key is not None and key.lower() not in (signature.public_key, fingerprint):
        raise SignatureError(f"It is signed by the key with fingerprint {fingerprint}, not by the key given.")
