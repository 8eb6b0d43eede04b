"""Every edit of a bundle is found, by two verifiers that share no code."""

from __future__ import annotations

import random

import pytest
from click.testing import CliRunner
from tests.app.nav.bundle_sample import GOLDEN, OTHER_SIGNER, SIGNER
from tests.app.nav.bundle_tools import (
    broken_seal,
    contents,
    random_edit,
    repacked,
    resealed,
    second_opinion,
    second_verifier,
    undetected,
)

from truenav.app.proof.seal import open_seal
from truenav.cli.verify import verify

BUNDLE = GOLDEN.read_bytes()
FILES = contents(BUNDLE)
STRIPES = 4


def test_both_verifiers_find_the_same_root_and_signer_in_the_intact_bundle():
    sealed = open_seal(BUNDLE, SIGNER.public_key)
    root, fingerprint = second_verifier.check(BUNDLE, SIGNER.public_key)
    assert sealed.root.hex() == root
    assert broken_seal(BUNDLE, fingerprint) == second_opinion(BUNDLE, fingerprint) == ""


@pytest.mark.parametrize("stripe", range(STRIPES))
def test_every_flipped_byte_is_found(stripe):
    flipped = (
        BUNDLE[:at] + bytes([BUNDLE[at] ^ (1 << (at // STRIPES) % 8)]) + BUNDLE[at + 1 :]
        for at in range(stripe, len(BUNDLE), STRIPES)
    )
    assert undetected(flipped) == []


@pytest.mark.parametrize("name", ["manifest.jsonl", "signature.jsonl", "run.jsonl"])
def test_every_flipped_bit_of_a_file_is_found_when_the_archive_was_written_again(name):
    data = FILES[name]
    bits = range(8) if name == "signature.jsonl" else (0, 5)
    edited = (
        repacked(FILES | {name: data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]})
        for at in range(len(data))
        for bit in bits
    )
    assert undetected(edited) == []


@pytest.mark.parametrize("length", [0, 1, 21, 22, 30, len(BUNDLE) // 2, len(BUNDLE) - 22, len(BUNDLE) - 1])
def test_a_truncated_bundle_is_found(length):
    assert undetected([BUNDLE[:length]]) == []


@pytest.mark.parametrize("more", [b"\0", b"\n", b"PK\x05\x06" + bytes(18), BUNDLE], ids=len)
def test_bytes_before_and_after_the_archive_are_found(more):
    assert undetected([BUNDLE + more, more + BUNDLE]) == []


def test_an_archive_comment_is_found():
    assert undetected([BUNDLE[:-2] + b"\x05\0hello"]) == []


def _without(name):
    return {one: data for one, data in FILES.items() if one != name}


def _swapped(number):
    items = list(FILES.items())
    items[number], items[number - 1] = items[number - 1], items[number]
    return dict(items)


def _renamed(name, new):
    return {new if one == name else one: data for one, data in FILES.items()}


ENTRY_EDITS = {
    **{f"deleted {name}": _without(name) for name in FILES},
    **{f"swapped {number}": _swapped(number) for number in range(1, len(FILES))},
    **{f"renamed {name}": _renamed(name, name[:-1] + "z") for name in FILES},
    "inserted file": {"notes.txt": b"hello"} | FILES,
    "inserted payload": {**_without("x"), "payloads/" + "0" * 64: b""},
    "payload out of its folder": _renamed(sorted(FILES)[-1], "../" + sorted(FILES)[-1]),
}


@pytest.mark.parametrize("edit", ENTRY_EDITS)
def test_a_deleted_swapped_renamed_or_inserted_file_is_found(edit):
    assert undetected([repacked(ENTRY_EDITS[edit])]) == []


def test_a_file_that_stands_twice_is_found():
    from truenav.app.proof.archive import read_archive, write_archive

    entries = read_archive(BUNDLE)
    doubled = [write_archive([*entries[:n], entries[n], *entries[n:]]) for n in range(len(entries))]
    assert undetected(doubled) == []


def test_signed_again_by_another_both_verifiers_ask_for_the_key():
    forged = resealed(FILES, OTHER_SIGNER)
    assert broken_seal(forged) == second_opinion(forged) == ""
    assert "not by the key given" in broken_seal(forged, SIGNER.public_key)
    assert "not by the key given" in second_opinion(forged, SIGNER.public_key)


def test_random_edits_are_found():
    chance = random.Random(1)
    assert undetected(random_edit(BUNDLE, chance) for _ in range(2_000)) == []


@pytest.mark.nightly
def test_a_hundred_thousand_random_edits_are_found():
    chance = random.Random(2)
    assert undetected(random_edit(BUNDLE, chance) for _ in range(100_000)) == []


def test_the_command_answers_8_and_names_a_difference_for_a_sample_of_flips(tmp_path):
    chance = random.Random(3)
    path, runner = tmp_path / "small.zip", CliRunner()
    for at in chance.sample(range(len(BUNDLE)), 200):
        path.write_bytes(BUNDLE[:at] + bytes([BUNDLE[at] ^ (1 << chance.randrange(8))]) + BUNDLE[at + 1 :])
        answer = runner.invoke(verify, [str(path), "--key", SIGNER.public_key])
        assert answer.exit_code == 8, (at, answer.output, answer.exception)
        assert "small.zip: different\nfirst difference: " in answer.output
