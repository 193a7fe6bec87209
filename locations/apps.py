from django.apps import AppConfig


class LocationsConfig(AppConfig):
    name = "locations"
    label = "locations"
    verbose_name = "Points d'accueil"

    def ready(self) -> None:
        """Import the sentences of this room, so that they are in the catalogue, whoever asks."""
        from locations import texts as location_texts  # noqa: F401
