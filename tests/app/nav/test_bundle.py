"""What the verifier answers: to the honest bundle, to forgers with a key of their own, to odd content."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from tests.app.nav.bundle_sample import GOLDEN, OTHER_SIGNER, POSITIONS, SIGNER, content
from tests.app.nav.bundle_tools import contents, repacked, resealed

from truenav.app.nav.bundle import build_bundle
from truenav.app.proof.lines import BundleDifferenceError, read_section
from truenav.app.proof.signing import Signature, SignatureError, check_signature, fingerprint_of
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.cli.verify import DIFFERENT, SIGNER_NOT_VERIFIED, read_key, verify
from truenav.core.canonical import canonical_json, canonical_lines, sha256_hex
from truenav.core.evidence import UNIFIED
from truenav.core.failure import InvalidInputError

BUNDLE = GOLDEN.read_bytes()
FILES = contents(BUNDLE)
KEY = SIGNER.public_key


def edited(name: str, line: int, change) -> bytes:
    """The bundle with one JSON line changed, signed again by a forger."""
    lines = FILES[name].splitlines()
    record = json.loads(lines[line])
    change(record)
    lines[line] = canonical_json(record)
    return resealed(FILES | {name: b"".join(one + b"\n" for one in lines)}, OTHER_SIGNER)


def difference(data: bytes) -> str:
    found = verify_bundle(data)
    assert found.verdict is Verdict.DIFFERENT, found
    return found.difference


# --- The honest bundle ---


def test_the_golden_bundle_is_built_again_to_the_byte():
    assert build_bundle(content(), SIGNER) == BUNDLE, (
        "run tests/app/nav/bundle_sample.py --write if it is meant"
    )


def test_a_bundle_of_the_first_method_still_verifies():
    found = verify_bundle(GOLDEN.with_name("small-nav-1.zip").read_bytes(), key=KEY)
    assert found.verdict is Verdict.IDENTICAL


def test_rows_that_a_library_made_of_answers_are_told(tmp_path):
    plain = content()
    evidence = tuple(
        replace(one, request=replace(one.request, method=UNIFIED)) if one.endpoint == "positions/1" else one
        for one in plain.evidence
    )
    data = build_bundle(replace(plain, evidence=evidence), SIGNER)
    assert (verify_bundle(data).unified, verify_bundle(BUNDLE).unified) == (1, 0)
    file = tmp_path / "bundle.zip"
    file.write_bytes(data)
    told = CliRunner().invoke(verify, [str(file), "--key", KEY])
    assert (told.exit_code, "1 of the payloads are rows that ccxt made" in told.output) == (0, True)


def test_identical_with_the_key_or_its_fingerprint():
    for key in (KEY, fingerprint_of(KEY), KEY.upper()):
        found = verify_bundle(BUNDLE, key=key)
        assert found.verdict is Verdict.IDENTICAL
        assert found.difference == ""
    assert found.run == "alpha-20260102t160000-0001"
    assert (found.fund, found.payloads, found.facts) == ("alpha", 7, 10)
    assert (found.fingerprint, found.sha256) == (fingerprint_of(KEY), sha256_hex(BUNDLE))


def test_without_a_key_the_signer_is_not_verified():
    assert verify_bundle(BUNDLE).verdict is Verdict.SIGNER_NOT_VERIFIED


def test_the_order_in_which_evidence_is_handed_in_does_not_matter():
    made = content()
    for seed in range(5):
        shuffled = list(made.evidence)
        random.Random(seed).shuffle(shuffled)
        payloads = dict(sorted(made.payloads.items(), reverse=bool(seed % 2)))
        assert build_bundle(replace(made, evidence=tuple(shuffled), payloads=payloads), SIGNER) == BUNDLE


def test_one_payload_that_two_accounts_received_is_kept_once_with_two_lines_of_evidence():
    rows = [json.loads(line) for line in FILES["evidence.jsonl"].splitlines()]
    sha = sha256_hex(POSITIONS)
    assert [row["account"] for row in rows if row["sha256"] == sha] == ["okx-a", "okx-b"]
    assert f"payloads/{sha}" in FILES


def test_evidence_that_states_nothing_of_this_nav_stays_out():
    made = content()
    first = next(
        one for one in made.evidence if one.account == "okx-a" and one.sha256 == sha256_hex(POSITIONS)
    )
    again = [
        replace(first, asked_at=at, answered_at=at)
        for at in (first.answered_at - timedelta(hours=hours) for hours in range(1, 20))
    ]
    assert build_bundle(replace(made, evidence=(*made.evidence, *again)), SIGNER) == BUNDLE


def test_a_correction_and_its_void_travel_with_what_they_concern():
    entries = [json.loads(data) for data in FILES.values() if b"manual_entry" in data]
    assert {one["body"]["is"] for one in entries} == {"manual_item", "void"}


# --- The forger ---


def test_a_changed_figure_is_shown_beside_the_computed_one():
    forged = repacked(FILES | {"result.jsonl": FILES["result.jsonl"].replace(b"272300.93", b"972300.93")})
    found = verify_bundle(forged, key=KEY)
    assert found.verdict is Verdict.DIFFERENT
    assert found.difference.startswith("result.jsonl line 2\nin the bundle: ")
    given, computed = found.difference.split("\n")[1:]
    assert "972300.93" in given
    assert "272300.93" in computed


def test_a_changed_figure_signed_again_is_found_even_without_a_key():
    result = FILES["result.jsonl"].replace(b"272300.93", b"972300.93")
    assert difference(resealed(FILES | {"result.jsonl": result}, OTHER_SIGNER)).startswith(
        "result.jsonl line 2\n"
    )


def test_a_fact_that_was_left_out_is_found_in_its_payload():
    facts = b"".join(line for line in FILES["facts.jsonl"].splitlines(True) if b'"is":"trade"' not in line)
    assert difference(resealed(FILES | {"facts.jsonl": facts}, OTHER_SIGNER)).startswith(
        "facts.jsonl line 2\n"
    )


def test_a_changed_payload_changes_the_facts():
    sha = sha256_hex(POSITIONS)
    body = POSITIONS.replace(b"-1.5", b"-9.5")
    files = {name: data for name, data in FILES.items() if name != f"payloads/{sha}"}
    files[f"payloads/{sha256_hex(body)}"] = body
    files["evidence.jsonl"] = files["evidence.jsonl"].replace(sha.encode(), sha256_hex(body).encode())
    assert difference(resealed(files, OTHER_SIGNER)).startswith("facts.jsonl line ")


def test_a_payload_under_a_wrong_name_is_found():
    sha = sha256_hex(POSITIONS)
    files = dict(FILES)
    files["payloads/not-a-hash"] = files.pop(f"payloads/{sha}")
    assert (
        difference(resealed(files, OTHER_SIGNER)) == f"payloads/not-a-hash is not named by its SHA-256, {sha}"
    )


def test_an_unused_payload_is_found():
    files = FILES | {f"payloads/{sha256_hex(b'x')}": b"x"}
    assert difference(resealed(files, OTHER_SIGNER)).endswith("has no line in evidence.jsonl")


def test_a_missing_payload_is_found():
    sha = sha256_hex(POSITIONS)
    files = {name: data for name, data in FILES.items() if sha not in name}
    assert difference(resealed(files, OTHER_SIGNER)) == f"evidence.jsonl line 4: payloads/{sha} is missing"


def test_an_honest_bundle_signed_by_another_is_refused_with_the_key_and_doubted_without():
    forged = resealed(FILES, OTHER_SIGNER)
    found = verify_bundle(forged, key=KEY)
    assert found.verdict is Verdict.DIFFERENT
    assert fingerprint_of(OTHER_SIGNER.public_key) in found.difference
    assert verify_bundle(forged).verdict is Verdict.SIGNER_NOT_VERIFIED


@pytest.mark.parametrize(
    "spelled",
    [
        lambda one: replace(one, signature=one.signature.upper()),
        lambda one: replace(one, public_key=one.public_key.upper()),
        lambda one: replace(one, signature=one.signature[:64] + " " + one.signature[64:]),
        lambda one: replace(one, public_key=one.public_key[:-1]),
        lambda one: replace(one, algorithm="ED25519"),
        lambda one: replace(one, signature="0" * 128),
    ],
)
def test_a_signature_has_one_spelling(spelled):
    root = bytes(32)
    signature = SIGNER.sign(root)
    check_signature(signature, root, KEY)
    with pytest.raises(SignatureError):
        check_signature(spelled(signature), root, None)


def test_a_signature_with_the_group_order_added_is_refused():
    root = bytes(32)
    signature = SIGNER.sign(root)
    order = 2**252 + 27742317777372353535851937790883648493
    raw = bytes.fromhex(signature.signature)
    scalar = int.from_bytes(raw[32:], "little") + order
    again = Signature("ed25519", KEY, (raw[:32] + scalar.to_bytes(32, "little")).hex())
    with pytest.raises(SignatureError):
        check_signature(again, root, None)


# --- Odd content, signed by whoever wrote it ---


@pytest.mark.parametrize(
    ("name", "line", "change", "said"),
    [
        ("evidence.jsonl", 0, lambda row: row.update(size=1), "evidence.jsonl line 1: payloads/"),
        ("evidence.jsonl", 0, lambda row: row.update(answered_at="2026-01-03T00:00:00Z"), "already computed"),
        ("evidence.jsonl", 0, lambda row: row.update(connector="nobody"), "not an installed connector"),
        ("evidence.jsonl", 0, lambda row: row.update(status=500), "states no facts"),
        ("evidence.jsonl", 0, lambda row: row.update(extra=1), "unknown field 'extra'"),
        ("definitions.jsonl", 5, lambda row: row.update(value="0001-01-01T00:00:00Z"), "cannot be computed"),
        (
            "definitions.jsonl",
            16,
            lambda row: row["value"].update(output_places=10**30),
            "cannot be computed",
        ),
        ("definitions.jsonl", 0, lambda row: row.update(extra=1), "definitions.jsonl line 1 is neither"),
        ("definitions.jsonl", 0, lambda row: row.update(key=["a"]), "definitions.jsonl line 1 is neither"),
        ("definitions.jsonl", 0, lambda row: row.update(key="unheard_of"), "unknown field 'unheard_of'"),
        (
            "run.jsonl",
            0,
            lambda row: row.update(format="truenav-evidence/9"),
            "this verifier reads truenav-evidence/1,",
        ),
        ("run.jsonl", 0, lambda row: row.update(extra=1), "unknown field 'extra'"),
    ],
)
def test_odd_content_is_named(name, line, change, said):
    assert said in difference(edited(name, line, change))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("run.jsonl", b"", "run.jsonl: exactly one line is wanted, 0 were found"),
        ("run.jsonl", FILES["run.jsonl"] * 2, "run.jsonl: exactly one line is wanted, 2 were found"),
        ("run.jsonl", FILES["run.jsonl"][:-1], "run.jsonl line 1 is not ended"),
        ("run.jsonl", b"\xff\xfe\n", "run.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b"[1]\n", "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":1.5}\n', "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":NaN}\n', "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":1,"a":2}\n', "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a": 1}\n', "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":"\\ud800"}\n', "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":' + b"9" * 5000 + b"}\n", "evidence.jsonl line 1 is not canonical JSON"),
        ("evidence.jsonl", b'{"a":' + b"[" * 200_000 + b"\n", "evidence.jsonl line 1 is not canonical JSON"),
        ("definitions.jsonl", b"", "field 'accounts' is missing"),
        (
            "definitions.jsonl",
            FILES["definitions.jsonl"] + b'{"key":"facts","value":[]}\n',
            "definitions.jsonl line",
        ),
        ("README.txt", b"Send money here.\n", "README.txt line 1\n"),
    ],
)
def test_a_file_in_another_form_is_named(name, data, said):
    assert said in difference(resealed(FILES | {name: data}, OTHER_SIGNER))


@pytest.mark.parametrize(
    "lines",
    [
        [{"key": "a", "value": 1}, {"key": "a", "value": 2}],
        [{"key": "a", "value": 1}, {"item": 2, "key": "a"}],
        [{"item": 2, "key": "a"}, {"key": "a", "value": 1}],
    ],
)
def test_a_definition_that_is_given_twice_is_refused(lines):
    with pytest.raises(BundleDifferenceError, match="line 2 gives 'a' a second time"):
        read_section("definitions.jsonl", canonical_lines(lines))


def _deep(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


ODD = (
    None,
    "",
    "x",
    -1,
    0,
    10**40,
    "1E+400",
    "NaN",
    "-1",
    [],
    {},
    [None],
    {"is": "void"},
    True,
    _deep(50),
    "\0",
)


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


@pytest.mark.parametrize("seed", range(8))
def test_no_value_anywhere_makes_the_verifier_fail(seed):
    chance = random.Random(seed)
    for _ in range(40):
        name = chance.choice(("definitions.jsonl", "definitions.jsonl", "evidence.jsonl", "run.jsonl"))
        lines = [json.loads(line) for line in FILES[name].splitlines()]
        line = chance.choice(lines)
        *path, last = chance.choice([path for path in _places(line) if path])
        target = line
        for step in path:
            target = target[step]
        if chance.random() < 0.15 and isinstance(target, dict):
            del target[last]
        else:
            target[last] = chance.choice(ODD)
        forged = resealed(FILES | {name: canonical_lines(lines)}, OTHER_SIGNER)
        assert verify_bundle(forged, key=KEY).verdict is Verdict.DIFFERENT
        found = verify_bundle(forged)
        assert found.verdict is Verdict.SIGNER_NOT_VERIFIED or found.difference


# --- The command ---


def run(*arguments: object):
    return CliRunner().invoke(verify, [str(one) for one in arguments])


def test_the_command_says_identical_and_exits_0():
    answer = run(GOLDEN, "--key", KEY)
    assert answer.exit_code == 0
    assert answer.output.startswith("small.zip: identical, byte for byte\n")
    assert sha256_hex(BUNDLE) in answer.output


def test_the_command_without_a_key_exits_7():
    answer = run(GOLDEN)
    assert answer.exit_code == SIGNER_NOT_VERIFIED == 7
    assert answer.output.startswith("small.zip: intact, signer not verified\n")


def test_what_a_forger_writes_cannot_move_the_cursor(tmp_path):
    path = tmp_path / "forged.zip"
    trick = "\x1b[2K\rforged.zip: identical, byte for byte\nforged.zip: identical\u202e"
    path.write_bytes(edited("run.jsonl", 0, lambda row: row.update(id=trick)))
    answer = run(path)
    assert answer.exit_code == SIGNER_NOT_VERIFIED
    assert not any(line.startswith("forged.zip: identical") for line in answer.output.splitlines())
    assert not {"\x1b", "\r", "\u202e"} & set(answer.output)


def test_a_key_may_stand_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "printed").write_text(
        json.dumps([{"public_key": KEY, "fingerprint": fingerprint_of(KEY)}], indent=2)
    )
    assert read_key(str(tmp_path / "key")) == read_key(str(tmp_path / "printed")) == KEY


def test_a_file_named_like_the_key_is_not_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / KEY).write_text(OTHER_SIGNER.public_key)
    assert read_key(KEY.upper()) == KEY


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, KEY[:-1], "x" * 5000, "nul\0"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(InvalidInputError, match="--key"):
        read_key(text)


def test_a_file_without_a_key_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff" * 10_000)
    with pytest.raises(InvalidInputError, match="holds no key"):
        read_key(str(tmp_path / "key"))


def test_a_file_beyond_any_bundle_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.zip"
    with path.open("wb") as file:
        file.truncate(2**32 + 1)
    answer = run(path)
    assert isinstance(answer.exception, InvalidInputError)
    assert "larger than 4 GiB" in answer.exception.message


def test_something_else_than_a_bundle_is_different(tmp_path):
    path = tmp_path / "other.zip"
    path.write_bytes(b"hello")
    answer = run(path)
    assert answer.exit_code == DIFFERENT
    assert "not a zip archive of an evidence bundle" in answer.output
