"""Check the seal of a truenav evidence bundle with Python's standard library alone.

    python check_bundle.py BUNDLE [--key PUBLIC_KEY_OR_FINGERPRINT]

A second opinion, written from the format's description and sharing no code with truenav. It checks the
layout of the archive, the hash of every payload, the manifest, the Merkle tree of RFC 6962 and the Ed25519
signature of RFC 8032, and prints the root. It does not compute the NAV again; ``truenav verify`` does.

Exit codes: 0 the seal holds and the signer is KEY; 7 it holds, but no KEY was given; 8 it does not hold;
2 wrong usage.
"""

# ruff: noqa: T201 - a script that prints
from __future__ import annotations

import argparse
import hashlib
import re
import sys
import zlib
from pathlib import Path

DOMAIN = b"truenav evidence bundle v1\n"
FIRST = ["README.txt", "definitions.jsonl", "evidence.jsonl", "facts.jsonl", "result.jsonl", "run.jsonl"]
LAST = ["manifest.jsonl", "signature.jsonl"]


Point = tuple[int, int, int, int]


class BrokenError(Exception):
    """The seal does not hold; the message says where."""


def need(holds: object, message: str) -> None:
    """Stop at the first thing that does not hold."""
    if not holds:
        raise BrokenError(message)


# --- The archive: read from its end, as the zip format means it to be read ---


def number(data: bytes, at: int, size: int) -> int:
    """A little-endian number."""
    return int.from_bytes(data[at : at + size], "little")


def read_zip(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents in order; every byte of the archive must be accounted for."""
    end = len(data) - 22
    need(end >= 0 and data[end : end + 4] == b"PK\5\6", "the archive does not end with an end record")
    count, size, start = number(data, end + 10, 2), number(data, end + 12, 4), number(data, end + 16, 4)
    tail = bytes(4) + data[end + 10 : end + 12] * 2 + data[end + 12 : end + 20] + bytes(2)
    need(data[end + 4 :] == tail, "the end record is not in its one form")
    need(start + size == end, "the directory does not reach to the end record")
    files: list[tuple[str, bytes]] = []
    here, place = start, 0
    for _ in range(count):
        need(here + 46 <= end, "the directory is cut off")
        name, content, place = read_entry(data, here, place, start)
        files.append((name, content))
        here += 46 + len(name)
    need(here == end, "the directory holds more than its entries")
    need(place == start, "bytes lie between the last entry and the directory")
    return files


def read_entry(data: bytes, here: int, place: int, limit: int) -> tuple[str, bytes, int]:
    """One entry by its line in the directory; its local header must lie at ``place`` and say the same."""
    crc, size, name_size = (
        data[here + 16 : here + 20],
        data[here + 20 : here + 24],
        data[here + 28 : here + 30],
    )
    name = data[here + 46 : here + 46 + number(name_size, 0, 2)]
    shared = bytes(6) + b"\x21\0" + crc + size * 2 + name_size + bytes(2)
    central = b"PK\1\2\x14\0\x14\0" + shared + bytes(10) + place.to_bytes(4, "little") + name
    need(
        data[here : here + len(central)] == central, f"the directory's entry {name!r} is not in its one form"
    )
    local = b"PK\3\4\x14\0" + shared + name
    need(data[place : place + len(local)] == local, f"the header of {name!r} is not in its one form")
    begin = place + len(local)
    content = data[begin : begin + number(size, 0, 4)]
    need(begin + number(size, 0, 4) <= limit, f"{name!r} is cut off")
    need(zlib.crc32(content) == number(crc, 0, 4), f"the CRC-32 of {name!r} does not fit its bytes")
    need(name.isascii(), f"the name {name!r} is not ASCII")
    return name.decode("ascii"), content, begin + len(content)


# --- The Merkle tree of RFC 6962, section 2.1, as it is defined there ---


def tree_hash(leaves: list[bytes]) -> bytes:
    """The root over a list of byte strings."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


# --- Ed25519, RFC 8032, section 5.1: points as (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, point: Point) -> Point:
    """A point added to itself ``factor`` times."""
    total: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def decode_point(text: bytes) -> Point | None:
    """The point of 32 bytes, or None where there is none."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def encode_point(point: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 4 * pow(5, -1, P) % P
BASE: Point = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature fits a message and public key."""
    point, scalar = decode_point(public_key), int.from_bytes(signature[32:], "little")
    if point is None or scalar >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public_key + message).digest()
    x, y, z, t = times(int.from_bytes(hashed, "little") % ORDER, point)
    return encode_point(add(times(scalar, BASE), (P - x, y, z, P - t))) == signature[:32]


# --- The bundle ---


def check(data: bytes, key: str | None = None) -> tuple[str, str]:
    """The root and the signer's fingerprint of a bundle whose seal holds; ``BrokenError`` otherwise."""
    files = read_zip(data)
    names = [name for name, _ in files]
    payloads = names[len(FIRST) : -len(LAST)]
    need(names == FIRST + payloads + LAST, "the archive does not hold the files of a bundle in their order")
    need(payloads == sorted(set(payloads)), "the payloads are not in order")
    for name, content in files[len(FIRST) : -len(LAST)]:
        need(
            name == "payloads/" + hashlib.sha256(content).hexdigest(),
            f"{name} has other bytes than its name says",
        )
    described = [
        f'{{"name":"{name}","sha256":"{hashlib.sha256(content).hexdigest()}","size":{len(content)}}}\n'
        for name, content in files[: -len(LAST)]
    ]
    manifest, signed = files[-2][1], files[-1][1]
    need(manifest == "".join(described).encode(), "manifest.jsonl does not describe the files")
    root = tree_hash([line.encode()[:-1] for line in described])
    form = rb'\{"algorithm":"ed25519","public_key":"([0-9a-f]{64})","signature":"([0-9a-f]{128})"\}\n'
    found = re.fullmatch(form, signed)
    if found is None:
        raise BrokenError("signature.jsonl is not in its one form")
    public_key, signature = (bytes.fromhex(part.decode()) for part in found.groups())
    need(is_signed(public_key, signature, DOMAIN + root), "the signature does not belong to the root and key")
    fingerprint = hashlib.sha256(public_key).hexdigest()
    need(key in (None, public_key.hex(), fingerprint), f"it is signed by {fingerprint}, not by the key given")
    return root.hex(), fingerprint


def main() -> int:
    """Check one file and say what was found."""
    parser = argparse.ArgumentParser(description="Check the seal of a truenav evidence bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", help="the signer's public key or fingerprint, 64 hexadecimal digits")
    given = parser.parse_args()
    key = None if given.key is None else given.key.strip().lower()
    if key is not None and not re.fullmatch("[0-9a-f]{64}", key):
        parser.error("--key: 64 hexadecimal digits are wanted")
    try:
        data = given.bundle.read_bytes()
        root, fingerprint = check(data, key)
    except OSError as error:
        parser.error(f"{given.bundle} cannot be read: {error.strerror}")
    except BrokenError as error:
        print(f"broken: {error}")
        return 8
    print("the seal holds" if key else "the seal holds, signer not verified")
    for name, value in (
        ("merkle root", root),
        ("fingerprint", fingerprint),
        ("sha256", hashlib.sha256(data).hexdigest()),
    ):
        print(f"  {name:<12} {value}")
    return 0 if key else 7


if __name__ == "__main__":
    sys.exit(main())
