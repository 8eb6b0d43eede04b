"""The deterministic archive: any zip tool opens it, and every foreign byte is noticed."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.proof.archive import ArchiveError, Entry, read_archive, write_archive

ENTRIES = [Entry("a.txt", b"one\n"), Entry("b/empty", b""), Entry("b/c.bin", bytes(range(256)))]


def test_the_standard_zip_reader_finds_every_file_intact():
    with zipfile.ZipFile(io.BytesIO(write_archive(ENTRIES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            entry.name: entry.data for entry in ENTRIES
        }


names = st.text(st.sampled_from("abc/._-0123456789"), min_size=1, max_size=12)


@given(st.dictionaries(names, st.binary(max_size=64), min_size=1, max_size=8))
def test_what_went_in_comes_out_and_writes_the_same_bytes_again(files):
    entries = [Entry(name, data) for name, data in files.items()]
    data = write_archive(entries)
    assert read_archive(data) == entries
    assert write_archive(read_archive(data)) == data


def test_any_flipped_byte_is_refused_or_changes_the_rewritten_archive():
    data = write_archive(ENTRIES)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0x01
        try:
            again = write_archive(read_archive(bytes(flipped)))
        except ArchiveError:
            continue
        # Rewriting either restores the original byte (a header) or keeps the change (a name, the data).
        assert again != bytes(flipped) or read_archive(bytes(flipped)) != ENTRIES


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", write_archive(ENTRIES)[:20]])
def test_something_else_is_refused(data):
    with pytest.raises(ArchiveError):
        read_archive(data)


def test_a_bundle_that_was_packed_again_by_another_tool_is_told_as_such():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", bytes(10_000_000))
    with pytest.raises(ArchiveError, match="compressed"):
        read_archive(packed.getvalue())
