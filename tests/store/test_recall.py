"""What a reading and the one before it had is not made again; what is older is forgotten."""

from truenav.store.recall import Recall


def test_a_value_is_made_once_and_forgotten_when_a_whole_reading_did_not_ask_for_it():
    made: list[str] = []

    def asked(recall: Recall, key: str) -> str:
        return recall.get(key, lambda: made.append(key) or key.upper())

    first = Recall()
    assert [asked(first, "a"), asked(first, "a"), asked(first, "b")] == ["A", "A", "B"]
    second = Recall(first)
    assert "a" in second
    assert asked(second, "a") == "A"
    assert made == ["a", "b"]
    third = Recall(second)
    assert "b" not in third
    assert [asked(third, "a"), asked(third, "b")] == ["A", "B"]
    assert made == ["a", "b", "b"]
