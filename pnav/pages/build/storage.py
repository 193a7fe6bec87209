"""Stores static files under hashed names and compressed, so that browsers keep what pages load for ever."""

from collections.abc import Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

from pnav.pages.build.modules import imported_modules


def _needs(name: str) -> int:
    return len(imported_modules(name)) if name.startswith("pnav/") and name.endswith(".js") else 0


class Storage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's, and the modules of our scripts name each other by their hashed names too (ADR 0059).

    A module that changes changes the name of all that import it, directly or not. Modules that import each other in a
    circle have no such name: `collectstatic` refuses them.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Django's, given each module after those that it needs.

        So one pass finds every name. In any other order Django goes over all files once for each level of imports, and
        gives up after five.
        """
        return super().post_process({name: paths[name] for name in sorted(paths, key=_needs)}, *args, **kwargs)
