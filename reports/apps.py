from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = "Signalements"

    def ready(self) -> None:
        """The sentences of this room are in the catalogue, whoever asks."""
        from reports import texts as report_texts  # noqa: F401
