"""What a configuration of implicit data chooses, and what it refuses."""

import pytest
import yaml

from marquee.errors import ConfigError
from pipeline.config.bars import limits
from pipeline.config.load import load_config
from pipeline.config.schema import RunConfig


@pytest.fixture
def config(tmp_path):
    """Loads a configuration of plays, with overrides."""

    def loaded(*overrides, **interactions):
        plain = {
            "name": "plays",
            "data": {
                "dataset": "custom",
                "path": str(tmp_path),
                "interactions": {"user": "user", "item": "artist", **(interactions or {"count": "plays"})},
            },
            "validate": {"schema": "ratings"},
            "ranking": {"model": {"kind": "mf"}},
        }
        file = tmp_path / "plays.yaml"
        file.write_text(yaml.safe_dump(plain))
        return load_config(str(file), overrides)

    return loaded


def test_implicit_data_are_judged_by_log_loss_and_auc(config):
    found = config()
    assert found.ranking.model.head == "chance"
    assert limits(found.ranking.bless.bars) == {
        "log_loss": {"max_increase": {"standard_errors": 2.0, "at_least": 0.0005}},
        "auc": {"min": 0.5},
    }
    assert found.recommender.rating_weight == 0.5
    assert found.data.description.strength == "count"
    assert RunConfig.model_validate(found.plain()) == found


def test_ratings_keep_their_bars_head_and_weight(config):
    found = config(rating={"column": "stars"})
    assert list(found.ranking.bless.bars) == ["rmse"]
    assert (found.ranking.model.head, found.recommender.rating_weight) == ("ordinal", 0.2)


def test_what_a_configuration_says_of_implicit_data_stays(config):
    found = config("ranking.bless.bars.auc.min=0.7", "recommender.rating_weight=0.1")
    assert limits(found.ranking.bless.bars) == {"auc": {"min": 0.7}}
    assert found.recommender.rating_weight == 0.1


def test_the_bars_of_implicit_data_leave_the_rest_of_bless_as_it_was_set(config):
    found = config("ranking.bless.computed_by=tfma")
    assert found.ranking.bless.computed_by == "tfma"
    assert set(found.ranking.bless.bars) == {"log_loss", "auc"}
    assert config().ranking.bless.computed_by == "sums"
    assert RunConfig.model_validate(found.plain()) == found


def test_bars_that_the_data_do_not_have_are_refused_with_those_that_they_have(config):
    with pytest.raises(ConfigError, match=r"bars\.rmse: the data are implicit.*log_loss, auc, calibration"):
        config("ranking.bless.bars.rmse.max=1")
    with pytest.raises(ConfigError, match=r"bars\.auc: the data are ratings.*rmse, mae, calibration"):
        config("ranking.bless.bars.auc.min=0.5", rating={"column": "stars"})
    with pytest.raises(ConfigError, match=r"under_mean@10: it compares ratings"):
        config("recommender.bless.bars.under_mean@10.max=0.5")
    with pytest.raises(ConfigError, match=r"over_popularity.under_mean@10: it compares ratings"):
        config("recommender.bless.over_popularity.under_mean@10=1")


def test_a_multi_task_model_of_implicit_data_needs_types_of_events(config):
    with pytest.raises(ConfigError, match="one task alone, the chance of an interaction"):
        config("ranking.model.kind=mmoe")
    found = config("ranking.model.kind=mmoe", event={"weights": {"view": 1, "buy": 5}})
    assert sorted(found.data.description.events.shares) == [0.2, 1]
    assert set(found.ranking.bless.bars) == {"log_loss", "auc"}


def test_bars_are_of_types_of_events_that_the_model_knows(config):
    events = {"event": {"weights": {"view": 1, "buy": 5}}}
    found = config("ranking.model.kind=ple", "ranking.bless.bars.auc_of_buy.min=0.6", **events)
    assert "auc_of_buy" in found.ranking.bless.bars
    with pytest.raises(
        ConfigError, match=r"auc_of_sell: the model knows no such.*log_loss_of_view, auc_of_v"
    ):
        config("ranking.model.kind=ple", "ranking.bless.bars.auc_of_sell.min=0.6", **events)
    with pytest.raises(ConfigError, match=r"auc_of_buy: .*give a multi-task kind and two types or more"):
        config("ranking.bless.bars.auc_of_buy.min=0.6", **events)


def test_events_have_weights_and_mere_interactions_have_none(config):
    events = config(event={"column": "what", "weights": {"view": 1, "buy": 5}})
    assert events.data.description.strength == "weight"
    assert config(time={"column": "when"}).data.description.strength == "one"
