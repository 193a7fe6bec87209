"""The rotation of keys knows every encrypted field. Otherwise an old key could never be removed."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

# Bytes that no key of CONTENT_KEYS encrypted, with the reason.
OTHERS = {
    "chat.Conversation.resume_digest": "a slow hash of the code de reprise (ADR 0011)",
    "reports.SealedValue.sealed": "for the custodians; the exchange's key seals that again, as bytes (ADR 0030, 0114)",
    "reports.OpeningRequest.recipient": "the public key of a browser",
    "reports.OpeningRequest.claim_recipient": "the public key of the browser that claims the request (ADR 0074)",
    "reports.OpeningRequest.sealed_reply": "sealed for that browser (ADR 0032)",
    "reports.ProofChunk.hashes": "salted digests, which say nothing (ADR 0084)",
    "reports.ProofChunk.root": "a digest of these",
    "reports.ProofToken.token": "what a time-stamping authority signed, for everybody to read",
}
# Values that belong to no exchange: the key ring seals them, and they expire by themselves.
OF_NO_EXCHANGE = {
    "chat.Debrief": "between an agent and the psychologist",
    "chat.OwnReply": "an agent's own",
    "data_keys.WrappedKey": "the key of an exchange, which the ring wraps",
    "pages.Feedback": "an opinion on the service",
}
OURS = ("chat", "reports", "triage", "locations", "common", "pnav")


def fields_of_bytes() -> dict[str, type[models.Model]]:
    return {
        f"{model._meta.label}.{field.name}": model
        for model in apps.get_models()
        if model.__module__.partition(".")[0] in OURS
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField)
    }


@pytest.mark.parametrize("name", sorted(fields_of_bytes()))
def test_encrypted_field_is_rotated(name: str):
    model = fields_of_bytes()[name]
    is_named = name.rpartition(".")[2] in getattr(model, "SEALED", ())
    assert is_named != (name in OTHERS), "Name it in SEALED of its model, or say in OTHERS what else it is."


def test_exceptions_exist():
    assert set(OTHERS) <= set(fields_of_bytes())


@pytest.mark.parametrize("name", sorted(set(fields_of_bytes()) - set(OTHERS)))
def test_encrypted_field_is_bound_to_its_row(name: str):
    assert hasattr(fields_of_bytes()[name], "context"), "a text that is moved to another row must not open there"


def sealed_models() -> dict[str, type[models.Model]]:
    return {model._meta.label: model for model in apps.get_models() if hasattr(model, "SEALED")}


@pytest.mark.parametrize("name", sorted(sealed_models()))
def test_words_of_an_exchange_are_sealed_with_its_key(name: str):
    """A model of an exchange says how it leads to its report, and which key seals it; the others say why not."""
    model = sealed_models()[name]
    is_of_one = hasattr(model, "EXCHANGE")
    assert is_of_one != (name in OF_NO_EXCHANGE), (
        "Name the way to its report in EXCHANGE, or say in OF_NO_EXCHANGE why."
    )
    if is_of_one:
        assert hasattr(model, "data_key")
        assert model._default_manager.filter(**{model.EXCHANGE: 1}).query, "the way to its report"


OF_AN_EXCHANGE = sorted(name for name, model in sealed_models().items() if getattr(model, "EXCHANGE", "pk") != "pk")


@pytest.mark.parametrize("name", OF_AN_EXCHANGE)
def test_words_of_an_exchange_are_read_with_what_opens_them(name: str):
    """Otherwise a rotation of keys, or a proof of a backup, asks one query more for each row that it opens."""
    model: Any = sealed_models()[name]
    way = model.EXCHANGE.removesuffix("__report")
    beside = getattr(model, "SEALED_WITH", ())
    assert any(one == way or one.startswith(f"{way}__") for one in beside), f"Name « {way} » in SEALED_WITH."


def test_models_of_no_exchange_exist():
    assert set(OF_NO_EXCHANGE) <= set(sealed_models())
