"""What every test may use."""

from django.conf import settings


def pytest_configure() -> None:
    """Static files by their plain names: the hashed ones need `collectstatic`, which only live servers run."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when there is none
