from pipeline.drawing.svg_graph import HEIGHT, WIDTH, Box, draw


def boxes(*names):
    return [Box(name, name) for name in names]


def places(drawing):
    return {placed.box.name: (placed.x, placed.y) for placed in drawing.boxes}


def test_what_needs_another_stands_below_it_and_no_two_overlap():
    inputs = {"b": {"a"}, "c": {"a"}, "d": {"b", "c"}, "e": {"d", "a"}}
    drawing = draw(boxes(*"abcde"), inputs)
    at = places(drawing)

    assert all(at[name][1] > at[each][1] for name, needs in inputs.items() for each in needs)
    spots = list(at.values())
    assert all(
        abs(x - u) >= WIDTH or abs(y - v) >= HEIGHT for i, (x, y) in enumerate(spots) for u, v in spots[:i]
    )
    assert all(x >= 0 and x + WIDTH <= drawing.width and y + HEIGHT <= drawing.height for x, y in spots)


def test_an_edge_that_a_longer_way_implies_is_left_out():
    drawing = draw(boxes(*"abc"), {"b": {"a"}, "c": {"a", "b"}})

    assert len(drawing.edges) == 2


def test_a_long_edge_goes_around_what_stands_between():
    inputs = {"b": {"a"}, "c": {"b"}, "d": {"c", "x"}}
    without = draw(boxes(*"abcd"), inputs)
    long = draw(boxes("a", "x", *"bcd"), {**inputs, "x": {"a"}})

    assert len(without.edges) == 3  # an unknown name is left out
    assert [path.count("C") for path in without.edges] == [1, 1, 1]
    assert sorted(path.count("C") for path in long.edges) == [1, 1, 1, 1, 2]


def test_nothing_is_drawn_as_nothing():
    assert draw([], {}).boxes == []
