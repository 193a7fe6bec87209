"""These are the forms with which agents and supervisors hand over a conversation."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import Agent, Unit
from chat.rules.lifecycle import Availability
from chat.rules.transfer import NOTE_MAX, SUMMARY_MAX, Manner, Reason, Target
from common.choices import label_of
from locations.models import Force

TOO_LONG = _("Le texte est trop long : %(limit_value)d caractères au plus.")


def _text(limit: int, **more: Any) -> forms.CharField:
    return forms.CharField(max_length=limit, error_messages={"max_length": TOO_LONG, **more.pop("errors", {})}, **more)


class TransferForm(forms.Form):
    """Asks to whom a conversation is handed over, how and why. The cleaned `target` is a Target.

    The choices are those of the moment. busy: colleagues who are present but cannot be chosen, each with
    the value that they have where they can, and the reason.
    warm_only: the targets that are asked first, with a summary, because nobody is given to whoever is away.
    queue: the target that is no team, for whoever knows somebody concerned. has_nobody: nothing but that can be chosen.
    """

    target = forms.ChoiceField(
        error_messages={
            "required": _("Choisissez à qui passer l'échange."),
            "invalid_choice": _("Ce destinataire n'est plus disponible : choisissez-en un autre."),
        }
    )
    manner = forms.ChoiceField(
        # In few words: the list is as narrow as the dossier, and cut them. The hint of the summary says who reads it.
        choices=[(Manner.WARM, _("Avec un résumé")), (Manner.COLD, Manner.COLD.label)],
        error_messages={"required": _("Choisissez comment passer l'échange.")},
    )
    reason = forms.ChoiceField(
        choices=[("", _("Choisissez un motif")), *Reason.choices],
        error_messages={"required": _("Choisissez un motif.")},
    )
    note = _text(NOTE_MAX, required=False)
    summary = _text(SUMMARY_MAX, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        people: list[Agent],
        units: list[Unit],
        others: list[str],
        queue: Target,
        busy: Sequence[Agent] = (),
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.queue, self.queue_value = queue, str(queue)
        self.busy = [(str(Target(agent=one.pk)), _why_not(one)) for one in busy]
        self.warm_only = [str(Target(agent=one.pk)) for one in people if _is_away(one)]
        self.has_nobody = not (people or units or others)
        self.fields["target"].choices = [  # type: ignore[attr-defined]
            ("", _("Personne d'autre") if self.has_nobody else _("Choisissez un destinataire")),
            (
                _("Un collègue"),
                [(str(Target(agent=one.pk)), _colleague(one)) for one in sorted(people, key=_is_away)],
            ),
            (_("Une unité"), [(str(Target(unit=one.pk)), one.name) for one in units]),
            (_("L'autre force"), [(str(Target(force=force)), Force(force).label) for force in others]),
            (_("Vous connaissez une personne concernée"), [(str(queue), _("La file, sans vous"))]),
        ]

    def clean_target(self) -> Target:
        return Target.parse(self.cleaned_data["target"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("manner") == Manner.WARM and "summary" in cleaned and not cleaned["summary"]:
            self.add_error("summary", _("Ce champ est vide. Sans lui, rien n'est transmis."))
        if cleaned.get("target") == self.queue and not self.errors:
            self._check_queue(cleaned)
        if cleaned.get("reason") == Reason.OTHER and "note" in cleaned and not cleaned["note"]:
            self.add_error("note", _("Précisez le motif en quelques mots."))
        return cleaned

    def _check_queue(self, cleaned: dict[str, Any]) -> None:
        """Refuse the queue to whoever knows nobody concerned: the person would lose their agent for nobody. No
        summary goes that way, because nobody is asked to take the person."""
        if cleaned["reason"] != Reason.IMPARTIALITY:
            text = _("« La file, sans vous » est pour le motif « Je connais une personne concernée ».")
            self.add_error("target", text)
        elif cleaned["manner"] == Manner.WARM:
            text = _("Par la file, l'échange part tout de suite, sans résumé : choisissez « Tout de suite ».")
            self.add_error("manner", text)


def _is_away(one: Agent) -> bool:
    return one.availability == Availability.AWAY


def _colleague(one: Agent) -> str:
    """Return a colleague as the list names them, and whether they are away, as their console may be open unwatched."""
    said = one.among_colleagues
    return str(_("%(who)s : console ouverte, pas disponible")) % {"who": said} if _is_away(one) else said


class OfferForm(forms.Form):
    """It is the colleague's answer to an offer."""

    answer = forms.ChoiceField(choices=[("accept", ""), ("decline", "")])
    reason = _text(NOTE_MAX, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == "decline" and "reason" in cleaned and not cleaned["reason"]:
            self.add_error("reason", _("Dites en quelques mots pourquoi vous déclinez : votre collègue le lira."))
        return cleaned


class MotiveForm(forms.Form):
    """It is the reason why a supervisor joins. The register keeps it unencrypted, so it must have nothing private."""

    motive = _text(150, errors={"required": _("Ce champ est vide. Donnez une raison, sans détail des faits.")})


class WhisperForm(forms.Form):
    """It is a line of the supervisor to the agent alone."""

    text = _text(NOTE_MAX, errors={"required": _("Écrivez quelques mots.")})


class ReassignForm(MotiveForm):
    """It is the agent to whom a supervisor gives an exchange, and the reason. own: the key of the supervisor."""

    field_order = ("agent", "motive")  # the order of the pages, because the first field with an error gets the focus

    agent = forms.TypedChoiceField(
        coerce=int,
        error_messages={
            "required": _("Choisissez un agent."),
            "invalid_choice": _("Cet agent n'est plus là : choisissez-en un autre."),
        },
    )

    def __init__(self, data: Any = None, *, people: list[Agent], own: int | None = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["agent"].choices = [  # type: ignore[attr-defined]
            ("", _("Choisissez un agent")),
            *((one.pk, _said_of(one) if one.pk != own else _own(one)) for one in people),
        ]


def _why_not(agent: Any) -> str:
    """Return why an agent cannot be chosen: « Camille, police nationale – Équipe : ses 5 places sont prises »."""
    said = agent.among_colleagues
    if agent.availability == Availability.PAUSE:
        return str(_("%(who)s : en pause")) % {"who": said}
    if agent.capacity <= 1:
        return str(_("%(who)s : sans place libre")) % {"who": said}
    return str(_("%(who)s : ses %(n)s places sont prises")) % {"who": said, "n": agent.capacity}


def _own(agent: Any) -> str:
    return str(_("Moi-même : %(who)s")) % {"who": _said_of(agent)}


def _said_of(agent: Any) -> str:
    """Return an agent's name, how many of their places are taken, and whether they are in a pause or away."""
    said = f"{agent.among_colleagues} ({agent.load}/{agent.capacity})"
    if agent.availability == Availability.AVAILABLE:
        return said
    rest = label_of(Availability, agent.availability).lower()
    return f"{said}, {rest}" + (f" : {agent.pause_reason}" if agent.pause_reason else "")
