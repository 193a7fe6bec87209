"""The receiver of a transfer, as a form carries it."""

import pytest

from chat.rules.transfer import Target
from locations.models import Force


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(agent=12), "agent-12"),
        (Target(unit=3), "unit-3"),
        *((Target(force=force), f"force-{force}") for force in Force.values),
        (Target(agent=999_999_999), "agent-999999999"),
    ],
)
def test_target_is_read_back(target: Target, text: str):
    assert str(target) == text and Target.parse(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "", "agent", "agent-", "agent-0", "unit-0", "agent--1", "agent-1.5", "agent-١", "agent-1234567890", "agent-x",
        "force-", "force-agent", "unit-police", "agent-police", "nobody-1", "12", "-12",
    ],
)  # fmt: skip
def test_anything_else_is_no_target(text: str):
    with pytest.raises(ValueError, match="not a target"):
        Target.parse(text)
