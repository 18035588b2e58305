import pytest

from marquee.errors import ConfigError
from pipeline.config.load import CONFIGS, load_config


@pytest.mark.parametrize("name", [file.stem for file in CONFIGS.glob("*.yaml")])
def test_every_ready_made_configuration_is_valid_and_named_after_its_file(name):
    assert load_config(name).name == name


def test_the_default_is_a_seeded_80_10_10_split():
    split = load_config("ml-100k").data.split

    assert (split.kind, split.seed, split.eval, split.test) == ("random", 42, 0.1, 0.1)


def test_a_ready_made_configuration_splits_ones_own_ratings_by_hash():
    own = ["data.dataset=custom", "data.path=ratings.csv"]
    assert load_config("ml-100k", own).data.split.kind == "hash"
    assert load_config("ml-1m", [*own, "data.split.eval=0.2"]).data.split.eval == 0.2
    assert load_config("smoke", [*own, "data.split.kind=random"]).data.split.kind == "random"


def test_an_override_is_parsed_as_yaml_and_validated():
    config = load_config(
        "smoke", ["ranking.train.epochs=3", "data.split={kind: temporal, eval: 0.2, test: 0.2}"]
    )

    assert config.ranking.train.epochs == 3
    assert config.data.split.kind == "temporal"


@pytest.mark.parametrize(
    ("override", "kind"),
    [("data.split.kind=leave_last_out", "leave_last_out"), ("data.split.kind=random", "random")],
)
def test_another_kind_drops_the_keys_of_the_one_before(override, kind):
    assert load_config("smoke", [override]).data.split.kind == kind


def test_the_tutorials_network_is_one_key_away():
    assert load_config("ml-1m", ["ranking.model.kind=mlp"]).ranking.model.hidden == (256, 64)


def test_a_file_that_is_not_text_is_a_clear_error(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="is not YAML"):
        load_config(str(file))


def test_flags_win_over_the_file_and_none_changes_nothing():
    config = load_config("smoke", data__path="/data", ranking__tune__enabled=None)

    assert config.data.path == "/data"
    assert config.ranking.tune.enabled is True


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("ranking.model.head=foo", ["--set ranking.model.head=foo: ranking.model.head = 'foo'", "'squared'"]),
        ("data.split={kind: temporal, seed: 1}", ["unknown key 'data.split.seed'", "eval, kind, test"]),
        ("ranking.train.epochs=zero", ["--set ranking.train.epochs=zero", "ranking.train.epochs", "'zero'"]),
        ("ranking.train.epoch=3", ["unknown key 'ranking.train.epoch'", "allowed:", "epochs"]),
        ("ranking.model.kind=nothing", ["ranking.model", "'nothing'", "'mf'", "'mlp'"]),
        ("data.split.kind=sideways", ["data.split", "'sideways'", "temporal"]),
        ("data.split.eval=1.5", ["eval", "1.5", "less than 1"]),
        ("nonsense=1", ["unknown key 'nonsense'", "allowed:", "ranking"]),
        ("ranking.tune.space={model.x: {kind: int, min: 3, max: 1}}", ["min <= max"]),
        ("ranking.bless.bars={rmse: {}}", ["says nothing"]),
    ],
)
def test_a_wrong_override_is_answered_with_key_value_and_what_is_allowed(override, expected):
    with pytest.raises(ConfigError) as error:
        load_config("smoke", [override])

    for part in expected:
        assert part in error.value.message


def test_a_wrong_value_in_a_file_names_the_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text((CONFIGS / "smoke.yaml").read_text() + "push: {keep: 0}\n")

    with pytest.raises(ConfigError) as error:
        load_config(str(file))

    assert error.value.message.startswith(f"{file}: push.keep = 0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("- a list", "expected keys and values"), ("a: [", "is not YAML"), ("", "expected keys and values")],
)
def test_a_file_that_is_no_configuration_is_a_clear_error(tmp_path, text, expected):
    file = tmp_path / "mine.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=expected):
        load_config(str(file))


def test_an_unknown_name_lists_the_ready_made_ones():
    with pytest.raises(ConfigError) as error:
        load_config("ml-101k")

    assert "ml-100k" in error.value.hint


@pytest.mark.parametrize("override", ["no-equals-sign", "=1", "a.b=[1"])
def test_an_override_of_the_wrong_form_is_a_clear_error(override):
    with pytest.raises(ConfigError, match="--set"):
        load_config("smoke", [override])


def test_a_split_by_users_is_allowed():
    assert load_config("smoke", ["data.split={kind: user_holdout}"]).data.split.eval == 0.1


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "validate.drift_thresholds={stars: {infinity_norm: 0.1}}",
            "stars: no such feature; the data has user_id",
        ),
        ("validate.skew_thresholds={user_rating: {infinity_norm: 0.1}}", "user_rating is a number"),
        ("validate.skew_thresholds={movie_genres: {}}", "give infinity_norm or jensen_shannon"),
        ("validate.drift_thresholds={user_gender: {infinity_norm: 0.1}}", "ratings knows nothing of user_g"),
        ("data.max_users=5", "leave nobody of a new span"),
    ],
)
def test_what_a_continuous_run_cannot_mean_is_refused(override, said):
    with pytest.raises(ConfigError, match=said):
        load_config("continuous", [override])
