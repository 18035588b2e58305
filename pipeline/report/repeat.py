"""How to repeat the run, and on what it ran."""

import json
import shlex

from pipeline.report.blocks import Block, Cell, Code, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import duration, number


def repeat(sources: Sources) -> Section:
    """The command, the machine, the versions, the configuration."""
    record = sources.record
    if not record:
        text = "This run is of before commands and versions were written down."
        return Section("repeat", "Repeat it", "", [Part("", [Notes([Note(text, "muted")])])])
    parts = [
        Part(
            "Command",
            [
                Code("The same run again", f"cd {shlex.quote(record['folder'])}\n{record['command']}"),
                *_data(sources),
            ],
        ),
        Part("Machine", [_machine(record)]),
        Part("Versions", [_versions(record)]),
        Part(
            "Configuration", [Code("As it was in force", json.dumps(record["config"], indent=2), folded=True)]
        ),
    ]
    return Section("repeat", "Repeat it", "", parts)


def _data(sources: Sources) -> list[Block]:
    origin = (sources.ingest or {}).get("origin")
    return [Notes([Note(f"The data came from {origin}.")])] if origin else []


def _machine(record: dict) -> Facts:
    machine, git = record["machine"], record["git"]
    facts = [
        Fact("Cores", number(machine["cores"]), machine["processor"]),
        Fact("Memory", f"{machine['memory_gib']:g} GiB"),
        Fact("GPU", ", ".join(machine["gpus"]) or "none"),
        Fact("System", machine["system"]),
        Fact("Took", duration(record["seconds"])),
    ]
    if git:
        facts.append(
            Fact(
                "Code",
                git["revision"][:10],
                "with changes that are not committed" if git["changed"] else "git revision",
            )
        )
    return Facts(facts)


def _versions(record: dict) -> Table:
    return Table(
        "Versions",
        ("package", "version"),
        [[Cell(name, code=True), version] for name, version in record["versions"].items()],
    )
