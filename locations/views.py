"""These are the pages about places: find a point d'accueil, choose it, see its contacts, and let go of it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import way_in
from locations import lookup, session
from locations import texts as location_texts
from locations.forms import ChoiceForm, Purpose, SearchForm
from locations.hours import Opening
from locations.lookup import Lookup, Suggestion
from locations.models import Competence
from locations.partners import Partners, partners_near
from locations.session import Choice

# They let a person go on when a place is not found: nothing checks that a town is the person's own.
LARGE_TOWNS = (
    Suggestion("Paris", "Paris"),
    Suggestion("Marseille", "Marseille"),
    Suggestion("Lyon", "Lyon"),
    Suggestion("31000 Toulouse", "Toulouse"),
    Suggestion("59000 Lille", "Lille"),
    Suggestion("33000 Bordeaux", "Bordeaux"),
    Suggestion("67000 Strasbourg", "Strasbourg"),
    Suggestion("35000 Rennes", "Rennes"),
    Suggestion("97400 Saint-Denis", "Saint-Denis (La Réunion)"),
)
# Above so many communes, one near unit for each is enough to choose from.
MANY_PLACES = 5
# Communes of one name, the largest first: the others are folded.
HOMONYMS_SHOWN = 3
# In the address of the results: the service that was selected has left the tables.
GONE = "parti"


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Show the two forms. They POST, so that where a person lives stays out of addresses; `?q=` answers links from
    elsewhere."""
    if request.method == "POST":
        return _search(request)
    if "q" in request.GET:
        form = SearchForm(request.GET)
        if form.is_valid():
            found = lookup.search(form.cleaned_data["q"])
            # A link from elsewhere that says nothing else asks for the units of a place.
            purpose = form.cleaned_data["purpose"] if "purpose" in request.GET else Purpose.CONTACTS
            return _show(request, found, text=form.cleaned_data["q"], purpose=purpose)
    return _show_search(request)


def _search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.POST)
    if not form.is_valid():
        if not request.POST.get("q", "").strip():
            # An address of its own, so that « back » from the next page does not ask to send the form again.
            purpose = form.cleaned_data.get("purpose", Purpose.EXCHANGE)
            return redirect(_with(reverse("locations:search"), pour=purpose, erreur="vide"))
        return _show_search(request, form)
    text, purpose = form.cleaned_data["q"], form.cleaned_data["purpose"]
    found = lookup.search(text)
    if purpose == Purpose.EXCHANGE:
        if keep_for_exchange(request, found, text=text, is_stand_in="stand_in" in request.POST):
            return _after_choice(request, purpose)
    elif only := found.only_choice:
        place, match = only
        session.choose(
            request,
            postal_code=place.postal_code,
            municipality=place.municipality,
            reception_point=match.unit,
        )
        return _after_choice(request, purpose)
    session.remember_search(request, text=text, purpose=purpose)
    return redirect("locations:results")


def keep_for_exchange(request: HttpRequest, found: Lookup, *, text: str, is_stand_in: bool = False) -> bool:
    """Keep where a chat is for, if one search of this text told it; return whether it did.

    Where the place of the visit is one of those that were found, it stays with its unit, which somebody may have chosen
    among several. One that was guessed stays only when the text is what the home page fills in by itself; it is no
    choice then either. is_stand_in says that it is a large town for somebody whose own is not found (LARGE_TOWNS).
    """
    told = found.for_exchange
    if told is None:
        return False
    current = session.current_choice(request)
    has_unit = current is not None and current.reception_point is not None and current.is_among(found.places)
    if current is not None and has_unit and (not current.is_guessed or text == current.as_search):
        return True
    place, unit = told
    session.choose(
        request,
        postal_code=place.postal_code,
        municipality=place.municipality,
        reception_point=unit,
        is_guessed=found.is_guess or is_stand_in,
    )
    return True


def _with(address: str, **query: str) -> str:
    """Return an address with a query. It is never given anything that a person typed."""
    return f"{address}?{urlencode(query)}"


def _show_search(request: HttpRequest, form: SearchForm | None = None) -> HttpResponse:
    asked = request.POST.get("purpose") or request.GET.get("pour")
    purpose = asked if asked in Purpose.values else Purpose.EXCHANGE
    if form is None and "erreur" in request.GET:
        form = SearchForm({"q": ""})
    context = search_page(
        form, typed=request.POST.get("q", ""), purpose=purpose, choice=session.current_choice(request)
    )
    return render(request, "locations/search.html", context)


def search_page(
    form: SearchForm | None, *, typed: str = "", purpose: str = Purpose.EXCHANGE, choice: Choice | None = None
) -> dict[str, Any]:
    """Return what the page of the two forms shows. form is one that was refused; choice is the visit's, if any."""
    return {"form": form, "typed": typed, "purpose": purpose, "choice": choice}


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """Show the results of the last search of this visit; after a choice, the services of its postal code."""
    pending = session.pending_search(request)
    if pending is None:
        return redirect("locations:search")
    text, purpose = pending
    error = request.GET.get("erreur")
    form = None if error is None else ChoiceForm.refused(is_gone=error == GONE)
    is_asked = session.is_new_search(request)
    return _show(request, lookup.search(text), text=text, purpose=purpose, form=form, is_asked=is_asked)


def _show(
    request: HttpRequest,
    found: Lookup,
    *,
    text: str,
    purpose: str,
    form: ChoiceForm | None = None,
    is_asked: bool = False,
) -> HttpResponse:
    if purpose == Purpose.EXCHANGE and found.places:
        return render(request, "locations/towns.html", towns_page(found, text=text, form=form))
    template = "locations/select.html" if found.places else "locations/not_found.html"
    context = results_page(found, text=text, purpose=purpose, form=form) | {"is_asked": is_asked}
    return render(request, template, context)


def results_page(found: Lookup, *, text: str, purpose: str, form: ChoiceForm | None = None) -> dict[str, Any]:
    """Return what the page of what was found shows, or the one that says that nothing was. text is as it was typed, and
    form is a choice that was refused. Of many places, one near unit each stays in `found`."""
    without_competence = [place for place in found.places if not place.has_competent_unit]
    if len(found.places) > MANY_PLACES:
        for place in without_competence:
            del place.units[1:]
    shown = HOMONYMS_SHOWN if found.are_homonyms else len(found.places)
    return {
        "lookup": found,
        "places": found.places[:shown],
        "folded": found.places[shown:],
        "typed": text,
        "purpose": purpose,
        "form": form,
        "large_towns": LARGE_TOWNS,
        "has_unknown_competence": bool(without_competence),
        "has_examples": any(match.unit.is_example for place in found.places for match in place.units),
    }


def towns_page(found: Lookup, *, text: str, form: ChoiceForm | None = None) -> dict[str, Any]:
    """Return what the page shows that asks, for a chat, only which commune is meant. Each has one button, for the first
    of its units."""
    return {
        "lookup": found,
        "places": found.places[:HOMONYMS_SHOWN],
        "folded": found.places[HOMONYMS_SHOWN:],
        "typed": text,
        "purpose": Purpose.EXCHANGE,
        "form": form,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the service that was selected. Whoever only asks for this address, as the links to another language of a
    page for a form that expired do, is led to the search."""
    if request.method != "POST":
        return redirect("locations:search")
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        search_form = SearchForm(request.POST)
        if not search_form.is_valid():
            return redirect("locations:search")
        session.remember_search(
            request, text=search_form.cleaned_data["q"], purpose=search_form.cleaned_data["purpose"]
        )
        return redirect(_with(reverse("locations:results"), erreur=GONE if form.is_gone else "service"))
    session.choose(
        request,
        postal_code=form.cleaned_data["postal_code"],
        municipality=form.cleaned_data["municipality"],
        reception_point=form.cleaned_data["reception_point"],
    )
    return _after_choice(request, form.cleaned_data["purpose"])


def _has_exchange(request: HttpRequest) -> bool:
    return getattr(request, "open_exchange", False)


def _after_choice(request: HttpRequest, purpose: str) -> HttpResponse:
    if purpose == Purpose.EXCHANGE:
        # An exchange that goes on is given the place only when its person has seen it and says so (`chat:place`).
        return redirect("locations:chosen") if _has_exchange(request) else way_in.go_on(request)
    messages.success(request, render_to_string("locations/_kept.html", request=request).strip())
    return redirect("locations:my_contacts")


@require_safe
def chosen(request: HttpRequest) -> HttpResponse:
    """Show « Votre choix est enregistré » and the two ways on: the exchange, or the local information."""
    choice = session.current_choice(request)
    if choice is None:
        return redirect("locations:search")
    return render(request, "locations/chosen.html", choice_page(choice, may_be_given=_may_be_given(request)))


def _may_be_given(request: HttpRequest) -> bool:
    """Return whether the visit has an exchange that has another place. It asks the database only if there is one."""
    return _has_exchange(request) and not way_in.is_place_told(request)


def choice_page(choice: Choice, what: str = "", *, may_be_given: bool = False) -> dict[str, Any]:
    """Return what the pages about a choice show. what is which of its two parts somebody lets go of; it is "" on the
    page that says that the choice is kept. may_be_given says that an exchange goes on with another place."""
    return {"choice": choice, "what": what, "may_be_given": may_be_given}


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, what: str) -> HttpResponse:
    """Ask before letting go of the point d'accueil (what is "place") or of the interlocutor ("interlocutor")."""
    choice = session.current_choice(request)
    if choice is None:
        return redirect("locations:search")
    if request.method == "POST":
        session.forget(request)
        done = location_texts.PLACE_REMOVED if what == "place" else location_texts.PERSON_REMOVED
        if getattr(request, "is_discreet_address", False):  # somebody may see the screen
            done = location_texts.PLACE_REMOVED_DISCREET
        messages.success(request, done.say())
        return redirect("locations:search")
    return render(request, "locations/remove.html", choice_page(choice, what))


@require_safe
def my_contacts(request: HttpRequest) -> HttpResponse:
    """Show the unit chosen, its hours, and the partners around the commune."""
    choice = session.current_choice(request)
    if choice is None:
        messages.info(request, location_texts.PLACE_FIRST.say())
        return redirect("locations:search")
    unit = choice.reception_point
    context = contacts_page(
        choice,
        opening=unit.opening_at(timezone.now()) if unit else None,
        partners=partners_near(choice.municipality) if choice.municipality else None,
        has_other_units=bool(
            choice.municipality
            and unit
            and Competence.objects.filter(municipality=choice.municipality).exclude(reception_point=unit).exists()
        ),
        may_be_given=_may_be_given(request),
    )
    return render(request, "locations/my_contacts.html", context)


def contacts_page(
    choice: Choice,
    *,
    opening: Opening | None,
    partners: Partners | None,
    has_other_units: bool,
    may_be_given: bool = False,
) -> dict[str, Any]:
    """Return what « Mes contacts utiles » shows. opening says whether the unit is open now; it is None where nobody can
    say. has_other_units says that others answer for the commune too. may_be_given is that of `choice_page`."""
    unit = choice.reception_point
    return {
        "choice": choice,
        "unit": unit,
        "opening": opening,
        "partners": partners,
        "has_examples": bool(unit and unit.is_example) or bool(partners and partners.has_examples),
        "has_other_units": has_other_units,
        "may_be_given": may_be_given,
    }


@require_POST
def suggestions(request: HttpRequest) -> JsonResponse:
    """Answer the places that begin with what is typed. It is a POST, so that no address and no log holds it."""
    found = lookup.suggest(request.POST.get("q", ""))
    return JsonResponse({"suggestions": [{"text": item.text, "label": item.label} for item in found]})
