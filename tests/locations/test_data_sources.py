"""The sources of the data, as the footer names them."""

import pytest
from django.template import Context, Template
from django.utils import timezone

from locations.importing import data_sources
from locations.models import DataEdition

pytestmark = pytest.mark.django_db


def test_data_sources_are_read_once_a_minute(django_assert_num_queries, monkeypatch):
    DataEdition.objects.create(
        source="x", title="Communes", publisher="Insee", licence="Licence Ouverte", loaded_at=timezone.now()
    )
    now = 1000.0
    monkeypatch.setattr(data_sources.time, "monotonic", lambda: now)
    with django_assert_num_queries(1):
        assert [source.publisher for source in data_sources.data_sources()] == ["Insee"]
        data_sources.data_sources()
    now += data_sources.REMEMBERED_SECONDS + 1
    with django_assert_num_queries(1):
        data_sources.data_sources()


def test_data_sources_in_a_template():
    DataEdition.objects.create(
        source="x", title="Communes", publisher="Insee", licence="Licence Ouverte", loaded_at=timezone.now()
    )
    template = Template(
        "{% load places %}{% data_sources as sources %}{% for s in sources %}{{ s.publisher }}{% endfor %}"
    )
    assert template.render(Context()) == "Insee"
