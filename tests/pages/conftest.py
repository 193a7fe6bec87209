import pytest


@pytest.fixture(autouse=True)
def _first_contents(request):
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("first_contents")
