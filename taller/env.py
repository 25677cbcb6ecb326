"""Every setting the product reads: from the environment first, then from `.env` beside manage.py."""

import ipaddress
import json
import os
import secrets
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environ import Env

from taller.database import database_from_url, sqlite_database
from taller.reader import Reader


@dataclass(frozen=True)
class Sheets:
    """The mirror's settings: where the book is, what its tabs are called, how much of Google's quota to use."""

    backend: str
    local_workbook: Path
    google_sheet_id: str
    credentials_file: str
    credentials_json: str
    api_url: str
    operaciones: str
    trabajadores: str
    roles: str
    metadata: str
    writes_per_minute: int
    reads_per_minute: int
    sync_interval_seconds: int


@dataclass(frozen=True)
class Environment:
    """What the settings say, checked. `names` are the settings that were read."""

    names: tuple[str, ...]
    var: Path
    secret_key: str
    debug: bool
    bind: str
    port: int
    public_url: str
    secure_ssl_redirect: bool
    database: dict[str, Any]
    redis_url: str
    sheets: Sheets
    lock_ttl_seconds: int
    sold_requiere_arm: str
    ocupacion_larga_horas: int
    pin_trabajadores: bool
    time_zone: str
    log_level: str
    log_format: str

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or ""


def load(root: Path, environ: Mapping[str, str] = os.environ) -> Environment:
    """Read and check every setting; `root` is the folder of manage.py.

    Refuses with BadEnvironmentError, which names each bad setting, its rule and an example. Makes `var/` and
    `var/secret_key` when they are needed and absent.
    """
    reader = Reader(read_dotenv(root / ".env") | dict(environ))
    var = _var_folder(reader, root)
    port = reader.whole("PORT", 8000, 1, 65535)
    environment = Environment(
        var=var,
        secret_key=_secret_key(reader, var),
        debug=reader.flag("DEBUG"),
        bind=reader.parsed("BIND", "127.0.0.1", _address, "debe ser una dirección IP de esta máquina", "0.0.0.0"),  # noqa: S104  an example in a message
        port=port,
        public_url=_public_url(reader, port),
        secure_ssl_redirect=reader.flag("SECURE_SSL_REDIRECT"),
        database=_database(reader, root, var),
        redis_url=_redis_url(reader),
        sheets=_sheets(reader, root, var),
        lock_ttl_seconds=reader.whole("LOCK_TTL_SECONDS", 3600, 1, 604_800),
        sold_requiere_arm=reader.choice("SOLD_REQUIERE_ARM", "iniciado", ("iniciado", "completado")),
        ocupacion_larga_horas=reader.whole("OCUPACION_LARGA_HORAS", 10, 1, 168),
        pin_trabajadores=reader.flag("PIN_TRABAJADORES"),
        time_zone=reader.parsed(
            "TIME_ZONE", "America/Santiago", _zone, "debe ser una zona horaria conocida", "America/Santiago"
        ),
        log_level=reader.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=reader.choice("LOG_FORMAT", "text", ("text", "json")),
        names=tuple(reader.names),
    )
    reader.finish()
    return environment


def read_dotenv(path: Path) -> dict[str, str]:
    """What a `.env` file says; nothing if there is none. Leaves the process' own environment alone."""

    class File(Env):  # type: ignore[misc]  # django-environ publishes no types
        ENVIRON: dict[str, str] = {}

    if path.is_file():
        File.read_env(path)
    return dict(File.ENVIRON)


def _var_folder(reader: Reader, root: Path) -> Path:
    var = root / reader.text("TALLER_VAR", "var")
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError):  # ValueError: a path with a null character
        reader.reject("TALLER_VAR", "debe ser una carpeta en la que se pueda escribir", "var")
    return var


def _secret_key(reader: Reader, var: Path) -> str:
    def parse(raw: str) -> str:
        if len(raw) < 50:
            raise ValueError
        return raw

    given = reader.parsed("SECRET_KEY", "", parse, "debe tener 50 caracteres o más", "$(openssl rand -hex 32)")
    if given or reader.problems:
        return given
    try:
        return _kept_secret_key(var / "secret_key")
    except OSError:
        reader.reject("TALLER_VAR", "debe ser una carpeta en la que se pueda leer y escribir secret_key", "var")
        return ""


def _kept_secret_key(path: Path) -> str:
    """The key in the file, made on first use. Two processes that start together end with the same one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _public_url(reader: Reader, port: int) -> str:
    def parse(raw: str) -> str:
        url = urlsplit(raw)
        bare = not (url.path.strip("/") or url.query or url.fragment or url.username)
        if url.scheme not in {"http", "https"} or not url.hostname or not bare:
            raise ValueError(raw)
        return f"{url.scheme}://{url.netloc}".lower()

    rule = "debe ser la dirección con que se abre el taller, con http o https y sin ruta"
    return reader.parsed("PUBLIC_URL", f"http://127.0.0.1:{port}", parse, rule, "http://192.168.1.20:8000")


def _database(reader: Reader, root: Path, var: Path) -> dict[str, Any]:
    synchronous = reader.choice("SQLITE_SYNCHRONOUS", "FULL", ("FULL", "NORMAL"))

    def parse(raw: str) -> dict[str, Any]:
        return database_from_url(raw, root=root, synchronous=synchronous)

    rule = "debe ser sqlite:///archivo (en una carpeta que exista) o postgres://usuario:clave@servidor/base"
    usual = sqlite_database(var / "taller.sqlite3", synchronous=synchronous)
    return reader.parsed("DATABASE_URL", usual, parse, rule, "sqlite:///var/taller.sqlite3")


def _redis_url(reader: Reader) -> str:
    def parse(raw: str) -> str:
        url = urlsplit(raw)
        if url.scheme not in {"redis", "rediss", "unix"} or not (url.hostname or url.path):
            raise ValueError
        return raw

    rule = "debe empezar con redis://, rediss:// o unix://, o quedar vacío para trabajar sin Redis"
    return reader.parsed("REDIS_URL", "", parse, rule, "redis://127.0.0.1:6379/0")


def _sheets(reader: Reader, root: Path, var: Path) -> Sheets:
    sheets = Sheets(
        backend=reader.choice("SHEETS_BACKEND", "local", ("local", "google")),
        local_workbook=root / reader.text("LOCAL_WORKBOOK", str(var / "libro")),
        google_sheet_id=reader.text("GOOGLE_SHEET_ID"),
        credentials_file=reader.text("GOOGLE_APPLICATION_CREDENTIALS"),
        credentials_json=reader.text("GOOGLE_APPLICATION_CREDENTIALS_JSON"),
        api_url=reader.parsed(
            "SHEETS_API_URL", "", _loopback_origin, "debe ser un servidor de esta máquina", "http://127.0.0.1:9000"
        ),
        operaciones=reader.text("HOJA_OPERACIONES", "Operaciones"),
        trabajadores=reader.text("HOJA_TRABAJADORES", "Trabajadores"),
        roles=reader.text("HOJA_ROLES", "Roles"),
        metadata=reader.text("HOJA_METADATA", "Metadata"),
        # Google allows 60 of each per minute and user; the defaults leave room for people and other programs.
        writes_per_minute=reader.whole("SHEETS_WRITES_PER_MINUTE", 30, 1, 300),
        reads_per_minute=reader.whole("SHEETS_READS_PER_MINUTE", 40, 1, 300),
        sync_interval_seconds=reader.whole("SYNC_INTERVAL_SECONDS", 5, 1, 3600),
    )
    if sheets.backend == "google":
        _check_google(reader, sheets)
    return sheets


def _check_google(reader: Reader, sheets: Sheets) -> None:
    if not sheets.google_sheet_id:
        rule = "falta, y SHEETS_BACKEND es google. Es la parte larga de la dirección de la hoja"
        reader.reject("GOOGLE_SHEET_ID", rule, "1AbC…xyz")
    if sheets.api_url:
        return
    if sheets.credentials_json:
        if not _is_service_account(sheets.credentials_json):
            rule = "debe ser el JSON de una cuenta de servicio"
            reader.reject("GOOGLE_APPLICATION_CREDENTIALS_JSON", rule, '{"type": "service_account", …}')
    elif not Path(sheets.credentials_file or "-").is_file():
        rule = "debe ser el archivo JSON de una cuenta de servicio, pues SHEETS_BACKEND es google"
        reader.reject("GOOGLE_APPLICATION_CREDENTIALS", rule, "var/cuenta.json")


def _is_service_account(text: str) -> bool:
    try:
        account = json.loads(text)
    except ValueError:
        return False
    return isinstance(account, dict) and {"client_email", "private_key"} <= account.keys()


def _address(raw: str) -> str:
    return str(ipaddress.ip_address(raw))


def _zone(raw: str) -> str:
    if raw not in zoneinfo.available_timezones():
        raise ValueError
    return raw


def _loopback_origin(raw: str) -> str:
    url = urlsplit(raw)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/"):
        raise ValueError
    if url.hostname != "localhost" and not ipaddress.ip_address(url.hostname).is_loopback:
        raise ValueError
    return raw.rstrip("/")
