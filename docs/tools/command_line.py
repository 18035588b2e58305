"""`marquee`'s commands as Markdown, asked of the typer app: what `--help` says, on one page."""

import re
from collections.abc import Iterator

import typer

_NOTES = re.compile(r"  \[([^\]]+)\]$")  # what typer adds to a help: default, variable, required


def command_line() -> str:
    """A section a command: how it is called, what it does, its arguments and options."""
    from pipeline.cli.app import app

    group = typer.main.get_command(app)
    context = group.context_class(group, info_name="marquee")
    return "\n\n".join(_sections(group, context))


def _sections(group, context) -> Iterator[str]:
    """Of each command; after a command that has commands of its own, of those."""
    path = context.command_path.split(" ", 1)[1:]
    for name, command in group.commands.items():
        inner = command.context_class(command, parent=context, info_name=name)
        yield _section(" ".join([*path, name]), command, inner)
        if hasattr(command, "commands"):
            yield from _sections(command, inner)


def _section(name: str, command, context) -> str:
    records = [parameter.get_help_record(context) for parameter in command.params]
    must = [_in_usage(called) for called, said in records if said.endswith("required]")]
    usage = " ".join(["marquee", name, *must, "[OPTIONS]"])
    rows = "\n".join(_row(called, said) for called, said in records)
    return "\n\n".join(
        [f"## marquee {name}", f"```\n{usage}\n```", command.help or "", f"| | | |\n|---|---|---|\n{rows}"]
    )


def _in_usage(called: str) -> str:
    """`-u, --user <str>` by its long name, `titles... <list[str]>` without its type."""
    return called.split(", ")[-1] if called.startswith("-") else called.split(" ")[0]


def _row(called: str, said: str) -> str:
    notes = _NOTES.search(said)
    text = said[: notes.start()] if notes else said
    return f"| `{_cell(called)}` | {_cell(text).replace('<', '&lt;')} | {_cell(notes[1]) if notes else ''} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
