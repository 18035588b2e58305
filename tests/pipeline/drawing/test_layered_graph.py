import pytest

from pipeline.drawing.layered_graph import Edge, Graph, Node, curve, lay_out, without_shortcuts


def graph(*edges, **options):
    names = dict.fromkeys(name for edge in edges for name in (edge.source, edge.target))
    return Graph({name: Node((name,)) for name in names}, list(edges), **options)


def laid_out(drawn):
    return lay_out(drawn, dict.fromkeys(drawn.nodes, (100.0, 30.0)), lambda words: (50.0, 20.0))


def test_arrows_point_down_and_boxes_keep_apart():
    layout = laid_out(
        graph(Edge("a", "b"), Edge("a", "c"), Edge("b", "d"), Edge("c", "d"), Edge("a", "d"), Edge("e", "d"))
    )
    for edge, way in layout.ways:
        heights = [layout.places[place].y for place in way]
        assert heights == sorted(heights), edge
    boxes = [place for name, place in layout.places.items() if name in "abcde"]
    for one in boxes:
        for other in boxes:
            if one is not other and one.y == other.y:
                assert abs(one.x - other.x) >= 100


def test_an_arrow_with_words_has_room_for_them():
    layout = laid_out(graph(Edge("a", "b", ("why",)), across=True))
    [(_, way)] = layout.ways
    assert [layout.nodes[place].shape for place in way] == ["box", "label", "box"]


def test_arrows_do_not_cross_where_they_need_not():
    layout = laid_out(
        graph(Edge("a", "y"), Edge("b", "x"), Edge("c", "z"), Edge("top", "a"), Edge("top", "b"))
    )
    assert (layout.places["a"].x < layout.places["b"].x) == (layout.places["y"].x < layout.places["x"].x)


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        laid_out(graph(Edge("a", "b"), Edge("b", "a")))


def test_shortcuts_are_left_out():
    edges = [Edge("a", "b"), Edge("b", "c"), Edge("c", "d"), Edge("a", "d"), Edge("a", "c")]
    assert without_shortcuts(edges) == edges[:3]


def test_a_long_arrow_is_straight_where_it_passes_a_box():
    layout = laid_out(graph(Edge("a", "b"), Edge("b", "c"), Edge("a", "x"), Edge("x", "c"), Edge("a", "c")))
    edge, way = layout.ways[-1]
    bend, box = layout.places[way[1]], layout.places["b"]

    assert (edge.source, edge.target, len(way)) == ("a", "c", 3)
    assert (bend.y, bend.height) == (box.y, box.height)
    straight = f"{bend.x:.1f} {box.y - box.height / 2:.1f}L{bend.x:.1f} {box.y + box.height / 2:.1f}"
    assert straight in curve(layout, way)
