"""Creates the accounts of many agents from one sheet, all or none, and says what is wrong with each line.

The sheet is a spreadsheet (.xlsx), or CSV as spreadsheets write it here (« ; » or « , », UTF-8 or Windows-1252). Only
the accounts are kept. An e-mail address serves only to propose an identifier (ADR 0023).
"""

import csv
import io
import itertools
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from chat.models import Agent, Unit
from common import plain_text
from common.texts.validation import hidden_characters
from locations.models import Force
from pnav.accounts.admin_site import spreadsheets
from pnav.accounts.models import FIRST_PASSWORD_SIGNS, Role, User

COLUMNS = ("nom", "prenom", "courriel", "identifiant", "role", "unite", "force", "nom_affiche")
NEEDED = {"nom", "prenom", "role", "unite", "force", "nom_affiche"}
ROLES = {"agent": Role.AGENT, "superviseur": Role.SUPERVISOR}
FORCES = {"police": Force.POLICE, "police nationale": Force.POLICE, "gendarmerie": Force.GENDARMERIE,
          "gendarmerie nationale": Force.GENDARMERIE}  # fmt: skip
FIELDS = {"username": "identifiant", "first_name": "prenom", "last_name": "nom"}
MOST_LINES = 500  # the most lines of a sheet; a service of fifty agents begins with one sheet, a large one with two
MOST_BYTES = 200_000
FORMS = "pnav.accounts.bulk"  # the salt of a form's key and of its passwords
SIGNS = len(FIRST_PASSWORD_SIGNS)
CREATING = 0x504E4156_11  # a key of PostgreSQL's advisory locks, as in `reports.retention.deletion`
# How long the passwords can be shown again, for a form that was sent twice or whose answer was lost.
SHOWN_AGAIN = timedelta(minutes=10)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # first characters of what a spreadsheet may run (OWASP, CSV injection)
FAILED = re.compile(r"#[A-Z0-9/]+[!?]?")  # what a formula without a result leaves: « #REF! », « #N/A », « #NOM? »
TO_CORRECT = "a_corriger"  # the column of what is wrong, in a sheet of the lines to correct
TITLES_SHOWN, TITLE_SHOWN = 10, 40  # how many titles that are not known one reads, and how much of each
DELIMITERS = ";,\t"
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how a text of Excel in « Unicode » begins
# A space that does not break, as word processors put it, is an ordinary one in a name.
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


class SheetError(Exception):
    """The sheet as a whole cannot be read. Its text says why, in French."""


@dataclass(slots=True)
class Line:
    """It is one line of the sheet.

    number: as a spreadsheet counts, so that the titles are line 1. errors: sentences in French; empty when the line is
    correct. surplus: the cells beyond the titles, which nobody reads and which go with the line.
    """

    number: int
    cells: Mapping[str, str]
    username: str = ""
    role: str = ""
    unit: Unit | None = None
    errors: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def shown(self) -> dict[str, str]:
        """Return the cells and the identifier as they are shown: hidden characters are made visible."""
        return {title: plain_text.visible(cell) for title, cell in self.cells.items()} | {
            "username": plain_text.visible(self.username)
        }


@dataclass(frozen=True, slots=True)
class Created:
    """It is an account with its first password, which is known only now, so that the administrator can hand it over."""

    user: User
    password: str


def decode(content: bytes) -> str:
    """Return the text of an uploaded sheet; of a spreadsheet, its first sheet as CSV. Raises SheetError."""
    if content.startswith(spreadsheets.MAGIC):
        return _text_of_spreadsheet(content)
    if content.startswith(spreadsheets.OLD_MAGIC):
        raise SheetError(_("Ce format (.xls) n'est plus lu : enregistrez la feuille en .xlsx ou en CSV."))
    if len(content) > MOST_BYTES:
        raise SheetError(_("Ce fichier est trop gros : %(count)d lignes au plus.") % {"count": MOST_LINES})
    try:
        return content.decode("utf-16" if content.startswith(UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _text_of_spreadsheet(content: bytes) -> str:
    try:
        rows = spreadsheets.read_rows(content)
    except spreadsheets.SpreadsheetError as error:
        raise SheetError(_("Ce classeur ne peut pas être lu : enregistrez la feuille en .xlsx ou en CSV.")) from error
    sheet = io.StringIO()
    csv.writer(sheet, delimiter=";", lineterminator="\n").writerows(rows)
    return sheet.getvalue()


def read(text: str) -> list[Line]:
    """Return the lines, each checked against the others, the units and the accounts. Raises SheetError."""
    raw, rows = _parsed(text)
    titles = [_title(cell) for cell in raw]
    if missing := [title for title in COLUMNS if title in NEEDED and title not in titles]:
        names, found = ", ".join(missing), ", ".join(_shown(raw)) or _("aucun titre")
        raise SheetError(
            _("Il manque des colonnes : %(names)s. Titres lus à la première ligne : %(found)s.")
            % {"names": names, "found": found}
        )
    if twice := [title for title in COLUMNS if titles.count(title) > 1]:
        raise SheetError(_("Plusieurs colonnes ont le même titre : %(names)s.") % {"names": ", ".join(twice)})
    filled = [(number, row) for number, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    if not filled:
        raise SheetError(_("Cette feuille n'a que ses titres."))
    if len(filled) > MOST_LINES:
        raise SheetError(
            _("Trop de lignes : %(found)d, pour %(count)d au plus à la fois. Partagez la feuille en deux.")
            % {"found": len(filled), "count": MOST_LINES}
        )
    lines = []
    for number, row in filled:
        cells = {
            title: cell.translate(SPACES).strip() for title, cell in zip(titles, row, strict=False) if title in COLUMNS
        }
        lines.append(Line(number, dict.fromkeys(COLUMNS, "") | cells))
        if len(row) > len(titles):
            lines[-1].surplus = row[len(titles) :]
            lines[-1].errors.append(_("Plus de cases que de titres."))
    _check(lines)
    return lines


def unread_titles(text: str) -> list[str]:
    """Return the titles of the columns that are not read, as they are shown. text: a sheet that `read` could read."""
    raw, _rows = _parsed(text)
    return _shown(title for title in raw if _title(title) not in {*COLUMNS, TO_CORRECT})


def _parsed(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the first row and the others. Raises SheetError."""
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES or "\x00" in text:
        raise SheetError(_("Ce fichier n'est pas une feuille lisible."))
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SheetError(_("Ce fichier n'est pas une feuille CSV.")) from error
    if not any(cell.strip() for row in rows for cell in row):
        raise SheetError(_("Cette feuille est vide."))
    return rows[0], rows[1:]


def _title(cell: str) -> str:
    """Return a title in the form in which titles are compared: « Nom affiché » is « nom_affiche »."""
    return _plain(cell).replace(" ", "_")


def _shown(titles: Iterable[str]) -> list[str]:
    return [
        plain_text.visible(title[:TITLE_SHOWN]) for title in itertools.islice(filter(str.strip, titles), TITLES_SHOWN)
    ]


def _check(lines: Iterable[Line]) -> None:
    lines = list(lines)
    units = {(_plain(unit.name), unit.force): unit for unit in Unit.objects.all()}
    for line in lines:
        _check_alone(line, units)
    wanted = {line.username.casefold() for line in lines}
    taken = {name.casefold() for name in User.objects.values_list("username", flat=True)} & wanted
    seen: dict[str, int] = {}
    for line in lines:
        name = line.username.casefold()
        if not name:
            continue
        if name in taken:
            line.errors.append(_("L'identifiant « %(name)s » est déjà pris.") % {"name": line.username})
        if name in seen:
            said = _("Même identifiant qu'à la ligne %(number)d : donnez-en un autre.")
            if not line.cells["identifiant"]:
                said = _("Même identifiant qu'à la ligne %(number)d : remplissez « identifiant » pour l'une des deux.")
            line.errors.append(said % {"number": seen[name]})
        seen.setdefault(name, line.number)


def _check_alone(line: Line, units: Mapping[tuple[str, str], Unit]) -> None:
    cells, errors = line.cells, line.errors
    for name, value in cells.items():
        errors += _wrong_signs(name, value)
    line.username = cells["identifiant"] or cells["courriel"].partition("@")[0] or _identifier(cells)
    line.role = ROLES.get(_plain(cells["role"]), "")
    if not line.role:
        errors.append(_("Le rôle est « agent » ou « superviseur ». Les autres comptes se créent un à un."))
    force = FORCES.get(_plain(cells["force"]), "")
    if not force:
        errors.append(_("La force est « police » ou « gendarmerie »."))
    else:
        line.unit = units.get((_plain(cells["unite"]), force))
        if line.unit is None:
            errors.append(_("Aucune unité de cette force ne porte ce nom : créez-la d'abord."))
    if empty := [name for name in ("nom", "prenom", "nom_affiche") if not cells[name]]:
        errors.append(_("À remplir : %(names)s.") % {"names": ", ".join(empty)})
    if len(cells["nom_affiche"]) > (Agent._meta.get_field("public_name").max_length or 0):
        errors.append(_("Le nom affiché est trop long."))
    try:
        _user_of(line).clean_fields(exclude=["password", "role"])
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            errors += [f"{FIELDS.get(name, name)} : {sentence}" for sentence in sentences]


def _wrong_signs(name: str, value: str) -> Iterator[str]:
    """Yield what is wrong with the characters of a cell. name: the title of its column."""
    # The apostrophe is that of `harmless`, so this is the same cell again.
    if value.removeprefix("'").startswith(FORMULA):
        yield _("« %(name)s » commence par « %(sign)s », comme une formule : écrivez le texte lui-même.") % {
            "name": name,
            "sign": value.removeprefix("'")[0],
        }
    if FAILED.fullmatch(value):
        yield _("« %(name)s » est une formule sans résultat : écrivez le texte lui-même.") % {"name": name}
    if "\n" in value or "\r" in value:
        yield _("« %(name)s » contient un retour à la ligne.") % {"name": name}
    elif codes := hidden_characters(value):
        yield _("« %(name)s » contient un signe qui ne se voit pas (%(codes)s) : retapez cette case.") % {
            "name": name,
            "codes": ", ".join(codes[:3]),
        }


def _identifier(cells: Mapping[str, str]) -> str:
    """Return « prenom.nom », without accents."""
    parts = (_plain(cells[name]).replace(" ", "-").replace("'", "") for name in ("prenom", "nom"))
    return ".".join(filter(None, parts))


def _user_of(line: Line) -> User:
    return User(
        username=line.username,
        first_name=line.cells["prenom"],
        last_name=line.cells["nom"],
        role=line.role,
        password_is_temporary=True,
    )


# --- a form and its passwords -----------------------------------------------------------------------------------------


def new_key() -> str:
    """Draw the key that identifies one form. It is in the page and kept nowhere else."""
    return signing.Signer(salt=FORMS).sign(secrets.token_urlsafe(16))


def key_of(sent: str) -> str:
    """Return the key that one of our pages sent back; "" for anything else."""
    try:
        return signing.Signer(salt=FORMS).unsign(sent)
    except signing.BadSignature:
        return ""


def _signs(key: str, username: str) -> Iterator[str]:
    """Yield the characters of this account's first password, the same each time that this form is sent.

    They depend on the form's key and on SECRET_KEY, so that nobody can derive them from one of the two.
    """
    for turn in itertools.count():
        drawn = salted_hmac(FORMS, f"{key} {turn} {username}", algorithm="sha256").digest()
        # Values at the end of the range would make some characters likelier.
        yield from (FIRST_PASSWORD_SIGNS[one % SIGNS] for one in drawn if one < 256 - 256 % SIGNS)


def made_by(key: str, lines: Iterable[Line]) -> list[Created]:
    """Return the accounts that this form created a moment ago and whose first password nobody has changed."""
    names = list(dict.fromkeys(line.username for line in lines))  # two lines may want one name
    rows = User.objects.filter(
        username__in=names, password_is_temporary=True, date_joined__gte=timezone.now() - SHOWN_AGAIN
    )
    users = {user.username: user for user in rows.select_related("agent__unit")}
    drawn = [(users[name], users[name].first_password_of(_signs(key, name))) for name in names if name in users]
    # `User.check_password` is not used, because it would hash each password again, slowly.
    return [Created(user, password) for user, password in drawn if check_password(password, user.password)]


@transaction.atomic
def create(lines: Iterable[Line], key: str = "") -> list[Created]:
    """Create the accounts of these lines with their agents: all of them, or none when the database refuses one.

    key: that of the form that asks for it, by which `made_by` finds the passwords again. Raises SheetError for a line
    that has errors (callers leave out the lines that they want to skip), and when another sheet created one of these
    accounts while the passwords were hashed. Sheets are saved one after the other.
    """
    drawn = []
    for line in lines:
        if line.errors or line.unit is None:
            raise SheetError(_("Ligne %(number)d : elle a encore des erreurs.") % {"number": line.number})
        user = _user_of(line)
        user.draw_first_password(_signs(key, user.username) if key else None)
        drawn.append((user, Agent(user=user, unit=line.unit, public_name=line.cells["nom_affiche"])))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CREATING])
    wanted = {user.username.casefold() for user, _agent in drawn}
    if any(name.casefold() in wanted for name in User.objects.values_list("username", flat=True)):
        raise SheetError(_("Rien n'a été créé : un de ces comptes vient d'être créé ailleurs."))
    # `save` is not called: it sets what only administrators have, and a sheet creates no administrator.
    User.objects.bulk_create([user for user, _agent in drawn])
    for user, agent in drawn:
        agent.user = user  # the account has its key only now
    Agent.objects.bulk_create([agent for _user, agent in drawn])
    return [Created(user, user.drawn_password) for user, _agent in drawn]


# --- out again --------------------------------------------------------------------------------------------------------


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def write(rows: Iterable[Iterable[str]]) -> str:
    """Return a sheet with our titles, as `read` reads it."""
    return _written(COLUMNS, ([harmless(cell) for cell in row] for row in rows))


def write_to_correct(lines: Iterable[Line]) -> str:
    """Return a sheet of these lines for a spreadsheet, with what is wrong in a last column, to be corrected and sent
    again.
    """
    rows = ([*(line.cells[title] for title in COLUMNS), " ".join(line.errors), *line.surplus] for line in lines)
    return _written([*COLUMNS, TO_CORRECT], ([harmless(cell) for cell in row] for row in rows))


def text_of(lines: Iterable[Line]) -> str:
    """Return a sheet of these lines as a page of ours sends it back, each cell as it was."""
    rows = ([*(line.cells[title] for title in COLUMNS), *line.surplus] for line in lines)
    return _written(COLUMNS, rows).lstrip("\ufeff")


def _written(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a sheet for a spreadsheet in French: with the mark of UTF-8 (BOM)."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return "\ufeff" + sheet.getvalue()


def rows_of_agents() -> list[list[str]]:
    """Return the accounts of agents in the columns of a sheet, without password or e-mail address."""
    agents = Agent.objects.select_related("user", "unit").order_by("user__username")
    names: dict[str, str] = {role: name for name, role in ROLES.items()}
    forces: dict[str, str] = {Force.POLICE: "police", Force.GENDARMERIE: "gendarmerie"}
    return [
        [agent.user.last_name, agent.user.first_name, "", agent.user.username, names.get(agent.user.role, ""),
         agent.unit.name, forces.get(agent.unit.force, ""), agent.public_name]
        for agent in agents
    ]  # fmt: skip


def _plain(text: str) -> str:
    """Return a text in the form in which texts are compared: without accents, capitals or needless spaces."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold().replace("’", "'"))
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())
