"""The part of PromQL that our rules and panels use, evaluated over two scrapes of a real process.

Anything else is refused with a SyntaxError: promtool, where it is available, reads the whole language (`promtool check
rules`, `promtool test rules`, docs/operations.md). Two scrapes are the whole history, so a range of any length is what
happened between them.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

type Labels = frozenset[tuple[str, str]]
type Vector = dict[Labels, float]
type Value = Vector | float

TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<string>"[^"]*")|(?P<op>=~|!~|!=|==|<=|>=|[-+*/(){}\[\],<>=]))'
)
AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min, "count": len}
COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": lambda a, b: a / b if b else math.nan}
RANGE = re.compile(r"\d+[smhd]")


@dataclass(frozen=True)
class Scrape:
    """What one scrape said. at: in seconds since 1970. samples: by name."""

    at: float
    samples: Mapping[str, Vector]

    @classmethod
    def read(cls, text: str, *, at: float) -> "Scrape":
        samples: dict[str, Vector] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
        return cls(at, samples)


class Query:
    """One expression. `names`: the metrics that it reads. `evaluate`: its value over two scrapes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self._tokens = self._read(text)
        self._at = 0
        self._before = self._after = Scrape(0, {})
        self.evaluate(self._before, self._after)  # an unknown syntax is refused now

    def _read(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.strip()
        while at < len(text):
            if ranged := re.compile(r"\[(\d+[smhd])\]").match(text, at):
                tokens.append(ranged.group(0))
                at = ranged.end()
                continue
            found = TOKEN.match(text, at)
            if found is None:
                raise SyntaxError(f"{text[at : at + 20]!r} in {text}")
            tokens.append(found.group(0).strip())
            at = found.end()
            while at < len(text) and text[at].isspace():
                at += 1
        return tokens

    def evaluate(self, before: Scrape, after: Scrape) -> Value:
        """Return a vector, which is empty when nothing matches, or a number."""
        self._before, self._after, self._at = before, after, 0
        value = self._or()
        if self._at != len(self._tokens):
            raise SyntaxError(f"{self._tokens[self._at :]} in {self.text}")
        return value

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if wanted and token not in wanted:
            raise SyntaxError(f"{token!r} where {wanted} should be, in {self.text}")
        self._at += 1
        return token

    def _or(self) -> Value:
        left = self._and()
        while self._peek() == "or":
            self._take()
            right = self._and()
            left = {**_vector(right), **_vector(left)}
        return left

    def _and(self) -> Value:
        left = self._compare()
        while self._peek() in {"and", "unless"}:
            is_and = self._take() == "and"
            right = _vector(self._compare())
            left = {labels: value for labels, value in _vector(left).items() if (labels in right) is is_and}
        return left

    def _compare(self) -> Value:
        left = self._add()
        while self._peek() in COMPARISONS:
            compare = COMPARISONS[self._take()]
            right = self._add()
            left = {
                labels: value for labels, value in _vector(left).items()
                if labels in _spread(right, left) and compare(value, _spread(right, left)[labels])
            }  # fmt: skip
        return left

    def _add(self) -> Value:
        return self._arithmetic("+-", self._multiply)

    def _multiply(self) -> Value:
        return self._arithmetic("*/", self._atom)

    def _arithmetic(self, signs: str, part: Callable[[], Value]) -> Value:
        left = part()
        while self._peek() and self._peek() in signs:
            work = ARITHMETIC[self._take()]
            right = part()
            if not isinstance(left, dict) and not isinstance(right, dict):
                left = work(left, right)
                continue
            one, other = _spread(left, right), _spread(right, left)
            left = {labels: work(one[labels], other[labels]) for labels in one.keys() & other.keys()}
        return left

    def _atom(self) -> Value:
        token = self._take()
        if token == "(":
            value = self._or()
            self._take(")")
            return value
        if token.replace(".", "", 1).isdigit():
            return float(token)
        if token == "time":
            self._take("(")
            self._take(")")
            return self._after.at
        if token in AGGREGATIONS:
            return self._aggregate(AGGREGATIONS[token])
        if token in {"rate", "increase"}:
            self._take("(")
            value = self._selected(self._take(), ranged=True)
            self._take(")")
            seconds = self._after.at - self._before.at or 1.0
            return {labels: each / seconds for labels, each in value.items()} if token == "rate" else value
        if token == "max_over_time":
            self._take("(")
            name = self._take()
            more, now = self._selected(name, ranged=True), self._after.samples.get(name, {})
            self._take(")")
            return {labels: max(now[labels], now[labels] - each) for labels, each in more.items() if labels in now}
        if token == "absent":
            self._take("(")
            value = _vector(self._or())
            self._take(")")
            return {} if value else {frozenset(): 1.0}
        if token == "quantile_over_time":
            self._take("(")
            share = float(self._take())
            self._take(",")
            name = self._take()
            more, now = self._selected(name, ranged=True), self._after.samples.get(name, {})
            self._take(")")
            return {labels: now[labels] - (1 - share) * each for labels, each in more.items() if labels in now}
        if token == "histogram_quantile":
            self._take("(")
            share = float(self._take())
            self._take(",")
            value = _vector(self._or())
            self._take(")")
            return _quantile(share, value)
        return self._selected(token, ranged=False)

    def _aggregate(self, work: Callable[[list[float]], float]) -> Vector:
        by: list[str] = []
        if self._peek() == "by":
            self._take()
            self._take("(")
            while self._peek() != ")":
                by.append(self._take())
                if self._peek() == ",":
                    self._take()
            self._take(")")
        self._take("(")
        value = _vector(self._or())
        self._take(")")
        groups: dict[Labels, list[float]] = {}
        for labels, each in value.items():
            groups.setdefault(frozenset((name, text) for name, text in labels if name in by), []).append(each)
        return {labels: float(work(those)) for labels, those in groups.items()}

    def _selected(self, name: str, *, ranged: bool) -> Vector:
        if not re.fullmatch(r"[a-zA-Z_:][\w:]*", name):
            raise SyntaxError(f"{name!r} in {self.text}")
        self.names.add(name)
        matchers = []
        if self._peek() == "{":
            self._take()
            while self._peek() != "}":
                matchers.append((self._take(), self._take("=", "!=", "=~", "!~"), self._take().strip('"')))
                if self._peek() == ",":
                    self._take()
            self._take("}")
        if ranged and not re.fullmatch(r"\[\d+[smhd]\]", self._take()):
            raise SyntaxError(f"no range in {self.text}")
        chosen = {
            labels: value for labels, value in self._after.samples.get(name, {}).items()
            if all(_fits(dict(labels).get(label, ""), how, text) for label, how, text in matchers)
        }  # fmt: skip
        if not ranged:
            return chosen
        known = self._before.samples.get(name, {})
        return {labels: value - known.get(labels, 0.0) for labels, value in chosen.items()}


def _vector(value: Value) -> Vector:
    return value if isinstance(value, dict) else {frozenset(): value}


def _spread(value: Value, like: Value) -> Vector:
    """Return a number beside each of the labels of another value; a vector as it is."""
    return value if isinstance(value, dict) else dict.fromkeys(_vector(like), value)


def _fits(value: str, how: str, text: str) -> bool:
    is_same = re.fullmatch(text, value) is not None if how.endswith("~") else value == text
    return is_same is not how.startswith("!")


def _quantile(share: float, buckets: Vector) -> Vector:
    """Compute as Prometheus does: linearly within a bucket, and the last bound for what lies above it."""
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        others = frozenset((name, text) for name, text in labels if name != "le")
        groups.setdefault(others, []).append((float(dict(labels)["le"]), count))
    found: Vector = {}
    for labels, rows in groups.items():
        rows.sort()
        total = rows[-1][1]
        low, below = 0.0, 0.0
        for bound, count in rows:
            if total and count >= share * total:
                inside = (share * total - below) / (count - below) if count > below else 0.0
                found[labels] = low if math.isinf(bound) else low + (bound - low) * inside
                break
            low, below = bound, count
    return found
