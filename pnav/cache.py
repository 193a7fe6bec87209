"""Serialise the values of the cache as JSON, so that nothing read from Redis is ever executed.

Django's own serializer is pickle: whoever may write to Redis would run what they like in every web process, with the
keys of the content. What is kept there is numbers, lists of times and one text.
"""

import json
from typing import Any


class Serializer:
    """Named by `settings.CACHES`. Raises TypeError for a value, and ValueError for bytes, that are not JSON."""

    def dumps(self, value: Any) -> int | bytes:
        """A whole number goes as it is: Redis counts with it."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
