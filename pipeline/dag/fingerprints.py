"""Fingerprints of code, passed as parameters so that TFX's cache notices an edit.

TFX keys its cache on inputs, parameters and the executor's class path; the code behind a dotted path is
not part of it, so an edited model would silently reuse the old one.
"""

import functools
import hashlib
import importlib.util
import re
from pathlib import Path

#: Packages whose imports are followed, the code of nodes. The lock file pins TFX and other packages.
PACKAGES = ("components", "marquee", "serving", "trainer", "tuner")
# Not `ast`: parsing all files takes a second at every start. A surplus name does no harm.
_OURS = rf"(?:{'|'.join(PACKAGES)})\b[\w.]*"
_IMPORT = re.compile(rf"^[ \t]*(?:import ({_OURS})|from ({_OURS}) import (\([^)]*\)|.+))", re.MULTILINE)


@functools.cache
def code_fingerprint(*names: str) -> str:
    """Returns SHA-256 (16 hex digits) over `sources` of the named modules and packages."""
    digest = hashlib.sha256()
    for name, file in sources(*names).items():
        digest.update(f"{name}\0".encode())
        digest.update(file.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def sources(*names: str) -> dict[str, Path]:
    """Returns the files of modules, packages and their imports, by path from the top-level package, sorted.

    All imports in the text are followed, also those inside functions. A module whose name is only known at
    run time, such as a kind of model, must be named by its package.
    """
    files = {name: file for each in names for name, file in _named(each)}
    to_read = list(files.values())
    while to_read:
        found = {name: file for name, file in _imported(to_read.pop()) if name not in files}
        files |= found
        to_read += found.values()
    return dict(sorted(files.items()))


def content_fingerprint(text: str) -> str:
    """Returns SHA-256 (16 hex digits) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named(name: str) -> list[tuple[str, Path]]:
    """Returns the file of a module, or all files of a package."""
    root = _root(name.partition(".")[0])
    path = root.joinpath(*name.split("."))
    files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    return [(file.relative_to(root).as_posix(), file) for file in files]


@functools.cache
def _imported(file: Path) -> frozenset[tuple[str, Path]]:
    """Returns the files of PACKAGES that a file imports, and the `__init__` of their packages."""
    found: set[tuple[str, Path]] = set()
    for whole, package, names in _IMPORT.findall(file.read_text(encoding="utf-8")):
        found.update(_modules(whole or package))
        for name in re.findall(r"\w+", names):
            found.update(_modules(f"{package}.{name}"))
    return frozenset(found)


@functools.cache  # the same few modules are imported again and again, and a look at the disk costs
def _modules(name: str) -> tuple[tuple[str, Path], ...]:
    """Returns the files of a module and of the packages above it; none for a name inside a module."""
    above, _, _ = name.rpartition(".")
    root = _root(name.partition(".")[0])
    path = root.joinpath(*name.split("."))
    files = [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]
    return (*(_modules(above) if above else ()), *((f.relative_to(root).as_posix(), f) for f in files))


@functools.cache
def _root(package: str) -> Path:
    """Returns the folder that contains a top-level package."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    assert folders is not None  # it is a package
    [folder] = folders
    return Path(folder).parent
