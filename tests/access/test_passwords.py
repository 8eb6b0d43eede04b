import pytest

from truenav.access.errors import WeakPasswordError
from truenav.access.passwords import check_password, hash_password, needs_rehash, verify_password

PERSONAL = ("anna.meier@example.com", "Anna Meier", "northwind")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "x" * 257,
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijkl",
        "123456789012",
        "qwertyuiop12",
        "poiuytrewq21",
        "password1234",
        "P@ssw0rd2026!",
        "truenav-truenav",
        "Bitcoin!2026!",
        "anna-meier-01",
        "northwind2026",
        "correct horse battery staple",
    ],
)
def test_a_password_that_guessers_try_is_refused_without_repeating_it(password):
    with pytest.raises(WeakPasswordError) as refusal:
        check_password(password, personal=PERSONAL)
    assert password not in refusal.value.message


@pytest.mark.parametrize(
    "password",
    ["violet otter climbs 7 stairs", "nine.blue.kettles", "密码不是这个而是另外一个长句", "kR7#vv2!pLq9zX"],
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
