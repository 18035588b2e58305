"""A terminal's window as SVG, from what a command printed."""

import io
import re

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

_THEME = TerminalTheme(
    (27, 22, 28),
    (228, 222, 228),
    [(60, 52, 62), (255, 107, 107), (120, 200, 120), (240, 200, 100), (110, 160, 255), (215, 130, 220),
     (90, 200, 210), (228, 222, 228)],
    [(120, 112, 122), (255, 107, 107), (120, 200, 120), (240, 200, 100), (110, 160, 255), (215, 130, 220),
     (90, 200, 210), (255, 255, 255)],
)  # fmt: skip
# Without the font that rich has browsers load from a network.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
# Lines are 1.22 of a letter's height apart, at which borders of tables have gaps; so letters are larger.
_FORMAT = _FORMAT.replace("Fira Code", "DejaVu Sans Mono").replace(
    "font-size: {char_height}px", "font-size: 21px"
)


def svg(command: str, printed: str, columns: int) -> str:
    """An `<svg>` with the command at a prompt and what it printed, escape sequences in their colours.

    Args:
        command: as it is typed.
        printed: with ANSI's escape sequences for colours and no others.
        columns: of the terminal.
    """
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.assemble(("$ ", "bright_black"), (command, "bold")))
    console.print(Text.from_ansi(printed), soft_wrap=True)
    drawn = console.export_svg(title="", theme=_THEME, code_format=_FORMAT)
    return re.sub(r' clip-path="url\(#[\w-]+-line-\d+\)"', "", drawn)  # it cuts off the top of each line
