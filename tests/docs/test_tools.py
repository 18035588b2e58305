import pytest

from docs.tools.configuration import configuration
from docs.tools.drawing import draw, wrapped
from docs.tools.flowchart import FlowchartError, read
from docs.tools.notebooks import _cell
from docs.tools.png import LIMIT, small_enough
from docs.tools.site import _expanded, _files
from docs.tools.terminal import svg
from pipeline.drawing.layered_graph import Edge, Graph, Node


def test_the_mermaid_that_the_pages_use_is_read():
    found = read(
        'flowchart LR\n  a[film id] --> b((sum)) -- "sum / √n" --> c\n  d[new] -. a gate .-> c[rating]'
    )
    assert found.nodes == {
        "a": Node(("film id",)),
        "b": Node(("sum",), "round"),
        "c": Node(("rating",)),
        "d": Node(("new",)),
    }
    assert found.edges == [
        Edge("a", "b"),
        Edge("b", "c", ("sum / √n",)),
        Edge("d", "c", ("a gate",), dotted=True),
    ]


@pytest.mark.parametrize("source", ["graph LR\na --> b", "flowchart LR\na ==> b", "flowchart LR\n%% remark"])
def test_what_is_not_known_is_refused_and_not_left_out(source):
    with pytest.raises(FlowchartError):
        read(source)


def test_a_picture_says_in_words_what_it_shows_and_escapes_them():
    drawn = draw(Graph({name: Node((name,)) for name in ("a<b", "c")}, [Edge("a<b", "c")]), 'from "a<b" to c')
    assert "<title>from &quot;a&lt;b&quot; to c</title>" in drawn
    assert ">a&lt;b</tspan>" in drawn


def test_lines_are_broken_between_words():
    assert wrapped("age, gender, occupation, zip", 12) == ("age, gender,", "occupation,", "zip")


def test_a_pattern_in_the_navigation_stands_for_the_pages_that_are_not_named():
    nav = [{"Guides": ["guides/a.md", "guides/*.md", "*.md"]}, {"Empty": ["nothing/*.md"]}, "index.md"]
    named = set(_files(nav))
    others = [page for page in ("index.md", "more.md", "guides/a.md", "guides/b.md") if page not in named]
    assert _expanded(nav, others) == [{"Guides": ["guides/a.md", "guides/b.md", "more.md"]}, "index.md"]


def test_a_terminals_picture_has_its_colours_and_loads_no_font():
    drawn = svg("marquee runs", "\x1b[32mdone\x1b[0m", columns=40)
    assert "marquee" in drawn
    assert "done" in drawn
    assert "@font-face" not in drawn


def test_a_large_picture_is_made_small_enough():
    import io

    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    raw = io.BytesIO()
    Image.fromarray(pixels).save(raw, "PNG")
    assert len(raw.getvalue()) > 5 * LIMIT
    assert len(small_enough(raw.getvalue())) < LIMIT


def test_the_configuration_in_sections_has_every_key_and_one_heading_a_section():
    from pipeline.config.reference import reference
    from pipeline.config.schema import RunConfig

    made = configuration()
    rows = reference(RunConfig)
    for path, _, _ in rows:
        assert f"| `{path.split(' ')[0]}` |" in made or path.endswith(".kind")
    assert made.count("\n| `") == sum(not path.endswith(".kind") for path, _, _ in rows)
    headings = [line for line in made.splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings))
    assert "### sasrec {#retrieval.model.kind-sasrec}" in made


def test_a_notebooks_links_lead_to_pages():
    told = _cell("markdown", "[next](02_x.ipynb), [kinds](../docs/models.md), [settings](../configs/a.yaml)")
    assert told == "[next](02_x.md), [kinds](../models.md), settings (`configs/a.yaml`)"
    assert _cell("code", "x = 1") == "```python\nx = 1\n```"
