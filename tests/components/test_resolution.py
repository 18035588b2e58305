from tfx.types import standard_artifacts

from components.resolution import LastBlessedOther, LatestOther


def artifact(kind, identity, **properties):
    made = kind()
    made.id = identity
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


def model(identity):
    return artifact(standard_artifacts.Model, identity)


def blessing(identity, of, blessed):
    return artifact(standard_artifacts.ModelBlessing, identity, blessed=blessed, current_model_id=of)


def resolve_blessed(models, blessings, candidate):
    found = LastBlessedOther().resolve_artifacts(
        None, {"model": models, "model_blessing": blessings, "candidate": [candidate]}
    )
    return [m.id for m in found["model"]], [b.id for b in found["model_blessing"]]


def test_the_last_blessed_model_is_the_newest_blessed_one_before_the_candidate():
    models = [model(1), model(2), model(3), model(4)]
    blessings = [blessing(11, 1, 1), blessing(12, 2, 1), blessing(13, 3, 0), blessing(14, 4, 1)]

    assert resolve_blessed(models, blessings, models[3]) == ([2], [12])


def test_the_first_run_has_nothing_to_compare_with():
    assert resolve_blessed([model(1)], [], model(1)) == ([], [])


def test_a_cached_run_finds_what_the_run_it_repeats_found():
    models, blessings = [model(1), model(2)], [blessing(11, 1, 1), blessing(12, 2, 1)]

    # Model 2 is the candidate again, and blessed by now: still compared with model 1, not with itself.
    assert resolve_blessed(models, blessings, models[1]) == ([1], [11])


def test_the_latest_other_leaves_out_the_runs_own_and_what_came_later():
    statistics = [artifact(standard_artifacts.ExampleStatistics, i) for i in (3, 1, 2)]
    found = LatestOther().resolve_artifacts(None, {"candidates": statistics, "current": [statistics[0]]})

    assert [a.id for a in found["candidates"]] == [2]
