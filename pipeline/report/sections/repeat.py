"""Section on how to repeat the run, and on its machine and versions."""

import json
import shlex

from pipeline.report.blocks import Block, Cell, Code, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import NOTHING, duration, number


def repeat(sources: Sources) -> Section:
    """Returns the section: command, machine, versions and configuration."""
    record = sources.record
    if not record:
        text = "The command and the versions of this run were not recorded."
        return Section("repeat", "Repeat this run", "", [Part("", [Notes([Note(text, "muted")])])])
    parts = [
        Part(
            "Command",
            [Code("Command that repeats the run", _command(record)), *_data(sources)],
        ),
        Part("Machine", [_machine(sources)]),
        Part("Versions", [_versions(record)]),
        Part(
            "Configuration",
            [Code("Configuration of the run", json.dumps(record.get("config"), indent=2), folded=True)],
        ),
    ]
    return Section("repeat", "Repeat this run", "", parts)


def _data(sources: Sources) -> list[Block]:
    origin = (sources.ingest or {}).get("origin")
    return [Notes([Note(f"The data came from {origin}.")])] if origin else []


def _command(record: dict) -> str:
    begin = f" --from-node {shlex.quote(record['from_node'])}" if record.get("from_node") else ""
    return f"cd {shlex.quote(record.get('folder', '.'))}\n{record.get('command', '')}{begin}"


def _machine(sources: Sources) -> Facts:
    """Returns the recorded facts on the machine; records of other versions may lack some."""
    record = sources.record
    machine, git = record.get("machine") or {}, record.get("git")
    facts = [
        Fact("Cores", number(machine.get("cores")), machine.get("processor", "")),
        Fact("Memory", f"{number(machine.get('memory_gib'), 1)} GiB"),
        Fact("GPU", ", ".join(machine.get("gpus") or []) or "none"),
        Fact("System", machine.get("system", NOTHING)),
        Fact("Duration", duration(sources.seconds)),
    ]
    if git:
        changed = "with uncommitted changes" if git.get("changed") else "git revision"
        facts.append(Fact("Code", str(git.get("revision"))[:10], changed))
    return Facts(facts)


def _versions(record: dict) -> Table:
    return Table(
        "Versions",
        ("package", "version"),
        [[Cell(name, code=True), version] for name, version in record.get("versions", {}).items()],
    )
