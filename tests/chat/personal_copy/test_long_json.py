"""A long object is written in pieces as orjson writes it at once."""

import orjson
import pytest

from chat.personal_copy import long_json

ITEMS = [{"texte": 'Une ligne\n« deux », "trois" \\ 🙂', "vide": {}, "liste": [1, [], {"a": None}]}, "x\n", 3, [], {}]


@pytest.mark.parametrize("count", range(len(ITEMS) + 1))
def test_lists_that_are_iterators_are_written_as_lists(count):
    items = ITEMS[:count]
    whole = {"format": "a", "liste": items, "à côté": {"b": items}, "autre": items, "fin": None}
    given = whole | {"liste": iter(items), "autre": (one for one in items)}
    assert b"".join(long_json.dump(given)) == orjson.dumps(whole, option=orjson.OPT_INDENT_2)


def test_object_without_keys_is_one_too():
    assert b"".join(long_json.dump({})) == b"{}"


def test_one_item_is_asked_for_at_a_time():
    asked = []

    def items():
        for number in range(3):
            asked.append(number)
            yield number

    pieces = long_json.dump({"a": items(), "b": asked})
    seen = [(next(pieces), len(asked)) for _each in range(3)]
    assert [count for _piece, count in seen] == [0, 1, 2]
    # What is filled while the list is read is written after it.
    assert orjson.loads(b"".join(one for one, _count in seen) + b"".join(pieces)) == {"a": [0, 1, 2], "b": [0, 1, 2]}
