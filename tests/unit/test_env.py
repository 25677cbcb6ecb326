"""Settings: what each one accepts, and what a person reads when it does not."""

import stat
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from taller.env import Environment, load
from taller.private_valkey import PrivateValkey
from taller.reader import BadEnvironmentError

ACCOUNT = '{"client_email": "a@b.c", "private_key": "x"}'
GOOGLE = {"SHEETS_BACKEND": "google", "GOOGLE_SHEET_ID": "1AbC", "GOOGLE_APPLICATION_CREDENTIALS_JSON": ACCOUNT}


def read(root: Path, **settings: str) -> Environment:
    return load(root, settings)


def problems(root: Path, **settings: str) -> list[str]:
    with pytest.raises(BadEnvironmentError) as refusal:
        load(root, settings)
    return refusal.value.problems


def test_an_empty_environment_gives_a_shop_on_this_machine(tmp_path: Path) -> None:
    env = read(tmp_path)
    assert (env.bind, env.port, env.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (env.debug, env.https, env.secure_ssl_redirect, env.redis_url) == (False, False, False, "")
    assert env.database["NAME"] == str(tmp_path / "var" / "taller.sqlite3")
    assert (env.sheets.backend, env.sheets.local_workbook) == ("local", tmp_path / "var" / "libro")
    assert (env.sheets.operaciones, env.sheets.trabajadores) == ("Operaciones", "Trabajadores")
    assert (env.sheets.roles, env.sheets.metadata) == ("Roles", "Metadata")
    assert (env.sheets.writes_per_minute, env.sheets.reads_per_minute) == (30, 40)
    assert (env.sheets.sync_interval_seconds, env.lock_ttl_seconds) == (5, 3600)
    assert (env.sold_requiere_arm, env.ocupacion_larga_horas, env.pin_trabajadores) == ("iniciado", 10, False)
    assert (env.time_zone, env.log_level, env.log_format) == ("America/Santiago", "INFO", "text")


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("DEBUG", "1", "debug", True),
        ("BIND", "0.0.0.0", "bind", "0.0.0.0"),
        ("BIND", "::1", "bind", "::1"),
        ("PORT", "80", "port", 80),
        ("PUBLIC_URL", "https://Taller.Example/", "public_url", "https://taller.example"),
        ("SECURE_SSL_REDIRECT", "1", "secure_ssl_redirect", True),
        ("REDIS_URL", "unix:///run/valkey.sock", "redis_url", "unix:///run/valkey.sock"),
        ("SECRET_KEY", "k" * 50, "secret_key", "k" * 50),
        ("LOCK_TTL_SECONDS", "60", "lock_ttl_seconds", 60),
        ("SOLD_REQUIERE_ARM", "completado", "sold_requiere_arm", "completado"),
        ("OCUPACION_LARGA_HORAS", "12", "ocupacion_larga_horas", 12),
        ("PIN_TRABAJADORES", "1", "pin_trabajadores", True),
        ("TIME_ZONE", "America/Punta_Arenas", "time_zone", "America/Punta_Arenas"),
        ("LOG_LEVEL", "WARNING", "log_level", "WARNING"),
        ("LOG_FORMAT", "json", "log_format", "json"),
    ],
)
def test_a_good_value_is_taken(tmp_path: Path, name: str, value: str, attribute: str, expected: object) -> None:
    assert getattr(read(tmp_path, **{name: value}), attribute) == expected


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("GOOGLE_SHEET_ID", "1AbC", "google_sheet_id", "1AbC"),
        ("SHEETS_API_URL", "http://127.0.0.1:9000/", "api_url", "http://127.0.0.1:9000"),
        ("SHEETS_API_URL", "http://localhost:9000", "api_url", "http://localhost:9000"),
        ("HOJA_OPERACIONES", "Spools 2026", "operaciones", "Spools 2026"),
        ("HOJA_TRABAJADORES", "Gente", "trabajadores", "Gente"),
        ("HOJA_ROLES", "Permisos", "roles", "Permisos"),
        ("HOJA_METADATA", "Bitácora", "metadata", "Bitácora"),
        ("SHEETS_WRITES_PER_MINUTE", "60", "writes_per_minute", 60),
        ("SHEETS_READS_PER_MINUTE", "60", "reads_per_minute", 60),
        ("SYNC_INTERVAL_SECONDS", "30", "sync_interval_seconds", 30),
    ],
)
def test_a_good_value_for_the_sheet_is_taken(
    tmp_path: Path, name: str, value: str, attribute: str, expected: object
) -> None:
    assert getattr(read(tmp_path, **{name: value}).sheets, attribute) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "true"),
        ("BIND", "taller.local"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "ocho"),
        ("PORT", "²"),
        ("PUBLIC_URL", "taller.local"),
        ("PUBLIC_URL", "ftp://taller.local"),
        ("PUBLIC_URL", "http://taller.local/app"),
        ("PUBLIC_URL", "http://[mal"),
        ("SECURE_SSL_REDIRECT", "si"),
        ("SECRET_KEY", "corta"),
        ("DATABASE_URL", "mysql://localhost/taller"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///no/existe/taller.sqlite3"),
        ("DATABASE_URL", "postgres://localhost"),
        ("SQLITE_SYNCHRONOUS", "OFF"),
        ("REDIS_URL", "localhost:6379"),
        ("SHEETS_BACKEND", "excel"),
        ("SHEETS_API_URL", "http://192.168.1.9:9000"),
        ("SHEETS_API_URL", "http://ejemplo.cl"),
        ("SHEETS_API_URL", "9000"),
        ("SHEETS_WRITES_PER_MINUTE", "0"),
        ("SHEETS_READS_PER_MINUTE", "-1"),
        ("SYNC_INTERVAL_SECONDS", "0.5"),
        ("LOCK_TTL_SECONDS", "0"),
        ("SOLD_REQUIERE_ARM", "pendiente"),
        ("OCUPACION_LARGA_HORAS", "0"),
        ("TIME_ZONE", "Chile"),
        ("LOG_LEVEL", "verbose"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named_with_an_example(tmp_path: Path, name: str, value: str) -> None:
    [problem] = problems(tmp_path, **{name: value})
    assert problem.startswith(f"{name}: ")
    assert f"Ejemplo: {name}=" in problem


def test_every_bad_setting_is_named_at_once(tmp_path: Path) -> None:
    names = [problem.split(":")[0] for problem in problems(tmp_path, PORT="x", DEBUG="x", LOG_LEVEL="x")]
    assert sorted(names) == ["DEBUG", "LOG_LEVEL", "PORT"]


def test_the_error_is_a_sentence_with_one_line_per_setting(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironmentError) as refusal:
        load(tmp_path, {"PORT": "x"})
    assert str(refusal.value) == (
        "No se puede arrancar. Corrija en el entorno o en el archivo .env:\n"
        "  - PORT: debe ser un número entero entre 1 y 65535. Ejemplo: PORT=8000"
    )


def test_a_bad_secret_is_not_repeated(tmp_path: Path) -> None:
    assert "contrasena" not in str(problems(tmp_path, DATABASE_URL="mysql://u:contrasena@h/b"))
    assert "contrasena" not in str(problems(tmp_path, REDIS_URL="http://:contrasena@h"))
    assert "contrasena" not in str(problems(tmp_path, SECRET_KEY="contrasena"))


def test_an_empty_value_means_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="", LOG_LEVEL=" ").port == 8000


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nLOG_LEVEL=ERROR\n# comentario\nHOJA_ROLES='Mis roles'\n")
    env = read(tmp_path, PORT="9001")
    assert (env.port, env.log_level, env.sheets.roles) == (9001, "ERROR", "Mis roles")


def test_the_public_url_follows_the_port(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="9001").public_url == "http://127.0.0.1:9001"


def test_https_in_the_public_url_is_noticed(tmp_path: Path) -> None:
    env = read(tmp_path, PUBLIC_URL="https://taller.example:8443")
    assert (env.https, env.public_host) == (True, "taller.example")


def test_everything_moves_with_taller_var(tmp_path: Path) -> None:
    env = read(tmp_path, TALLER_VAR="otra")
    assert env.database["NAME"] == str(tmp_path / "otra" / "taller.sqlite3")
    assert env.sheets.local_workbook == tmp_path / "otra" / "libro"
    assert (tmp_path / "otra" / "secret_key").exists()


def test_a_var_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "ocupado").write_text("")
    [problem] = problems(tmp_path, TALLER_VAR="ocupado", DATABASE_URL=f"sqlite:///{tmp_path}/t.sqlite3")
    assert problem.startswith("TALLER_VAR: ")


@pytest.mark.parametrize("var", ["/dev/null/x", "a\0b", "x" * 300])
def test_a_var_that_cannot_be_made_is_the_only_complaint(tmp_path: Path, var: str) -> None:
    assert problems(tmp_path, TALLER_VAR=var) == [
        "TALLER_VAR: debe ser una carpeta en la que se pueda escribir. Ejemplo: TALLER_VAR=var"
    ]


@pytest.mark.parametrize("name", ["a#b", "a?b=c", "a%20b", "a b", "Taller ñ", "a%zz", "a:b@c"])
def test_a_var_may_be_spelt_in_any_way(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, TALLER_VAR=name).database["NAME"] == str(tmp_path / name / "taller.sqlite3")


@pytest.mark.parametrize("name", ["a#b", "a?b=c", "a%20b", "a b"])
def test_a_private_valkey_is_found_whatever_its_folder_is_called(tmp_path: Path, name: str) -> None:
    valkey = PrivateValkey(tmp_path / name)
    assert Redis.from_url(valkey.url).connection_pool.connection_kwargs["path"] == str(tmp_path / name / "valkey.sock")


def test_the_secret_key_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    first = read(tmp_path).secret_key
    assert len(first) >= 50
    assert read(tmp_path).secret_key == first
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_sqlite_waits_ten_seconds_and_locks_from_the_first_statement(tmp_path: Path) -> None:
    options = read(tmp_path, SQLITE_SYNCHRONOUS="NORMAL").database["OPTIONS"]
    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 10)
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=NORMAL" in options["init_command"]
    assert "recursive_triggers=ON" in options["init_command"]


def test_a_relative_sqlite_file_is_beside_manage_py(tmp_path: Path) -> None:
    database = read(tmp_path, DATABASE_URL="sqlite:///var/otro.sqlite3").database
    assert database["NAME"] == str(tmp_path / "var" / "otro.sqlite3")


def test_postgres_gets_a_pool_that_leaves_room_for_others(tmp_path: Path) -> None:
    database = read(tmp_path, DATABASE_URL="postgres://ana:cl%40ve@db:5433/taller?sslmode=require").database
    named = {name: database[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "CONN_MAX_AGE")}
    assert named == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "taller",
        "USER": "ana",
        "PASSWORD": "cl@ve",
        "HOST": "db",
        "PORT": 5433,
        "CONN_MAX_AGE": 0,
    }
    options: dict[str, Any] = database["OPTIONS"]
    assert options["sslmode"] == "require"
    assert options["pool"]["timeout"] == 10
    assert (options["server_side_binding"], options["prepare_threshold"]) == (True, 2)
    assert 2 * options["pool"]["max_size"] < 30


def test_google_needs_a_sheet_and_an_account(tmp_path: Path) -> None:
    names = [problem.split(":")[0] for problem in problems(tmp_path, SHEETS_BACKEND="google")]
    assert names == ["GOOGLE_SHEET_ID", "GOOGLE_APPLICATION_CREDENTIALS"]


def test_google_takes_an_account_as_json_or_as_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, **GOOGLE).sheets.credentials_json == ACCOUNT
    file = tmp_path / "cuenta.json"
    file.write_text(ACCOUNT)
    by_file = GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS_JSON": "", "GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    assert read(tmp_path, **by_file).sheets.credentials_file == str(file)


@pytest.mark.parametrize("text", ["{", "[]", '{"client_email": "a@b.c"}'])
def test_json_that_is_no_account_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    [problem] = problems(tmp_path, **(GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS_JSON": text}))
    assert problem.startswith("GOOGLE_APPLICATION_CREDENTIALS_JSON: ")
    assert "a@b.c" not in problem


def test_a_sheets_server_on_this_machine_needs_no_account(tmp_path: Path) -> None:
    env = read(tmp_path, SHEETS_BACKEND="google", GOOGLE_SHEET_ID="1AbC", SHEETS_API_URL="http://127.0.0.1:9000")
    assert env.sheets.api_url == "http://127.0.0.1:9000"
