"""What `mkdocs build` calls (`hooks` in mkdocs.yml): pages get what is made from the code, blocks a picture.

A line `<!-- made: NAME -->` in a page is replaced by what a function of MAKERS returns.
"""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # `docs` is no installed package

from docs.tools import pipeline_dag
from docs.tools.command_line import command_line
from docs.tools.configuration import configuration
from docs.tools.contract import contract, contract_for_people
from docs.tools.flowchart import fence
from docs.tools.notebooks import notebook_pages
from docs.tools.pictures import PICTURES
from docs.tools.python_reference import components, rest_of_trainer

_MADE = re.compile(r"^<!-- made: (\w+) -->$", re.MULTILINE)
_dag = {}


def on_config(config):
    """Begins what takes long, draws flowcharts, and puts files where the navigation has a pattern."""
    _dag.update(process=pipeline_dag.start(), nodes=None)
    fences = [{"name": "mermaid", "class": "diagram", "format": fence}]
    config.mdx_configs.setdefault("pymdownx.superfences", {})["custom_fences"] = fences
    if config.nav:
        named = set(_files(config.nav))
        pages = [page.relative_to(config.docs_dir).as_posix() for page in Path(config.docs_dir).rglob("*.md")]
        others = sorted({*pages, *notebook_pages()} - named)
        config.nav = _expanded(config.nav, others)
    return config


def on_files(files, config):
    """Adds the notebooks."""
    for address, markdown in notebook_pages().items():
        files.append(File.generated(config, address, content=markdown))


def on_page_markdown(markdown, page, **_):
    """Puts in what is made from the code; of the configuration, sections in place of the one long table."""
    if page.file.src_uri == "configuration.md":
        return markdown[: markdown.index("| key |")] + configuration()
    return _MADE.sub(lambda found: MAKERS[found[1]](), markdown)


def on_post_page(output, **_):
    """Lets CSS keep an option's dashes and name on one line."""
    return re.sub(r"<code>(--[a-z-]+)", r'<code><span class="option">\1</span>', output)


def pictures():
    """Those of PICTURES that have been taken, one below the other, under a heading."""
    images = Path(__file__).resolve().parents[1] / "images"
    there = [each for each in PICTURES if each.shown_as and (images / f"{each.name}.png").exists()]
    shown = [f"![{each.shown_as}](images/{each.name}.png)\n\n*{each.shown_as}*" for each in there]
    return "\n\n".join(["## What it looks like", *shown]) if there else ""


def _nodes():
    if _dag["nodes"] is None:
        _dag["nodes"] = pipeline_dag.answer(_dag["process"])
    return _dag["nodes"]


def _files(nav):
    """Every file that the navigation names."""
    for item in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(item, str):
            yield item
        else:
            yield from _files(item)


def _expanded(nav, others):
    """The navigation, with the files that it does not name in place of patterns such as `how-to/*.md`."""
    if isinstance(nav, dict):
        found = {title: _expanded(item, others) for title, item in nav.items()}
        return {title: item for title, item in found.items() if item}
    if isinstance(nav, str):
        return nav
    found = []
    for item in nav:
        if isinstance(item, str) and "*" in item:
            found += [page for page in others if fnmatch(page, item) and page.count("/") == item.count("/")]
        elif expanded := _expanded(item, others):
            found.append(expanded)
    return found


MAKERS = {
    "command_line": command_line,
    "components": components,
    "contract": contract,
    "contract_for_people": contract_for_people,
    "dag": lambda: f'<div class="diagram">{pipeline_dag.picture(_nodes())}</div>',
    "dag_table": lambda: pipeline_dag.table(_nodes()),
    "pictures": pictures,
    "rest_of_trainer": rest_of_trainer,
}
