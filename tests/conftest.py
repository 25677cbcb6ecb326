"""The services and databases that tests stand on.

Django's settings are loaded in `pytest_configure`, not through pytest's ini, because which database they name
depends on `--database`, and PostgreSQL has to run by then.
"""

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import hypothesis
import pytest
from pytest_django import Settings

from tests.live import LiveTaller, clean_environment
from tests.postgres import PrivatePostgres, postgres_binaries
from tests.private_valkey import BreakableValkey
from tests.proxy import NGINX

POSTGRES = pytest.StashKey[PrivatePostgres]()
FOLDER = pytest.StashKey[Path]()
CHROMIUM = Path("/usr/bin/chromium")

# Test files about what is shown and to whom, which every database shows alike.
PAGES = re.compile(r"test_(access|admin|api_access|api_envelope|correction_pages|demo|screens|supervision_pages)")

StartTaller = Callable[..., LiveTaller]

hypothesis.settings.register_profile(
    "short", max_examples=40, stateful_step_count=25, derandomize=True, database=None, deadline=None
)
hypothesis.settings.register_profile("long", max_examples=600, stateful_step_count=80, print_blob=True, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("taller")
    group.addoption("--database", choices=["sqlite", "postgres"], default="sqlite", help="the database under test")
    group.addoption(
        "--processes",
        choices=["with", "without", "only"],
        default="with",
        help="whether tests run that start the real programs or a browser",
    )
    group.addoption("--long", action="store_true", help="the long profile, also chosen by TALLER_LONG=1")


def is_long(config: pytest.Config) -> bool:
    return bool(config.getoption("--long")) or os.environ.get("TALLER_LONG") == "1"


def pytest_configure(config: pytest.Config) -> None:
    _refuse_missing_services(config)
    os.environ["TALLER_LONG"] = "1" if is_long(config) else "0"  # for what has no config at hand
    hypothesis.settings.load_profile("long" if is_long(config) else "short")
    folder = Path(tempfile.mkdtemp(prefix="taller-tests-"))
    config.stash[FOLDER] = folder
    (folder / "static").mkdir()  # WhiteNoise warns of a folder that is not there
    settings = {"TALLER_VAR": str(folder), "SQLITE_SYNCHRONOUS": "NORMAL", "PUBLIC_URL": "http://testserver"}
    binaries = postgres_binaries()
    if config.getoption("--database") == "postgres" and binaries:
        config.stash[POSTGRES] = PrivatePostgres(binaries).start()
        settings["DATABASE_URL"] = config.stash[POSTGRES].url()
    os.environ.update(clean_environment(**settings) | {"DJANGO_SETTINGS_MODULE": "taller.settings"})
    _load_settings()


def _refuse_missing_services(config: pytest.Config) -> None:
    missing = missing_services(config)
    if missing and os.environ.get("TALLER_REQUIRE_SERVICES") == "1":
        raise pytest.UsageError("TALLER_REQUIRE_SERVICES=1, and not installed: " + ", ".join(missing))


def missing_services(config: pytest.Config) -> list[str]:
    missing = []
    if config.getoption("--database") == "postgres" and not postgres_binaries():
        missing.append("postgresql")
    if not CHROMIUM.exists():
        missing.append("chromium")
    if is_long(config) and not NGINX.exists():
        missing.append("nginx")
    return missing


def _load_settings() -> None:
    from django.conf import settings

    # Plain names: the hashed ones need collectstatic, which no test of a view should depend on.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    # Hashing passwords slowly is Django's matter; the suite logs in hundreds of times.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if POSTGRES in config.stash:
        config.stash[POSTGRES].remove()
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    profile = "long" if is_long(config) else "short"
    return [f"taller: database {config.getoption('--database')}, {profile} profile"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other database's run shows, and skip, by name, what a missing service cannot show."""
    tests = config.rootpath / "tests"
    for item in items:
        for folder, mark in (("unit", "database_free"), ("browser", "browser")):
            if item.path.is_relative_to(tests / folder):
                item.add_marker(mark)
        if PAGES.match(item.path.name):
            item.add_marker("page")
        _skip_without_service(config, item)
    elsewhere = {"sqlite": {"postgres"}, "postgres": {"sqlite", "database_free", "browser"}}
    short = {"sqlite": {"long"}, "postgres": {"long", "sheet", "page", "both_databases"}}
    # The long profile's own tests are another command's, so they are left out rather than skipped.
    database = config.getoption("--database")
    unwanted = elsewhere[database] | (set() if is_long(config) else short[database])
    kept = [item for item in items if not unwanted & _told(item) and _fits(config.getoption("--processes"), item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _told(item: pytest.Item) -> set[str]:
    """The marks that may leave a test out: a browser's does not where the test is for both databases."""
    marks = _marks(item)
    return marks - {"browser"} if "both_databases" in marks else marks


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def _fits(processes: str, item: pytest.Item) -> bool:
    """Whether the test is of the part asked for: those that start processes, the others, or both."""
    return processes == "with" or (processes == "only") == bool({"process", "browser"} & _marks(item))


def _skip_without_service(config: pytest.Config, item: pytest.Item) -> None:
    missing = missing_services(config)
    if "postgresql" in missing:
        item.add_marker(pytest.mark.skip(reason="PostgreSQL is not installed: apt install postgresql"))
    if "chromium" in missing and item.get_closest_marker("browser"):
        item.add_marker(pytest.mark.skip(reason="Chromium is not installed: apt install chromium"))
    if "nginx" in missing and item.get_closest_marker("nginx"):
        item.add_marker(pytest.mark.skip(reason="nginx is not installed: apt install nginx-light"))


@pytest.fixture(scope="session")
def long_profile(pytestconfig: pytest.Config) -> bool:
    return is_long(pytestconfig)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(pytestconfig: pytest.Config) -> None:
    """A SQLite database in a file, as in the shop: one in memory would not lock between threads."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(pytestconfig.stash[FOLDER] / "pruebas.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _journal_lets_tests_flush() -> Iterator[None]:
    """Tests that commit end with Django's flush, which the journal's triggers refuse: lift them around it."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from occupation.models import triggers

    flush = BaseDatabaseOperations.execute_sql_flush

    def lifted(operations: BaseDatabaseOperations, statements: list[str]) -> None:
        triggers.lift(operations.connection)
        try:
            flush(operations, statements)
        finally:
            triggers.install(operations.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", lifted)
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """What one test counted or remembered in the process' cache is nothing to the next."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def _all_words_are_known() -> None:
    """Django keeps the words it read first: of every app, before a test makes do with fewer."""
    from django.utils.translation import gettext

    assert gettext("Log in") == "Iniciar sesión"


@pytest.fixture(autouse=True)
def _speaks_spanish(_all_words_are_known: None) -> None:
    """What a test with fewer apps left as the thread's language knows only their words."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[BreakableValkey]:
    server = BreakableValkey()
    yield server
    server.kill()
    shutil.rmtree(server.folder)


@pytest.fixture
def valkey(valkey_server: BreakableValkey, settings: Settings) -> Iterator[BreakableValkey]:
    """A running, empty Valkey, named in settings.REDIS_URL. It may be killed, frozen and started again."""
    valkey_server.make_fresh()
    settings.REDIS_URL = valkey_server.url
    yield valkey_server
    valkey_server.thaw()


@pytest.fixture(scope="session")
def _template_folder(pytestconfig: pytest.Config) -> Path:
    folder = pytestconfig.stash[FOLDER] / "template"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def static_files(_template_folder: Path) -> Path:
    """The collected static files, which every web process of the tests serves."""
    done = LiveTaller(_template_folder, {}).manage("collectstatic", "--noinput", "--verbosity=0")
    assert done.returncode == 0, done.stderr
    return _template_folder / "var" / "static"


@pytest.fixture(scope="session")
def migrated_database(pytestconfig: pytest.Config, _template_folder: Path) -> str:
    """A migrated, empty database to copy: a SQLite file's path, or the name of a PostgreSQL database."""
    folder = _template_folder
    if pytestconfig.getoption("--database") == "sqlite":
        place = str(folder / "taller.sqlite3")
        url = f"sqlite:///{place}"
    else:
        place = pytestconfig.stash[POSTGRES].create_database()
        url = pytestconfig.stash[POSTGRES].url(place)
    done = LiveTaller(folder, {"DATABASE_URL": url}).manage("migrate", "--verbosity=0")
    assert done.returncode == 0, done.stderr
    return place


@contextmanager
def copied_database(config: pytest.Config, template: str, folder: Path) -> Iterator[str]:
    """The DATABASE_URL of a copy of the template database, dropped afterwards."""
    if config.getoption("--database") == "sqlite":
        copy = folder / "taller.sqlite3"
        with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield f"sqlite:///{copy}"
        return
    server = config.stash[POSTGRES]
    name = server.create_database(template)
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


@contextmanager
def taller_starter(folder: Path, static_files: Path, database_url: str) -> Iterator[StartTaller]:
    """A function that starts web processes on one database, which all end with the context."""
    started: list[LiveTaller] = []
    (folder / "var").mkdir()
    (folder / "var" / "static").symlink_to(static_files)

    def start(**settings: str) -> LiveTaller:
        live = LiveTaller(folder, {"DATABASE_URL": database_url} | settings)
        started.append(live)
        live.start()
        return live

    try:
        yield start
    finally:
        for live in started:
            live.kill()


@pytest.fixture
def fresh_database_url(pytestconfig: pytest.Config, migrated_database: str, tmp_path: Path) -> Iterator[str]:
    """The DATABASE_URL of a migrated, empty database that separate processes may use."""
    with copied_database(pytestconfig, migrated_database, tmp_path) as url:
        yield url


@pytest.fixture
def start_taller(fresh_database_url: str, static_files: Path, tmp_path: Path) -> Iterator[StartTaller]:
    """`start_taller(**settings)` starts a web process; several calls share the same fresh database."""
    with taller_starter(tmp_path, static_files, fresh_database_url) as start:
        yield start


@pytest.fixture(scope="module")
def shared_taller(
    pytestconfig: pytest.Config,
    migrated_database: str,
    static_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveTaller]:
    """One web process for all the tests of a file, for those that do not mind what the others left behind."""
    folder = tmp_path_factory.mktemp("shared")
    with (
        copied_database(pytestconfig, migrated_database, folder) as url,
        taller_starter(folder, static_files, url) as start,
    ):
        yield start()


@pytest.fixture
def live_taller(start_taller: StartTaller) -> LiveTaller:
    """The product in a web process of its own, without Redis, on a fresh database."""
    return start_taller()
