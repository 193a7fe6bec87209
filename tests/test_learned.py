"""What a forked process finds already computed is what it would have computed (tests/support/learned.py)."""

from tests.support import fresh, once

COMPARED = """
import ast, dataclasses, re._compiler, sys
from pathlib import Path
from django.urls import resolvers
from tests.support import learned

noted = learned.Noted(*ast.literal_eval(Path({file!r}).read_text()))
warns = 0
for pattern, flags in noted.patterns:
    found = re._compiler.compile(pattern, flags)
    assert found == learned._compile_pattern(pattern, flags) and found.groupindex is not None, pattern
    warns += found is not re._compiler.compile(pattern, flags)
for text in noted.methods:
    found, own = dict(), dict()
    dataclasses.exec(text, dict(), found)
    exec(text, dict(), own)
    [[name, made]] = own.items()
    assert found.keys() == own.keys() and found[name].__code__ == made.__code__, text
for route in noted.routes:
    assert resolvers.normalize(route) == learned._normalize(route), route
print(*map(len, noted), warns)
"""
OTHERS = """
import dataclasses, re, warnings
from django.urls import resolvers
from tests.support.learned import Noted, use

use(Noted({("a+", 0), ("[[a]", 0)}, {"def made(): return 1"}, {"a/"}))
assert re.compile("a+").fullmatch("aa") and not re.compile("a+").fullmatch("AA")
assert re.compile("a+", re.IGNORECASE).fullmatch("AA") and re.compile(b"a+").fullmatch(b"aa")
assert re.compile("b+").fullmatch("bb")
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    re.compile("[[a]")
assert len(told) == 1, "a pattern that warns is compiled by each process"
for text, value in (("def made(): return 1", 1), ("def made(): return 2", 2)):
    made = dict()
    dataclasses.exec(text, dict(), made)
    assert made["made"]() == value
assert resolvers.normalize("a/") == [("a/", [])] and resolvers.normalize("b/") == [("b/", [])]
resolvers.normalize("a/").clear()
assert resolvers.normalize("a/") == [("a/", [])]
print("seen")
"""


def test_child_finds_what_it_would_have_computed():
    assert fresh.run("", {}).returncode == 0
    done = fresh.run(COMPARED.format(file=str(once.folder() / "learned")), {})
    assert done.returncode == 0, done.stderr
    patterns, methods, routes, warns = map(int, done.stdout.split())
    assert patterns > 500 and methods > 200 and routes > 400 and warns == 0


def test_child_computes_what_was_not_noted():
    done = fresh.run(OTHERS, {})
    assert (done.stdout.strip(), done.stderr) == ("seen", "")
