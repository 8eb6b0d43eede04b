"""Names that the fonts can print, and those they cannot."""

from __future__ import annotations

import pytest

from truenav.app.statements.glyphs import BOX, Printer, printable_characters
from truenav.app.statements.words import words


def test_every_word_of_the_statement_can_be_printed_in_both_languages():
    for key, both in words().items():
        assert both.keys() == {"en", "zh"}, key
        missing = {char for text in both.values() for char in text if ord(char) not in printable_characters()}
        assert not missing - {" "}, (key, missing)


def test_common_names_need_no_box():
    printer = Printer()
    for name in ("鑫源母基金·一期", "Stiftung Mitte GmbH & Co. KGaA", "Ærø Šćepanović", "Афина", "Ελλάς"):
        assert printer.text(name) == name
    assert printer.missing == ()


@pytest.mark.parametrize(
    ("name", "shown", "missing"),
    [
        ("Moon 🚀", f"Moon {BOX}", ("U+1F680",)),
        ("abc\u202egnp.exe", f"abc{BOX}gnp.exe", ("U+202E",)),
        ("a\x00b", f"a{BOX}b", ("U+0000",)),
        ("صندوق", BOX * 5, ("U+062F", "U+0635", "U+0642", "U+0646", "U+0648")),
    ],
)
def test_what_cannot_be_printed_is_a_box_and_is_named(name, shown, missing):
    printer = Printer()
    assert printer.text(name) == shown
    assert printer.missing == missing


def test_a_long_word_can_be_broken_and_loses_nothing():
    shown = Printer().text("x" * 200)
    assert shown.replace("\u200b", "") == "x" * 200
    assert max(map(len, shown.split("\u200b"))) == 8


def test_line_breaks_in_a_name_become_spaces():
    assert Printer().text("a\n b\t\tc") == "a b c"
