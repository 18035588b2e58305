"""Line charts as plain data, which a template draws as SVG without scripts or network."""

from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 22


@dataclass(frozen=True)
class Line:
    """A line: its name and its (label, value) points in order."""

    name: str
    points: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Dot:
    """A point of a line in the coordinates of the drawing."""

    x: float
    y: float
    label: str
    value: float


@dataclass(frozen=True)
class Chart:
    """Lines in the coordinates of the drawing; ticks as (y, text), labels below as (x, anchor, text)."""

    title: str
    width: int
    height: int
    lines: list[tuple[str, str, list[Dot]]]
    ticks: list[tuple[float, str]]
    labels: list[tuple[float, str, str]]


def line_chart(lines: Sequence[Line], width: int = 480, height: int = 160, title: str = "") -> Chart:
    """Lays out lines over the same points on a common scale."""
    values = [value for line in lines for _, value in line.points]
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - abs(low or 1) * 0.05, high + abs(high or 1) * 0.05
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    longest = max((line.points for line in lines), key=len)
    inner_x, inner_y = width - LEFT - RIGHT, height - TOP - BOTTOM

    def x(index: int) -> float:
        return LEFT + (inner_x / 2 if len(longest) == 1 else inner_x * index / (len(longest) - 1))

    def y(value: float) -> float:
        return TOP + inner_y * (high - value) / (high - low)

    drawn = []
    for line in lines:
        dots = [Dot(x(i), y(value), label, value) for i, (label, value) in enumerate(line.points)]
        path = " ".join(f"{'L' if i else 'M'}{dot.x:.1f},{dot.y:.1f}" for i, dot in enumerate(dots))
        drawn.append((line.name, path, dots))
    ticks = [
        (y(value), f"{value:.3g}" if value < 100 else f"{value:.0f}") for value in (min(values), max(values))
    ]
    labels = [(x(0), "start", longest[0][0])]
    if len(longest) > 1:
        labels.append((x(len(longest) - 1), "end", longest[-1][0]))
    return Chart(title or ", ".join(line.name for line in lines), width, height, drawn, ticks, labels)
