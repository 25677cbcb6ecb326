"""The rules of the house, measured: sizes, annotations that name their reason, locks, settings on paper."""

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

from taller import VERSION, version_in
from taller.env import load

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("taller", "occupation", "dashboard")
LOCKS = ("requirements.lock", "requirements-dev.lock")


def product_files() -> list[Path]:
    files = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py")]
    return [path for path in files if "migrations" not in path.parts]


def function_lengths() -> Iterator[tuple[str, int]]:
    """Each function's lines, without its docstring, which is there to be read."""
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None
    return (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0


def test_functions_are_short() -> None:
    lengths = dict(function_lengths())
    ordered = sorted(lengths.values())
    assert {name: lines for name, lines in lengths.items() if lines > 60} == {}
    assert statistics.median(ordered) <= 9
    assert ordered[len(ordered) * 9 // 10] <= 28


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in product_files()}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_no_room_is_called_utils() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "misc"}
    assert [str(path) for path in product_files() if vague & set(path.with_suffix("").parts)] == []


def swallowing_handlers() -> Iterator[str]:
    """Handlers of every error that do not raise it again, as a cleaning up would."""
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and catches_everything(node) and not ends_raising(node):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def catches_everything(handler: ast.ExceptHandler) -> bool:
    named = handler.type
    return named is None or (isinstance(named, ast.Name) and named.id in {"Exception", "BaseException"})


def ends_raising(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise)


def test_errors_of_every_kind_are_swallowed_nearly_nowhere() -> None:
    assert len(list(swallowing_handlers())) <= 2, list(swallowing_handlers())


def test_env_example_lists_exactly_the_settings_that_are_read(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(listed) == sorted(load(tmp_path, {}).names)


def test_env_example_is_itself_a_good_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    from_example, from_nothing = load(tmp_path, {}), load(tmp_path, {"TALLER_VAR": "var"})
    assert from_example == from_nothing


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_pin_by_hash_and_name_no_registry_and_no_path(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert [line for line in pins if "==" not in line] == []
    assert len([line for line in lines if "--hash=sha256:" in line]) >= len(pins)
    assert [line for line in lines if "://" in line or "--index" in line or "--find-links" in line] == []


def locked(lock: str) -> dict[str, str]:
    pins = re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return dict(pins)


def test_tests_run_with_the_versions_that_run_the_shop() -> None:
    shop, tests = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: version for name, version in shop.items() if tests.get(name) != version} == {}


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]["dev"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in requirements}

    assert names(project["dependencies"]) - locked("requirements.lock").keys() == set()
    assert names(extras) - locked("requirements-dev.lock").keys() == set()


def test_the_abandoned_fsm_distribution_is_absent() -> None:
    """Both install the module django_fsm; a mix of the two would fail in ways nobody understands."""
    installed = {dist.metadata["Name"].lower().replace("_", "-") for dist in distributions()}
    assert "django-fsm" not in installed
    assert "django-fsm-2" in installed
    assert "django-fsm" not in locked("requirements.lock")


def test_the_readme_starts_with_the_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    assert commands[0].splitlines()[0] == "apt install make python3-venv git"
    assert readme.index("make run") < readme.index("make test") < 2500


def test_the_readme_names_only_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named - targets == set()
    assert {"run", "links", "test", "test-long", "check", "bench", "lock"} <= targets


def test_the_version_is_the_newest_release_of_the_changelog() -> None:
    assert version_in("# Changes\n\n## [Unreleased]\n\n## [1.2.0] - 2027-01-02\n\n## [1.1.0]\n") == "1.2.0"
    assert version_in("# Changes\n\n## [Unreleased]\n") == "0.1.0.dev0"
    assert version_in((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == VERSION
