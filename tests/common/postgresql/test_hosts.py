"""Which of several servers is asked first, and what a silent one costs."""

import psycopg
import pytest

from common.postgresql import hosts
from common.postgresql.hosts import LEFT_OUT_SECONDS, Hosts, split

TWO = {"host": "first,second", "port": "5432", "dbname": "pnav"}


class World:
    """Two servers and a clock. seconds: how long each takes; refuses: the servers that refuse."""

    def __init__(self):
        self.now = 100.0
        self.seconds = {"first": 0.01, "second": 0.01}
        self.refuses = {"second"}
        self.asked = []
        self.hosts = Hosts(lambda: self.now)

    def connect_one(self, parameters):
        name = parameters["host"]
        self.asked.append(name)
        self.now += self.seconds[name]
        if name in self.refuses:
            raise psycopg.OperationalError(name)
        return name

    def connect(self):
        """Return who was connected to, and who was asked before; None: nobody accepted."""
        self.asked = []
        try:
            return self.hosts.connect(TWO, self.connect_one), self.asked
        except psycopg.OperationalError:
            return None, self.asked


def test_whoever_accepted_last_is_asked_first():
    world = World()
    assert world.connect() == ("first", ["first"])
    world.refuses = {"first"}
    assert world.connect() == ("second", ["first", "second"])
    assert world.connect() == ("second", ["second"])
    world.refuses = {"second"}
    assert world.connect() == ("first", ["second", "first"])


def test_silent_host_is_left_out_while_another_one_answers_be_it_with_a_no():
    world = World()
    world.seconds["first"], world.refuses = 3.0, {"first", "second"}
    assert world.connect() == (None, ["first", "second"])
    for _each in range(20):
        assert world.connect() == (None, ["second"])
    world.refuses = {"first"}  # the other server was promoted
    assert world.connect() == ("second", ["second"])


def test_silent_host_is_tried_again_by_one_connection_at_a_time():
    world = World()
    world.seconds["first"], world.refuses = 3.0, {"first", "second"}
    world.connect()
    world.now += LEFT_OUT_SECONDS
    assert world.hosts.order(2) == [1, 0]
    assert world.hosts.order(2) == [1], "another thread, while the first one waits"
    world.now += LEFT_OUT_SECONDS
    world.seconds["first"], world.refuses = 0.01, {"second"}
    assert world.connect() == ("first", ["second", "first"])
    assert world.hosts.order(2) == [0, 1]


def test_if_all_are_silent_all_are_asked():
    world = World()
    world.seconds, world.refuses = {"first": 3.0, "second": 3.0}, {"first", "second"}
    for _each in range(3):
        connected, asked = world.connect()
        assert connected is None and sorted(asked) == ["first", "second"]


def test_error_is_that_of_the_last_one_asked():
    world = World()
    world.refuses = {"first", "second"}
    with pytest.raises(psycopg.OperationalError, match="second"):
        world.hosts.connect(TWO, world.connect_one)


def test_hosts_and_ports_are_read_as_libpq_does():
    assert split({"host": "a,b", "port": 5432}) == [{"host": "a", "port": "5432"}, {"host": "b", "port": "5432"}]
    assert split({"host": "a,b", "port": "1,2"}) == [{"host": "a", "port": "1"}, {"host": "b", "port": "2"}]
    assert split({"host": "/run/a,/run/b"}) == [{"host": "/run/a"}, {"host": "/run/b"}]
    with pytest.raises(psycopg.OperationalError, match="as many ports"):
        split({"host": "a,b,c", "port": "1,2"})


def test_one_host_is_connected_to_as_it_is():
    given = {"host": "a", "port": 5432, "dbname": "pnav"}
    assert hosts.connect(given, lambda parameters: parameters) == given
