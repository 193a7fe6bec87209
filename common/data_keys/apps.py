from django.apps import AppConfig


class DataKeysConfig(AppConfig):
    name = "common.data_keys"
    label = "data_keys"
    verbose_name = "Clés des échanges"

    def ready(self) -> None:
        """Tell `common.encryption` where data keys are found."""
        from common import encryption
        from common.data_keys import keys

        encryption.data_key_source = keys.cipher_of
