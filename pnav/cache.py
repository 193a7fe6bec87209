"""Serializes the values of the cache as JSON, so that nothing read from Redis is ever executed.

Django's own serializer is pickle, with which anybody who can write to Redis could run code in every web process, beside
the keys of the content. The cache holds numbers, lists of times, and one text.
"""

import json
from typing import Any


class Serializer:
    """It is the serializer that `settings.CACHES` names. Raises TypeError for a value, and ValueError for bytes, not
    JSON."""

    def dumps(self, value: Any) -> int | bytes:
        """Return the value as JSON, or unchanged if it is an integer, because Redis increments those."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
