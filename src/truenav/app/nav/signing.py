"""Ed25519 signatures over Merkle roots, and the fingerprint by which people know a key."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from truenav.core.canonical import sha256_hex

_DOMAIN = b"truenav evidence bundle v1\n"
"""What every signature starts with, so that it can stand for nothing else."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the public key that it claims, both hexadecimal."""

    algorithm: str
    public_key: str
    signature: str


class Signer:
    """Signs roots with a private key that never leaves it."""

    def __init__(self, seed: bytes) -> None:
        """``seed``: the 32 secret bytes of the Ed25519 key."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """The public key, 64 hexadecimal digits."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, root: bytes) -> Signature:
        """A deterministic signature over a Merkle root."""
        return Signature("ed25519", self.public_key, self._key.sign(_DOMAIN + root).hex())


def fingerprint_of(public_key: str) -> str:
    """SHA-256 of the raw public key, hexadecimal."""
    try:
        return sha256_hex(bytes.fromhex(public_key))
    except ValueError:
        return ""


def is_signed_by(signature: Signature, root: bytes, key: str | None) -> bool:
    """Whether the signature fits the root and, where ``key`` is given, the signer is who he should be.

    ``key`` is a public key or its fingerprint (64 hexadecimal digits either way).
    """
    if key is not None and key.lower() not in (signature.public_key, fingerprint_of(signature.public_key)):
        return False
    if signature.algorithm != "ed25519":
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
        public.verify(bytes.fromhex(signature.signature), _DOMAIN + root)
    except (InvalidSignature, ValueError):
        return False
    return True
