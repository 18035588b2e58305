from ml_metadata.proto import metadata_store_pb2
from tfx.types import standard_artifacts

from components.resolution import AllBlessed, LastAcceptedOther, LastBlessed, LastBlessedOther, LastRefit


def artifact(kind, identity, **properties):
    made = kind()
    made.id = identity
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


def model(identity):
    return artifact(standard_artifacts.Model, identity)


class Store:
    """As much of MLMD's store as is asked: odd models come from one node, even ones from another."""

    def get_events_by_artifact_ids(self, identities):
        event, [identity] = metadata_store_pb2.Event, identities
        read = event(type=event.INPUT, execution_id=0)
        return [read, event(type=event.OUTPUT, execution_id=identity)]

    def get_contexts_by_execution(self, identity):
        node = "RankingTrainer" if identity % 2 else "RetrievalTrainer"
        node = "RankingRefit" if identity >= 100 else node
        context = metadata_store_pb2.Context
        return [context(type="pipeline", name="smoke"), context(type="node", name=f"smoke.{node}")]


def blessing(identity, of, blessed):
    return artifact(standard_artifacts.ModelBlessing, identity, blessed=blessed, current_model_id=of)


def resolve_blessed(models, blessings, candidate):
    found = LastBlessedOther().resolve_artifacts(
        Store(), {"model": models, "model_blessing": blessings, "candidate": [candidate]}
    )
    return [m.id for m in found["model"]], [b.id for b in found["model_blessing"]]


def test_the_last_blessed_model_is_the_newest_blessed_one_before_the_candidate():
    models = [model(1), model(3), model(5), model(7)]
    blessings = [blessing(11, 1, 1), blessing(12, 3, 1), blessing(13, 5, 0), blessing(14, 7, 1)]

    assert resolve_blessed(models, blessings, models[3]) == ([3], [12])


def test_a_model_of_another_node_is_not_compared_with():
    models = [model(1), model(2), model(3), model(4)]
    blessings = [blessing(11, 1, 1), blessing(12, 2, 1)]

    assert resolve_blessed(models, blessings, models[2]) == ([1], [11])
    assert resolve_blessed(models, blessings, models[3]) == ([2], [12])


def test_the_first_run_has_nothing_to_compare_with():
    assert resolve_blessed([model(1)], [], model(1)) == ([], [])


def test_a_cached_run_finds_what_the_run_it_repeats_found():
    models, blessings = [model(1), model(3)], [blessing(11, 1, 1), blessing(12, 3, 1)]

    # Model 3 is the candidate again, and blessed by now: still compared with model 1, not with itself.
    assert resolve_blessed(models, blessings, models[1]) == ([1], [11])


def test_a_warm_start_begins_from_the_newest_blessed_model_of_the_node():
    inputs = {
        "model": [model(1), model(2), model(3), model(5)],
        "model_blessing": [blessing(11, 1, 1), blessing(12, 2, 1), blessing(13, 3, 1), blessing(14, 5, 0)],
    }
    found = LastBlessed(node="smoke.RankingTrainer").resolve_artifacts(Store(), inputs)
    none = LastBlessed(node="smoke.OtherTrainer").resolve_artifacts(Store(), inputs)

    assert [m.id for m in found["model"]] == [3]
    assert none == {"model": [], "model_blessing": []}


def test_a_warm_start_on_new_examples_begins_from_a_model_that_is_older_than_they():
    inputs = {
        "model": [model(1), model(3), model(7)],
        "model_blessing": [blessing(2, 1, 1), blessing(4, 3, 0), blessing(8, 7, 1)],
    }
    for examples, expected in ((5, [1]), (9, [7]), (0, [])):
        given = {**inputs, "examples": [artifact(standard_artifacts.Examples, examples)]}
        found = LastBlessed(node="smoke.RankingTrainer").resolve_artifacts(Store(), given)
        assert [m.id for m in found["model"]] == expected


def refit(identity, done=1):
    """A model of the node RankingRefit; done=0: one that held nothing."""
    return artifact(standard_artifacts.Model, identity, refit=done)


def test_a_refit_model_is_never_a_baseline():
    models = [model(1), refit(100), model(103), model(105)]
    blessings = [blessing(11, 1, 1)]

    assert resolve_blessed([model(1), refit(100), model(3)], blessings, model(3)) == ([1], [11])
    assert LastBlessed(node="smoke.RankingTrainer").resolve_artifacts(
        Store(), {"model": models, "model_blessing": blessings}
    )["model"] == [models[0]]


def test_a_refit_begins_from_the_last_refit_model_that_is_older_than_the_examples():
    models = [model(1), refit(100), refit(110), refit(120, done=0)]
    for examples, expected in (({}, [110]), ({"examples": [105]}, [100]), ({"examples": [50]}, [])):
        given = {
            name: [artifact(standard_artifacts.Examples, at) for at in ids] for name, ids in examples.items()
        }
        found = LastRefit(node="smoke.RankingRefit").resolve_artifacts(Store(), {"model": models, **given})
        assert [each.id for each in found["model"]] == expected
    other = LastRefit(node="smoke.RetrievalRefit").resolve_artifacts(Store(), {"model": models})
    assert other["model"] == []


def test_a_training_that_is_judged_by_the_newest_span_begins_from_what_was_refit_before_it():
    inputs = {
        "model": [model(1), refit(100), model(3), refit(110)],
        "model_blessing": [blessing(11, 1, 1), blessing(12, 3, 1)],
        "examples": [artifact(standard_artifacts.Examples, 105)],
    }
    strategy = LastBlessed(node="smoke.RankingTrainer", or_refit="smoke.RankingRefit")
    found = strategy.resolve_artifacts(Store(), inputs)
    assert [each.id for each in found["model"]] == [100]
    without = {**inputs, "model": [model(1), model(3)]}
    assert [each.id for each in strategy.resolve_artifacts(Store(), without)["model"]] == [3]


def test_models_pass_the_gate_while_every_blessing_is_given():
    given = {
        "ranking": [model(1)],
        "retrieval": [model(2)],
        "ranking_blessing": [blessing(11, 1, 1)],
        "retrieval_blessing": [blessing(12, 2, 1)],
    }
    assert AllBlessed().resolve_artifacts(Store(), given) == given
    for refused in ([blessing(12, 2, 0)], []):
        shut = AllBlessed().resolve_artifacts(Store(), {**given, "retrieval_blessing": refused})
        assert shut["ranking"] == shut["retrieval"] == []


class Validations:
    """As much of MLMD's store as is asked: what an execution read, as what, its node, how it ended."""

    def __init__(self, *validations):
        self._validations = dict(enumerate(validations, 1))

    def get_events_by_artifact_ids(self, identities):
        event, [identity] = metadata_store_pb2.Event, identities
        return [
            event(type=event.INPUT, execution_id=execution, path=event.Path(steps=[event.Path.Step(key=key)]))
            for execution, (read, key, _, _) in self._validations.items()
            if read == identity
        ]

    def get_executions_by_id(self, identities):
        made = metadata_store_pb2.Execution
        return [made(id=each, last_known_state=self._validations[each][3]) for each in identities]

    def get_contexts_by_execution(self, identity):
        node = self._validations[identity][2]
        return [metadata_store_pb2.Context(type="node", name=f"smoke.{node}")]


def test_statistics_are_compared_with_the_last_that_were_accepted():
    statistics = [artifact(standard_artifacts.ExampleStatistics, i) for i in (7, 1, 3, 2, 4, 5, 6, 9)]
    ended = metadata_store_pb2.Execution
    store = Validations(
        (1, "statistics", "ExampleValidator", ended.COMPLETE),
        (2, "statistics", "ExampleValidator", ended.FAILED),
        (2, "statistics", "ExampleValidator", ended.CACHED),  # mended by other thresholds
        (3, "statistics", "ExampleValidator", ended.FAILED),
        (4, "previous_statistics", "ExampleValidator", ended.COMPLETE),
        (5, "statistics", "Another", ended.COMPLETE),
        (9, "statistics", "ExampleValidator", ended.COMPLETE),
    )

    def compared_with(current):
        inputs = {"candidates": statistics, "current": [current]}
        strategy = LastAcceptedOther(node="smoke.ExampleValidator")
        return [each.id for each in strategy.resolve_artifacts(store, inputs)["candidates"]]

    assert compared_with(statistics[0]) == [2]
    assert compared_with(statistics[3]) == [1]
    assert compared_with(statistics[1]) == []
