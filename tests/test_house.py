"""The house's own rules, where a linter does not know them: small files that say what they are for, and no network behind an import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "puna").rglob("*.py"))
EVERYTHING = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
NETWORK = {
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "huggingface_hub",
    "requests",
    "smtplib",
    "socket",
    "ssl",
    "urllib",
    "urllib3",
    "websockets",
}

IMPORT_ALL_OFFLINE = """
import importlib, pkgutil, socket

def refuse(*args, **kwargs):
    raise AssertionError("an import reached for the network")

# Constructors of sockets stay: asyncio and multiprocessing make local pairs. What leaves the machine goes through these.
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse

import puna

for module in pkgutil.walk_packages(puna.__path__, "puna."):
    importlib.import_module(module.name)
for name in puna.__all__:
    getattr(puna, name)
"""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports_at_top(path: Path) -> set[str]:
    """The modules that a file imports when it is imported itself: also within `if` and `try`, not within functions, not for type checkers alone."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_files_are_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_every_file_opens_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


# Meta's files are pickles by definition, so one module writes them; what is read goes through torch's weights-only reader.
WRITES_PICKLES = ROOT / "puna" / "formats" / "pth_writer.py"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_imports_the_network_or_pickle(path: Path) -> None:
    allowed = {"pickle"} if path == WRITES_PICKLES else set()
    assert not packages(imports_at_top(path)) & ((NETWORK | {"pickle", "shelve", "marshal"}) - allowed)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_ever_unpickled(path: Path) -> None:
    used = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)}
    assert {name for name in used if name.startswith("pickle.")} <= {"pickle.Pickler", "pickle.PickleError", "pickle.UnpicklingError"}
    assert "torch.load" not in used or "weights_only=True" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "puna" / "commands").glob("[!_]*.py")), ids=name_of)
def test_a_commands_file_costs_help_nothing(path: Path) -> None:
    rooms = {module for module in imports_at_top(path) if module.startswith("puna.") and module != "puna.commands"}
    assert not rooms
    assert packages(imports_at_top(path)) <= {"puna", "typer", *sys.stdlib_module_names}


def test_everything_imports_with_the_network_off() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL_OFFLINE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
