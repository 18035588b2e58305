"""Short text forms of values for tables."""

from typing import Any


def brief(settings: dict[str, Any]) -> str:
    """Formats settings as `name value, …`, with numbers to four digits."""
    return ", ".join(f"{name} {short(value)}" for name, value in settings.items())


def short(value: Any) -> str:
    """Formats a value for a table: numbers to four digits, a list by its items."""
    if isinstance(value, bool) or value is None:
        return "yes" if value else "no" if value is False else "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(short(each) for each in value) + "]"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
