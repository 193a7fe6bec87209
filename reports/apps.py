from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = "Signalements"

    def ready(self) -> None:
        """Load this app's sentences, so that they are in the catalogue, and check the defaults of service settings."""
        from common.service_settings import values
        from reports import texts as report_texts  # noqa: F401

        values.check_defaults()
