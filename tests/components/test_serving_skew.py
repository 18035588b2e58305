"""Logs held against train, with distances that can be counted on one's fingers."""

import json
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.movielens_example_gen.shipped import shipped
from components.serving_skew.executor import Executor
from components.serving_skew.learned import Learned
from components.serving_skew.measures import MEASURES, SAMPLE, compare
from components.serving_skew.traffic import Traffic
from marquee.errors import DataError
from serving.errors import ServingError
from serving.prediction_log.encode import json_line, tf_record
from serving.prediction_log.exchange import Exchange
from trainer.data.description import Category, Description, Nouns
from trainer.data.names import Names

# Film to title, genres; "Twice" is a title of two films, and means the one rated more.
FILMS = {
    "1": ("Alien (1979)", ["Horror", "Sci-Fi"]),
    "2": ("Heat (1995)", ["Crime"]),
    "3": ("Twice (2000)", ["Crime"]),
    "4": ("Twice (2000)", ["Drama"]),
}
# User to the films rated, with stars: 8 ratings. Thirds by number: a is light, b medium, c heavy.
RATED = {
    "a": {"1": 5},
    "b": {"1": 4, "2": 3},
    "c": {"1": 5, "2": 3, "3": 1, "4": 2, "5": 4},
}
THRESHOLDS = dict.fromkeys(MEASURES, 0.25)


def strings(*values):
    return np.array([value.encode() for value in values], object)


def rated(user, title, rating, **changes):
    return Exchange(
        1795662000.0,
        "ranking",
        1,
        "serving_default",
        "REST",
        0.001,
        {"user_id": strings(user), "movie_title": strings(title)},
        {"user_rating": np.array([rating], np.float32)},
    )._replace(**changes)


def listed(user, films, ratings):
    return Exchange(
        1795662060.0,
        "recommender",
        1,
        "recommend",
        "GRPC",
        0.001,
        {"user_id": strings(user), "k": np.array(len(films), np.int32)},
        {"movie_id": strings(*films)[None], "user_rating": np.array([ratings], np.float32)},
    )


#: Six askings: b twice, c once, a new user three times.
LOGGED = [
    rated("b", "Alien (1979)", 4.6),  # 5 stars
    rated("new", "Alien (1979)", 3.4),
    rated("new", "Twice (2000)", 3.2),
    rated("new", "Nothing (1900)", 2.6),
    listed("b", ["3", "4", ""], [4.1, 3.9, 0.0]),
    listed("c", ["2"], [4.4]),
]


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """An Examples artifact with the ratings above in `train`."""
    artifact = standard_artifacts.Examples()
    artifact.uri, artifact.split_names = str(tmp_path_factory.mktemp("examples")), '["train", "eval", "test"]'
    split = tf.io.gfile.join(artifact.uri, "Split-train")
    tf.io.gfile.makedirs(split)

    def feature(values):
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))

    with tf.io.TFRecordWriter(f"{split}/data_tfrecord-00000-of-00001.gz", "GZIP") as writer:
        for user, films in RATED.items():
            for film, stars in films.items():
                title, genres = FILMS.get(film, ("Plain (1990)", []))
                columns = {
                    "user_id": feature([user]),
                    "movie_id": feature([film]),
                    "movie_title": feature([title]),
                    "user_rating": feature([float(stars)]),
                }
                if genres:
                    columns["movie_genres"] = feature(genres)
                features = tf.train.Features(feature=columns)
                writer.write(tf.train.Example(features=features).SerializeToString())
    return artifact


def write_train(folder, rated, label):
    """Writes a train split of interactions with a count each; items have a label or none."""
    split = tf.io.gfile.join(folder, "Split-train")
    tf.io.gfile.makedirs(split)
    with tf.io.TFRecordWriter(f"{split}/data_tfrecord-00000-of-00001.gz", "GZIP") as writer:
        for user, items in rated.items():
            for item, count in items.items():
                words = {"user_id": user, "movie_id": item, "movie_title": item, "label": label.get(item)}
                columns = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.encode()]))
                    for name, word in words.items()
                    if word
                }
                columns["user_rating"] = tf.train.Feature(float_list=tf.train.FloatList(value=[count]))
                writer.write(
                    tf.train.Example(features=tf.train.Features(feature=columns)).SerializeToString()
                )


def skew(train, tmp_path, thresholds=THRESHOLDS, min_values=1, on_skew="warn", description=None):
    """Executes the node on `tmp_path/logs`; what it found."""
    anomalies = standard_artifacts.ExampleAnomalies()
    anomalies.uri = str(tmp_path / "anomalies")
    properties = {"logs": str(tmp_path / "logs"), "thresholds": json.dumps(thresholds)}
    properties |= {"min_values": min_values, "on_skew": on_skew}
    properties["description"] = (description or shipped("movielens")).model_dump_json()
    Executor().Do({"examples": [train]}, {"anomalies": [anomalies]}, properties)
    return json.loads((tmp_path / "anomalies" / "findings.json").read_text())


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_each_feature_is_compared_as_one_does_by_hand(train, tmp_path, logs):
    (logs / "a.jsonl").write_bytes(b"".join(map(json_line, LOGGED[:3])))
    (logs / "b.tfrecord").write_bytes(b"".join(tf_record(each, 1.0) for each in LOGGED[3:]))
    found = skew(train, tmp_path)

    assert found["requests"] == {"ranking.serving_default": 4, "recommender.recommend": 2}
    assert (found["first"], found["last"]) == ("2026-11-26T03:00:00+00:00", "2026-11-26T03:01:00+00:00")
    rows = {row["feature"]: row for row in found["features"]}
    assert {name: (row["logged_values"], row["train_values"]) for name, row in rows.items()} == {
        "user": (6, 8),
        "activity": (3, 3),
        "film": (4, 8),
        "genres": (
            3,
            10,
        ),  # of 3, 4 and 2, and the padding left out; train: Horror 3, Sci-Fi 3, Crime 3, Drama 1
        "rating": (4, 8),
        "shown_rating": (3, 8),
    }
    by_hand = {
        "user": ("unknown", 3 / 6, 0),
        "activity": ("medium", 2 / 3, 1 / 3),
        "film": ("(unknown)", 1 / 4, 0),
        "genres": ("Crime", 2 / 3, 3 / 10),
        "rating": ("3", 3 / 4, 2 / 8),
        "shown_rating": ("4", 1, 2 / 8),
    }
    for name, (value, logged, learned) in by_hand.items():
        assert rows[name]["most_different"] == {
            "value": value,
            "logged_share": pytest.approx(logged),
            "train_share": pytest.approx(learned),
        }, name
        assert rows[name]["distance"] == pytest.approx(abs(logged - learned), abs=1e-6), name
    assert [name for name, row in rows.items() if row["skewed"]] == [
        "user",
        "activity",
        "genres",
        "rating",
        "shown_rating",
    ]  # film is at its threshold, and not over it
    assert found["skew"][0] == "user: unknown is 50.0% of 6 logged and 0.0% of train: 0.500 apart, over 0.25"


def test_a_title_of_two_films_means_the_one_rated_more_and_requests_in_tf_examples_are_read(train):
    learned = Learned.of(
        Counter({b"a": 3}),
        Counter({b"3": 1, b"4": 2}),
        Counter({4.0: 3}),
        {b"3": (), b"4": ()},
        {b"3": b"Twice (2000)", b"4": b"Twice (2000)"},
    )
    traffic = Traffic(learned.film_of_title)

    def example(**columns):
        lists = {name: tf.train.BytesList(value=[value]) for name, value in columns.items()}
        feature = {name: tf.train.Feature(bytes_list=values) for name, values in lists.items()}
        return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()

    traffic.add(rated("a", "Twice (2000)", 4.0))
    examples = np.array(
        [example(user_id=b"a", movie_id=b"3"), example(user_id=b"b", movie_title=b"Twice (2000)")], object
    )
    asked = {"inputs": {"examples": examples}, "signature": "serving_examples"}
    traffic.add(rated("", "", 3.0, **asked))

    assert traffic.films == {b"4": 2, b"3": 1}
    assert traffic.users == {b"a": 2, b"b": 1}


def test_traffic_of_other_names_is_counted_alike():
    names = Names(user="customer_id", item="product_id", title="product_name", rating="interaction")
    traffic = Traffic({b"Soap": b"p1"}, names)
    lists = {
        "customer_id": np.array([b"a"], object),
        "product_name": np.array([b"Soap"], object),
    }
    rating = {"interaction": np.array([0.25], np.float32)}
    traffic.add(Exchange(1.0, "ranking", 1, "serving_default", "REST", 0.1, lists, rating))
    shown = {
        "product_id": np.array([[b"p2", b""]], object),
        "interaction": np.array([[0.5, 0.0]], np.float32),
    }
    who = {"customer_id": lists["customer_id"]}
    traffic.add(Exchange(2.0, "recommender", 1, "serving_default", "REST", 0.1, who, shown))
    assert (traffic.users, traffic.films) == ({b"a": 2}, {b"p1": 1})
    assert (traffic.shown, traffic.ratings, traffic.shown_ratings) == ({b"p2": 1}, {0.25: 1}, {0.5: 1})


def test_what_only_looks_things_up_is_counted_as_a_request_and_no_more():
    traffic = Traffic({})
    for signature in ("because", "user_vector"):
        traffic.add(rated("a", "", 1.0, model="retrieval", signature=signature))
    traffic.add(rated("a", "", 1.0, model="somebody-elses"))

    assert traffic.requests.total() == 3
    assert [*traffic.users, *traffic.films, *traffic.shown, *traffic.ratings] == []


def test_implicit_data_speak_of_their_own_items_and_groups_and_have_no_ratings_to_compare(tmp_path, logs):
    description = Description(
        feedback="implicit", strength="count", nouns=Nouns(item="artist"), item_features={"label": Category()}
    )
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path / "examples"), '["train"]'
    played = {"a": {"1": 70, "2": 3}, "b": {"1": 900}, "c": {"1": 1, "3": 5}}
    write_train(examples.uri, played, {"1": "Mute", "2": "Sub Pop"})
    heard = {"signature": "chances", "outputs": {"chance": np.array([0.4], np.float32)}}
    listed_and_asked = [
        rated("a", "", 0.4, inputs={"user_id": strings("a"), "movie_id": strings("2")}, **heard),
        listed("b", ["2", "3"], [0.3, 0.2]),
    ]
    (logs / "a.jsonl").write_bytes(b"".join(map(json_line, listed_and_asked)))
    found = skew(examples, tmp_path, description=description)

    rows = {row["feature"]: row for row in found["features"]}
    assert {name: (row["logged_values"], row["train_values"]) for name, row in rows.items()} == {
        "user": (2, 5),
        "activity": (2, 3),
        "artist": (1, 5),
        "label": (1, 4),  # nobody's label is known of the artist 3
    }
    assert rows["artist"]["most_different"]["value"] == "2"
    assert rows["label"]["distance"] == pytest.approx(3 / 4)
    assert "label: Sub Pop is 100.0% of 1 logged and 25.0% of train: 0.750 apart, over 0.25" in found["skew"]


def test_more_values_than_tfdv_is_given_are_compared_in_proportion():
    learned = Learned(
        Counter({b"a": 1}), Counter({b"1": 1}), Counter({1.0: 30 * SAMPLE, 5.0: 10 * SAMPLE}), {}, {}, {}
    )
    traffic = Traffic({}, ratings=Counter({1.2: 5 * SAMPLE, 4.9: 5 * SAMPLE}))
    thresholds = {"rating": 0.2}
    [row] = [row for row in compare(learned, traffic, thresholds, 1).rows if row["feature"] == "rating"]

    assert row["distance"] == pytest.approx(0.25, abs=1e-4)
    assert row["skewed"]


def test_skew_stops_the_run_where_it_is_told_to(train, tmp_path, logs):
    (logs / "a.jsonl").write_bytes(b"".join(map(json_line, LOGGED)))
    with pytest.raises(DataError, match=r"in 1 place\(s\):\n  user: unknown is 50.0% of 6 logged") as error:
        skew(train, tmp_path, {"user": 0.2}, on_skew="stop")

    assert "serving_skew.on_skew=warn" in error.value.hint
    assert (tmp_path / "anomalies" / "findings.json").is_file()


def test_of_too_few_values_or_without_a_threshold_nothing_is_said(train, tmp_path, logs):
    (logs / "a.jsonl").write_bytes(b"".join(map(json_line, LOGGED)))
    found = skew(train, tmp_path, {**THRESHOLDS, "user": None}, min_values=4)

    assert {row["feature"] for row in found["features"] if row["distance"] is not None} == {"film", "rating"}
    assert {row["feature"] for row in found["features"] if row["skewed"]} == {"rating"}


def test_an_empty_folder_is_no_skew_and_one_that_is_not_there_is_a_clear_error(train, tmp_path, logs):
    found = skew(train, tmp_path, on_skew="stop")
    assert (found["files"], found["requests"], found["skew"]) == (0, {}, [])

    logs.rmdir()
    with pytest.raises(ServingError, match="There is no prediction log at"):
        skew(train, tmp_path)


def test_damaged_and_torn_files_are_named_and_the_rest_is_compared(train, tmp_path, logs):
    lines = [json_line(each) for each in LOGGED]
    (logs / "a.jsonl").write_bytes(lines[0] + b"not a line of ours\n" + lines[1])
    (logs / "b.jsonl.partial").write_bytes(lines[2] + lines[3][:-10])
    found = skew(train, tmp_path)

    assert sum(found["requests"].values()) == 3
    assert found["torn"] == [f"{logs / 'b.jsonl.partial'}: line 2 is torn"]
    [damaged] = found["damaged"]
    assert damaged.startswith(f"{logs / 'a.jsonl'}, line 2: is no logged prediction")


def test_what_is_no_answer_of_its_signature_is_named_and_not_counted_by_half(train, tmp_path, logs):
    odd = [
        rated("c", "Heat (1995)", 3.0, outputs={"user_rating": strings("good")}),
        rated("c", "Heat (1995)", 3.0, inputs={"examples": strings("no tf.Example")}),
        listed("c", ["1", "2"], [4.0]),
    ]
    in_milliseconds = rated("b", "Alien (1979)", 4.6, time=1795662000e3)
    (logs / "a.tfrecord").write_bytes(
        b"".join(tf_record(each, 1.0) for each in [LOGGED[0], *odd, in_milliseconds])
    )
    found = skew(train, tmp_path)

    assert found["requests"] == {"ranking.serving_default": 2}
    assert found["damages"] == 3
    place = f"{logs}, request 2: ranking.serving_default is asked or answered otherwise: "
    assert found["damaged"][0].startswith(place)
    assert {row["feature"]: row["logged_values"] for row in found["features"]}["user"] == 2
    assert (found["first"], found["last"]) == ("2026-11-26T03:00:00+00:00",) * 2
