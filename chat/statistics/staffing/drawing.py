"""This is the plan as pictures: one band over a day, with what was real of it, and seven small ones of one scale. Pure.

The band goes from what is needed if the means are exact to what is needed because they are not well known.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.statistics import charts
from chat.statistics.charts import Chart, Table, Words
from chat.statistics.staffing.plan import Hour

HOURS = [f"{hour} h" for hour in range(charts.HOURS)]
TODAY_TABLE, WEEK_TABLE = "tableau-aujourdhui", "tableau-disponibles"


def draw_today(hours: Sequence[Hour], real: Sequence[int | None], *, day_name: str, height: int = 150) -> Chart:
    """Return the answer of a day as one band. hours: the hours of that day. real: agents who answered in each hour,
    None of those to come. height: as a chart has it, whose width is 320.
    """
    said = [_agents_in_words(hours)]
    if any(hour.likely < hour.agents for hour in hours):
        said.append(
            _(
                "Bande hachurée : de ce qu'il faut si les moyennes sont exactes à ce qu'il faut parce qu'elles sont "
                "mal connues."
            )
        )
    else:
        said.append(_("Trait continu, sans point : les agents qu'il faut."))
    said.append(_("Ligne à points ronds : les agents qui ont tenu un échange aujourd'hui, heure par heure."))
    title = _("Agents qu'il faut aujourd'hui, %(day)s, et ceux qui ont répondu") % {"day": day_name}
    return charts.draw_band(
        Words("aujourdhui", title, " ".join(said)),
        [hour.likely for hour in hours],
        [hour.agents for hour in hours],
        HOURS,
        table=Table(TODAY_TABLE, (1, 2, 3)),
        real=real,
        every=3,
        wide=True,
        height=height,
    )


def draw_week(hours: Sequence[Hour], day_names: Sequence[str]) -> list[Chart]:
    """Draw seven bands of one scale, Monday first."""
    top = charts.top_of([hour.agents for hour in hours])
    drawn = []
    for day, name in enumerate(day_names):
        of_day = [hour for hour in hours if hour.day == day]
        drawn.append(
            charts.draw_band(
                Words(f"jour-{day}", name.capitalize(), _agents_in_words(of_day)),
                [hour.likely for hour in of_day],
                [hour.agents for hour in of_day],
                HOURS,
                table=Table(WEEK_TABLE, (day + 1,)),
                top=top,
                height=100,
            )
        )
    return drawn


def span_in_words(hour: Hour) -> str:
    """Return « 2 à 3 », or « 3 » when the doubt adds nothing."""
    if hour.likely == hour.agents:
        return str(hour.agents)
    return _("%(least)s à %(most)s") % {"least": hour.likely, "most": hour.agents}


def _agents_in_words(hours: Sequence[Hour]) -> str:
    least, most = min(hour.agents for hour in hours), max(hour.agents for hour in hours)
    if least == most:
        return ngettext("%(most)s agent à toute heure.", "%(most)s agents à toute heure.", most) % {"most": most}
    first = next(hour.of_day for hour in hours if hour.agents == most)
    return ngettext(
        "De %(least)s à %(most)s agent, le plus à partir de %(hour)s h.",
        "De %(least)s à %(most)s agents, le plus à partir de %(hour)s h.",
        most,
    ) % {"least": least, "most": most, "hour": first}
