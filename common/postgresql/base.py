"""This is the database backend of `common.postgresql`. Django looks for this module name in an ENGINE."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from common.postgresql import current, hosts


class DatabaseWrapper(base.DatabaseWrapper):
    """It is a connection of Django that waits for its pool at most once in a block of `waiting_once`."""

    def get_new_connection(self, conn_params: Any) -> Any:
        """Take a connection from the pool, or open one where there is no pool.

        Raises PoolTimeout after `OPTIONS["pool"]["timeout"]` seconds. Raises it at once if that has happened before in
        this block and the pool still has no free connection.
        """
        if not self.pool:
            return hosts.connect(conn_params, super().get_new_connection)
        waits = current.get()
        if waits is None:
            return super().get_new_connection(conn_params)
        if waits.has_given_up and not self.pool.get_stats().get("pool_available"):
            raise PoolTimeout("the database did not answer this request before")
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout:
            waits.has_given_up = True
            raise
