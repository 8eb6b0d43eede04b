import pytest

from truenav.access.errors import WeakPasswordError
from truenav.access.passwords import (
    NO_PASSWORD,
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)

PERSONAL = ("anna.meier@example.com", "Anna Meier", "northwind")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "fourteen.signs",
        "x" * 257,
        "aaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "abcdefghijklmno",
        "123456789012345",
        "qwertyuiop12345",
        "poiuytrewq54321",
        "password1234567",
        "P@ssw0rd2026!!!!",
        "truenav-truenav",
        "Bitcoin!2026!!!",
        "anna-meier-0123",
        "northwind202612",
        "correct horse battery staple",
    ],
)
def test_a_password_that_guessers_try_is_refused_without_repeating_it(password):
    with pytest.raises(WeakPasswordError) as refusal:
        check_password(password, personal=PERSONAL)
    assert password not in refusal.value.message


@pytest.mark.parametrize(
    "password",
    [
        "violet otter climbs 7 stairs",
        "nine.blue.kettles",
        "密码不是这个而是另外一个很长句子",
        "kR7#vv2!pLq9zX.",
        "x7" + "né pas" * 42,
    ],
)
def test_a_long_password_that_is_nobodys_word_is_accepted(password):
    check_password(password, personal=PERSONAL)


def test_only_the_right_password_fits_and_the_hash_is_argon2id():
    stored = hash_password("nine.blue.kettles")
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, "nine.blue.kettles")
    assert not verify_password(stored, "nine.blue.kettle")
    assert not needs_rehash(stored)


def test_the_same_letters_typed_on_another_keyboard_fit():
    assert verify_password(hash_password("caf\u00e9 in the morning"), "cafe\u0301 in the morning")


def test_an_unknown_user_fits_no_password_and_a_broken_hash_fits_none_either():
    assert not verify_password(None, "no user has this password")
    assert not verify_password("not a hash", "nine.blue.kettles")


def test_eight_characters_do_where_a_second_factor_is_asked_for_and_seven_never():
    check_password("kR7#vv2!", with_factor=True)
    with pytest.raises(WeakPasswordError, match="fewer than 8"):
        check_password("kR7#vv2", with_factor=True)
    with pytest.raises(WeakPasswordError, match="second factor"):
        check_password("kR7#vv2!")


def test_each_code_point_counts_as_one_character():
    check_password("𝔸𝕓𝟜密𝕏é𝕐ß𝕫ø𝕒漢𝕔字𝕕")


def test_a_user_without_a_password_fits_none():
    assert not verify_password(NO_PASSWORD, NO_PASSWORD)
    assert not verify_password(NO_PASSWORD, "")
