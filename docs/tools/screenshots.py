"""Takes the pictures of the README and the site: `make screenshots`.

    python -m docs.tools.screenshots [--workspace DIR] [NAME …]

Everything on them is real: commands are run and pages are opened, on a workspace with a finished run; where
it has none, `marquee run` makes one, and is pictured. Which there are: docs/tools/pictures.py.
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.tools.pictures import PICTURES, Page, Terminal
from docs.tools.png import small_enough
from docs.tools.terminal import svg
from marquee.errors import MarqueeError
from pipeline.store.metadata.lineage import Lineage
from pipeline.store.workspace import Workspace
from serving.versions.versions import list_versions

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
REST_PORT = 8501
_PROGRAM = (sys.executable, "-P", "-m", "pipeline.cli.app")  # this checkout, whatever the folder


@dataclass(frozen=True)
class Printed:
    """What a command was given, after `marquee`, and what it printed."""

    arguments: tuple[str, ...]
    text: str


def main() -> None:
    """Takes those that are named, or all; says which, and how large each is."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the README and the site.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--workspace", type=Path, default=ROOT / "build" / "screenshots" / "workspace")
    asked = parser.parse_args()
    try:
        wanted = [picture for picture in PICTURES if not asked.names or picture.name in asked.names]
        if unknown := set(asked.names) - {picture.name for picture in wanted}:
            raise MarqueeError(
                f"there is no picture {', '.join(sorted(unknown))}",
                f"There are {', '.join(picture.name for picture in PICTURES)}.",
            )
        _take(wanted, Workspace(asked.workspace.resolve()))
    except MarqueeError as error:
        sys.exit(f"error: {error}")


def _take(pictures: list[Terminal | Page], workspace: Workspace) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        raise MarqueeError("there is no chromium on PATH", "Such as: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(exist_ok=True)
    needed = any(isinstance(picture, Page) or picture.reads for picture in pictures)
    shows_run = any(_is_run(picture) for picture in pictures)
    recorded = _run_recording(workspace, shows_run) if needed else None
    with sync_playwright() as playwright, contextlib.ExitStack() as servers:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        addresses = _Addresses(workspace, servers)
        for picture in pictures:
            # The site, and GitHub, show them smaller than they are: for screens that are that sharp.
            page = browser.new_page(device_scale_factor=1.5, color_scheme="light")
            if isinstance(picture, Terminal):
                shown = recorded if _is_run(picture) else _printed(picture, workspace, addresses)
                png = _terminal(page, shown, picture.columns)
            else:
                png = _page(page, picture, addresses.of(picture))
            page.close()
            file = IMAGES / f"{picture.name}.png"
            file.write_bytes(small_enough(png))
            print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:.0f} KiB")
        browser.close()


def _run_recording(workspace: Workspace, wanted: bool) -> Printed | None:
    """What `marquee run` printed; it is run where no run is finished, or it is wanted and not recorded."""
    file, arguments = workspace.root / "run.ansi", ("run", *_flag(workspace))
    run = Lineage(workspace.metadata_db).run()
    if run is None or run.state != "done" or (wanted and not file.exists()):
        print("marquee run: a few minutes")
        printed = _marquee(arguments, workspace, columns=110)
        file.write_text(printed.text, encoding="utf-8")
    return Printed(arguments, file.read_text(encoding="utf-8")) if wanted else None


def _is_run(picture: Terminal | Page) -> bool:
    return isinstance(picture, Terminal) and picture.command == ("run",)


def _printed(picture: Terminal, workspace: Workspace, addresses: "_Addresses") -> Printed:
    arguments = picture.command
    if picture.reads == "server" and (address := addresses.rest()) != f"http://127.0.0.1:{REST_PORT}":
        arguments = (*arguments, "--server", address)
    if picture.reads == "workspace":
        arguments = (*arguments, *_flag(workspace))
    return _marquee(arguments, workspace, picture.columns)


def _flag(workspace: Workspace) -> tuple[str, ...]:
    """Commands run beside the workspace, where its usual name needs no option."""
    return () if workspace.root.name == "workspace" else ("--workspace", workspace.root.name)


def _marquee(arguments: tuple[str, ...], workspace: Workspace, columns: int) -> Printed:
    """Runs a command as if in a terminal, in colour and without moving bars."""
    workspace.root.parent.mkdir(parents=True, exist_ok=True)
    terminal = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(columns), "TERM": "xterm-256color"}
    done = subprocess.run(
        (*_PROGRAM, *arguments),
        env=_environment() | terminal,
        cwd=workspace.root.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise MarqueeError(f"marquee {shlex.join(arguments)} failed: {done.stderr or done.stdout}")
    return Printed(arguments, done.stdout)


def _terminal(page, printed: Printed, columns: int) -> bytes:
    text = printed.text.replace("\x1b[?25l", "").replace("\x1b[?25h", "").rstrip()
    page.set_content(svg(f"marquee {shlex.join(printed.arguments)}", text, columns))
    return page.locator("svg").screenshot(omit_background=True)


def _page(page, picture: Page, address: str) -> bytes:
    width, height = picture.size
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address, wait_until="networkidle")
    page.locator(picture.waits_for).first.wait_for(timeout=180_000)  # a model may have to be loaded
    if picture.at:
        page.locator(picture.at).first.evaluate("element => element.scrollIntoView()")
    page.wait_for_timeout(1000)  # charts are drawn
    return page.screenshot()


class _Addresses:
    """Where pages are, and the servers behind them: started when they are first asked for.

    Args:
        workspace: with a finished run.
        servers: ends them.
    """

    def __init__(self, workspace: Workspace, servers: contextlib.ExitStack):
        self._workspace, self._servers = workspace, servers
        self._started: dict[str, str] = {}

    def rest(self) -> str:
        """Of a model server."""
        port = REST_PORT if _is_free(REST_PORT) else 0
        command = ("serve", "--rest-port", str(port), "--grpc-port", "0", "--binary", "embedded")
        return self._address("rest", command)

    def of(self, picture: Page) -> str:
        """Of a page."""
        run = Lineage(self._workspace.metadata_db).run()
        version = list_versions(self._workspace.serving_models, "recommender")[-1]
        if picture.of == "report":
            file = self._workspace.reports / run.run_id / "report.html"
            if not file.exists():
                raise MarqueeError(f"there is no report at {file}", "Write it with: marquee report")
            return file.resolve().as_uri()
        start = self._address("ui", ("ui", "--port", "0", "--server", self.rest()))
        return start + picture.path.format(run=run.run_id, version=version)

    def _address(self, name: str, command: tuple[str, ...]) -> str:
        if name not in self._started:
            arguments = (*command, *_flag(self._workspace))
            self._started[name] = self._servers.enter_context(_server(arguments, self._workspace))
        return self._started[name]


@contextlib.contextmanager
def _server(arguments: tuple[str, ...], workspace: Workspace) -> Iterator[str]:
    """A command that says the address that it listens on; ended at the end."""
    process = subprocess.Popen(
        (*_PROGRAM, *arguments),
        env=_environment(),
        cwd=workspace.root.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout:
            if found := re.search(r"http://[\w.]+:\d+", line):
                yield found[0]
                break
        else:
            raise MarqueeError(f"marquee {shlex.join(arguments)} ended before it listened")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


if __name__ == "__main__":
    main()
