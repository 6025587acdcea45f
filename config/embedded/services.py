"""Both services of one data folder, and the environment that reaches them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from config.embedded.bootstrap import APP, OWNER, Logins, bootstrap, with_database, with_login
from config.embedded.postgres import Postgres, binaries
from config.embedded.redis_server import Redis
from config.embedded.state import Remembered

DATABASE = "crm"


class Services:
    """PostgreSQL and Redis for one data folder; the caller holds its `Lock`.

    `durable=False` is for data that is thrown away. `test=True` also tells the superuser's address and lets the owner
    create databases.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        test: bool = False,
        wants: tuple[str, ...] = ("postgres", "redis"),
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.folder = folder
        self.test = test
        self.say = say
        self.remembered = Remembered.load(folder)
        passwords = self.remembered
        self.postgres = (
            Postgres(folder, password=passwords.admin_password, durable=durable) if "postgres" in wants else None
        )
        self.redis = Redis(folder, password=passwords.redis_password, durable=durable) if "redis" in wants else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start what is not running; passwords are on disk before the cluster that needs them is made."""
        self.remembered.save(self.folder)
        with ExitStack() as undo:
            if self.postgres and not self.postgres.child:
                undo.callback(self.postgres.stop)
                self.remembered.postgres_port = self.postgres.start(self.remembered.postgres_port)
                self._bootstrap(self.postgres)
                self.say(f"PostgreSQL on 127.0.0.1:{self.postgres.port}")
            if self.redis and not self.redis.child:
                undo.callback(self.redis.stop)
                self.remembered.redis_port = self.redis.start(self.remembered.redis_port)
                self.say(f"Redis on 127.0.0.1:{self.redis.port}")
            self.remembered.save(self.folder)
            undo.pop_all()

    def stop(self) -> None:
        for server in (self.redis, self.postgres):
            if server:
                server.stop()

    def end_leftovers(self) -> None:
        """Stop the servers that a killed run left on this folder."""
        for server in (self.redis, self.postgres):
            if server:
                server.end_leftovers()

    def dead(self) -> list[Postgres | Redis]:
        """Servers that were started and have ended by themselves."""
        return [
            server
            for server in (self.postgres, self.redis)
            if server and server.child and server.child.poll() is not None
        ]

    def environment(self) -> dict[str, str]:
        """DATABASE_URL, OWNER_DATABASE_URL, REDIS_URL, CELERY_BROKER_URL (and TEST_ADMIN_DATABASE_URL)."""
        values: dict[str, str] = {}
        if self.postgres:
            base = with_database(self.postgres.admin_url, DATABASE)
            values["DATABASE_URL"] = with_login(base, APP, self.remembered.app_password)
            values["OWNER_DATABASE_URL"] = with_login(base, OWNER, self.remembered.owner_password)
            values["PG_BIN"] = str(binaries())  # provisioning takes pg_dump from here
            if self.test:
                values["TEST_ADMIN_DATABASE_URL"] = self.postgres.admin_url
        if self.redis:
            values["REDIS_URL"] = self.redis.url(0)
            values["CELERY_BROKER_URL"] = self.redis.url(1)
        return values

    def _bootstrap(self, postgres: Postgres) -> None:
        logins = Logins(
            database=DATABASE,
            owner_password=self.remembered.owner_password,
            app_password=self.remembered.app_password,
        )
        bootstrap(admin_url=postgres.admin_url, logins=logins, template=True, test=self.test)
