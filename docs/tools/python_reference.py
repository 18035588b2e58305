"""Which modules the Python reference shows, so that a new one needs no line of its own."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PAGES = ROOT / "docs" / "reference" / "python"
_SHOWN = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def components() -> str:
    """Every component as its package exports it; the ingest, from which models read too, in full."""
    found = []
    for entry in sorted((ROOT / "components").iterdir()):
        if entry.name == "movielens_example_gen":
            found.insert(0, f"::: components.{entry.name}")
        elif (entry / "__init__.py").exists():
            found.append(f"::: components.{entry.name}\n    options: {{show_submodules: false}}")
    return "\n\n".join([*found, *(f"::: components.{name}" for name in _modules("components"))])


def rest_of_trainer() -> str:
    """The modules of `trainer` that no page names."""
    named = {
        name for page in _PAGES.glob("*.md") for name in _SHOWN.findall(page.read_text(encoding="utf-8"))
    }
    modules = [f"trainer.{name}" for name in _modules("trainer")]
    return "\n\n".join(f"::: {name}" for name in modules if not any(_within(name, page) for page in named))


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _modules(package: str) -> list[str]:
    files = (ROOT / package).rglob("*.py") if package == "trainer" else (ROOT / package).glob("*.py")
    names = (file.relative_to(ROOT / package).with_suffix("").parts for file in files)
    return sorted(".".join(parts) for parts in names if parts[-1] != "__init__")
