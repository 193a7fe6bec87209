"""Charts are well formed, named and bounded, use one scale, label no zeros, and can be read without colour."""

import re
from xml.etree import ElementTree

import pytest
from django.template.defaultfilters import floatformat
from fontTools.subset import Options, load_font
from hypothesis import given
from hypothesis import strategies as st

from chat.statistics import charts, pictures
from chat.statistics.charts import Places, Row, Table, Words
from chat.statistics.history import Measures
from pnav.pages.management.commands import build_styles

WORDS = Words("essai", "Un titre", "Ce qu'il montre.")
TABLE = Table("tableau-essai", (1,))
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def read(chart: charts.Chart) -> ElementTree.Element:
    assert len(chart.svg) <= charts.BYTES_AT_MOST
    return ElementTree.fromstring(chart.svg)  # noqa: S314  our own


def texts(chart: charts.Chart) -> list[str]:
    return [part.text or "" for part in read(chart).iter("text")]


def paths(chart: charts.Chart, name: str) -> list[str]:
    return [part.get("d", "") for part in read(chart).iter("path") if name in (part.get("class") or "").split()]


def numbers(path: str) -> list[float]:
    return [float(one) for one in NUMBER.findall(path)]


def bars(chart: charts.Chart) -> list[tuple[float, float]]:
    """Return the foot and the top of each bar."""
    return [
        (float(foot), float(top))
        for foot, top in re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)h", paths(chart, "chart__bar")[0])
    ]


EVERY = {
    "bars": lambda: charts.draw_bars(WORDS, [1, None, 0, 4], list("abcd"), table=TABLE, marks=[2, None, 3, 5]),
    "band": lambda: charts.draw_band(WORDS, [1, 2], [2, 3], list("ab"), table=TABLE, real=[2, None]),
    "heat": lambda: charts.draw_heat_map(WORDS, [[n] * 24 for n in range(7)], list("lmmjvsd"), table=Table("t")),
    "rows": lambda: charts.draw_rows(
        WORDS, [Row("<b>&", 4, "4 min", 3), Row("b", None, "non publié"), Row("c", 0, "0")]
    ),
    "places": lambda: charts.draw_places(WORDS, [Places("Camille", 4, 3, 0, "4 sur 3"), Places("u", 20, 50, 30, "x")]),
}


@pytest.mark.parametrize("name", EVERY)
def test_chart_is_well_formed_and_named_and_writes_no_colour(name):
    chart = EVERY[name]()
    svg = read(chart)
    # With a table it is hidden: the zone around it is the image, with the words of the caption.
    said = [svg.get(name) for name in ("role", "aria-label", "aria-description", "aria-hidden")]
    assert said == ([None, None, None, "true"] if chart.table else ["img", WORDS.title, WORDS.description, None])
    assert svg.get("viewBox", "").startswith("0 0 320 ")
    for part in svg.iter():
        assert part.get("style") is None and part.get("stroke") is None
        assert part.get("fill") in {None, "url(#essai-hachures)"}
    ids = {part.get("id") for part in svg.iter() if part.get("id")}
    assert ids == ({"essai-hachures"} if "#essai-hachures" in chart.svg or "<defs>" in chart.svg else set())


def test_text_of_a_label_is_no_markup():
    svg = read(EVERY["rows"]())
    assert "<b>&" in [part.text for part in svg.iter("text")] and not list(svg.iter("b"))


@given(
    st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=charts.POINTS_AT_MOST),
    st.lists(st.none() | st.floats(0, 1e6), max_size=charts.MARKS_AT_MOST),
)
def test_bars_and_marks_stay_in_their_frame(values, marks):
    marks = (marks + [None] * len(values))[: len(values)]
    chart = charts.draw_bars(WORDS, values, ["x"] * len(values), table=TABLE, marks=marks, every=60)
    height = float(read(chart).get("viewBox").split()[3])
    for path in (*paths(chart, "chart__bar"), *paths(chart, "chart__line")):
        assert all(0 <= number <= charts.WIDTH for number in numbers(path)), path
    for foot, top in bars(chart) if paths(chart, "chart__bar") else []:
        assert charts.TOP <= top <= foot <= height


def test_zeros_are_neither_drawn_nor_labelled():
    chart = charts.draw_bars(WORDS, [0, 0, 5, None, 0], list("abcde"), table=TABLE)
    assert len(bars(chart)) == 1
    assert "0" not in texts(chart)
    quiet = charts.draw_heat_map(WORDS, [[0] * 24] * 7, list("lmmjvsd"), table=Table("t"))
    assert not list(read(quiet).iter("path"))
    assert all(text.endswith(" h") or text in "lmmjvsd" for text in (one.replace("\xa0", " ") for one in texts(quiet)))


def test_nobody_at_all_is_drawn_without_a_bar():
    chart = charts.draw_bars(WORDS, [0, None], list("ab"), table=TABLE)
    assert paths(chart, "chart__bar") == [] and paths(chart, "chart__base")


def test_charts_of_one_scale_draw_one_value_as_high():
    one = charts.draw_bars(WORDS, [5, 10], list("ab"), table=TABLE, top=20)
    other = charts.draw_bars(WORDS, [10, 20], list("ab"), table=TABLE, top=20)
    assert bars(one)[1][1] == bars(other)[0][1]
    assert charts.top_of([1, None], [7.5], []) == 7.5
    assert charts.top_of([0.05]) == charts.LEAST_SCALE  # three seconds, in minutes, make no tower


@pytest.mark.parametrize(
    ("highest", "top"),
    [(1, 1), (2.5, 3), (6.1, 10), (10.1, 15), (16.7, 20), (41, 60), (95, 100), (100, 100), (101, 150)],
)
def test_scale_begins_at_zero_and_ends_at_the_round_mark_above_its_values(highest, top):
    assert charts.round_top(highest) == top
    chart = charts.draw_bars(WORDS, [highest] * 20, [""] * 20, table=TABLE)
    foot, edge = bars(chart)[0]
    share = (foot - edge) / (foot - charts.TOP)
    assert texts(chart)[-1] == str(top) and share == pytest.approx(highest / top, abs=0.01)


def test_few_percent_are_drawn_on_a_scale_of_their_own_and_its_end_is_said():
    hours = [Measures(opened=6, gave_up=1), *[Measures(opened=100)] * 23]
    *_others, left = pictures.draw_series("heure", "Par heure", pictures.HOURS, hours, 20)
    assert left.words.description == "En pourcentage, de 0 à 20."
    assert [text for text in texts(left) if text.isdigit()] == ["10", "20"]
    *_others, nobody = pictures.draw_series("heure", "Par heure", pictures.HOURS, [Measures()] * 24, 20)
    assert nobody.words.description == "En pourcentage, de 0 à 1." and paths(nobody, "chart__bar") == []


def test_pictures_along_time_take_the_room_of_their_card():
    """They were 110 px high in cards of 300: in a third of 1,440 px a drawing is 363 px wide."""
    for drawn in pictures.draw_series("heure", "Par heure", pictures.HOURS, [Measures(opened=6)] * 24, 20):
        height = float(read(drawn).get("viewBox").split()[3])
        assert (height - charts.TOP - charts.BOTTOM) * 363 / charts.WIDTH >= 180


def test_line_is_broken_where_there_is_nothing():
    [line] = paths(charts.draw_bars(WORDS, [1] * 4, list("abcd"), table=TABLE, marks=[1, None, 1, 2]), "chart__line")
    assert line.count("M") == 2 and line.count("L") == 1


def test_year_of_days_is_one_path_and_bounded():
    year = charts.draw_bars(
        WORDS, [float(n % 90) + 0.1 for n in range(366)], ["01/01"] * 366, marks=[95.5] * 366, table=TABLE, every=61
    )
    assert len(bars(year)) == 366 and len(list(read(year).iter("rect"))) == 0
    with pytest.raises(ValueError, match="more than 366"):
        charts.draw_bars(WORDS, [1] * 367, [""] * 367, table=TABLE)
    with pytest.raises(ValueError, match="more than 24"):
        charts.draw_rows(WORDS, [Row("a", 1, "1")] * 25)
    with pytest.raises(ValueError, match="more than 24"):
        charts.draw_places(WORDS, [Places("a", 1, 1, 0, "")] * 25)


def test_today_is_another_bar_than_the_days_before():
    chart = charts.draw_bars(WORDS, [90, 80, 95], list("abc"), table=TABLE, top=100, dark=2)
    pale, dark = paths(chart, "chart__bar")
    assert (pale.count("z"), dark.count("z")) == (2, 1)
    assert paths(chart, "chart__bar--pale") == [pale]
    assert {"90", "80", "95"} <= set(texts(chart))  # a chart with few bars has their numbers


def test_heat_map_says_more_by_size_and_not_by_colour_alone():
    counts = [[0] * 24 for _day in range(7)]
    counts[0][0], counts[3][12], counts[6][23] = 1, 50, 100
    chart = charts.draw_heat_map(WORDS, counts, list("lmmjvsd"), table=Table("t"))
    sides = [float(re.findall(r"h([\d.]+)", path)[0]) for path in paths(chart, "chart__heat")]
    assert sides == sorted(sides) and len(set(sides)) == 3
    assert [charts.level_of(count, 100) for count in (1, 4, 5, 16, 17, 36, 64, 65, 100)] == [0, 0, 1, 1, 2, 2, 3, 4, 4]
    assert read(chart).get("data-points") == "24 7"


def test_words_of_an_axis_are_placed_by_the_size_of_their_letters():
    """Where a chart is stretched its letters are smaller: the names of days hung below their squares."""
    bars_drawn = charts.draw_bars(WORDS, [1, 2], list("ab"), table=TABLE)
    week = charts.draw_heat_map(WORDS, [[1] * 24] * 7, list("lmmjvsd"), table=Table("t"))
    for chart in (bars_drawn, week):
        told = [one for one in read(chart).iter("text") if one.get("dy")]
        assert len(told) >= 4 and all(one.get("dy").endswith("em") for one in told)


def test_fullest_week_is_within_its_bytes():
    chart = charts.draw_heat_map(WORDS, [[100 + n for n in range(24)]] * 7, list("lmmjvsd"), table=Table("t"))
    assert len(read(chart).attrib["data-plot"]) < 40 and len(chart.svg) < 8_000


def test_wait_beyond_its_promise_is_hatched_and_the_promise_is_marked():
    chart = charts.draw_rows(WORDS, [Row("● a", 1, "1 min", 3), Row("■ b", 6, "6 min", 3)])
    svg = read(chart)
    boxes = {
        name: [one for one in svg.iter("rect") if one.get("class") == name] for name in ("chart__bar", "chart__over")
    }
    assert len(boxes["chart__bar"]) == 2 and len(boxes["chart__over"]) == 1
    [over] = boxes["chart__over"]
    assert over.get("fill") == "url(#essai-hachures)"
    short, kept = (float(one.get("width")) for one in boxes["chart__bar"])
    assert kept == pytest.approx(3 * short, abs=0.2) and float(over.get("width")) == pytest.approx(kept, abs=0.2)
    first, second = (numbers(path)[0] for path in paths(chart, "chart__promise"))
    assert first == second == pytest.approx(1 + kept, abs=0.2)  # one scale for everybody


def test_what_is_not_published_is_an_empty_outline():
    svg = read(charts.draw_rows(WORDS, [Row("a", None, "non publié"), Row("b", 40, "40 %")], top=100))
    [hidden] = [one for one in svg.iter("rect") if one.get("class") == "chart__hidden"]
    [bar] = [one for one in svg.iter("rect") if one.get("class") == "chart__bar"]
    assert float(hidden.get("width")) == charts.WIDTH - 2  # a hidden figure has the same length, whatever it is
    assert float(bar.get("width")) == pytest.approx(0.4 * (charts.WIDTH - 2), abs=0.1)


def test_places_are_squares_that_shape_tells():
    chart = charts.draw_places(
        WORDS,
        [Places("Camille", 2, 3, 1, "2 sur 3"), Places("Yann", 4, 3, 0, "4 sur 3"), Places("Louise", 0, 3, 0, "")],
    )
    kinds = [one.get("class") for one in read(chart).iter("rect")]
    assert kinds == ["chart__bar"] * 2 + ["chart__free"] + ["chart__bar"] * 3 + ["chart__over"]


def test_band_goes_from_one_to_the_other_in_steps():
    chart = charts.draw_band(WORDS, [1, 1], [2, 4], list("ab"), table=TABLE, top=4, real=[3, None])
    [band] = paths(chart, "chart__band")
    assert band.startswith("M30 ") and band.endswith("Z")
    svg = read(chart)
    [shape] = [one for one in svg.iter("path") if one.get("class") == "chart__band"]
    assert shape.get("fill") == "url(#essai-hachures)"
    assert paths(chart, "chart__line")[0].startswith("M") and "L" not in paths(chart, "chart__line")[0]


def test_long_label_leaves_room_for_what_is_said_of_it():
    chart = charts.draw_rows(WORDS, [Row("x" * 80, 1, "28 min")])
    label, said = texts(chart)
    assert label.endswith("…") and len(label) < 50 and said.replace("\xa0", " ") == "28 min"


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("■ Normale · Paris 11e arrondissement (75), mineur", "7 min"),
        ("Échanges tenus avec un seul interlocuteur", "62,5 %"),
    ],
)
def test_label_that_has_room_is_whole(label, said):
    assert charts.WIDTH - charts.width_of(label) - charts.width_of(said) > charts.GAP
    assert texts(charts.draw_rows(WORDS, [Row(label, 1, said)]))[0].replace("\xa0", " ") == label


def test_letters_of_the_font_are_no_wider_than_they_are_taken_to_be():
    seen = 0
    for name in build_styles.FONTS:
        with load_font(str(build_styles.dsfr_package() / "static/dsfr/dist/fonts" / name), Options()) as font:
            for code, glyph in font.getBestCmap().items():
                width = font["hmtx"][glyph][0] / font["head"].unitsPerEm
                assert width <= charts.LETTERS.get(chr(code), charts.WIDEST), chr(code)
                seen += chr(code) in charts.LETTERS
    assert seen > 200


@pytest.mark.parametrize("value", [10.5, 62.5, 99.5, 0.0, 3.0, 61.49, 999.5, 18854.0])
def test_figure_of_a_picture_is_the_one_beside_it(value):
    assert charts._short(value) == floatformat(value, "0g")
