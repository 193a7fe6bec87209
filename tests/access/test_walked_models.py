"""`test_queries` walks every table that belongs to a report or an exchange, or it is listed here as not walked."""

from reports.rules.inventory import HOLDINGS, With
from tests.access.test_queries import MODELS

# Transfers and supervision: acts of `chat.transfer` and `chat.supervision`, to which `chat.access` leads with
# `as_offered` and `as_supervisor`; tests/access/table.py tries their addresses with everybody. Their queries are not
# walked yet.
NOT_WALKED = {"chat.Handover", "chat.HandoverText", "chat.Direction", "chat.Watch", "chat.Whisper"}


def of_a_report() -> set[str]:
    """Return the tables whose rows go with a report, by however many steps."""

    def owner(table: str) -> str:
        holding = HOLDINGS.get(table)
        return owner(holding.table) if isinstance(holding, With) else table

    return {table for table in HOLDINGS if owner(table) == "reports.Report"}


def test_every_table_of_a_report_is_walked():
    missing = {table for table in of_a_report() if table.rpartition(".")[2] not in MODELS}
    assert missing == NOT_WALKED, "Add it to MODELS of tests/access/test_queries.py, and who may look for it to NAMED."


def test_tables_of_a_report_are_found():
    assert {"chat.Message", "chat.AsideMessage", "reports.SealedValue"} <= of_a_report()
