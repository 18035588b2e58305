"""Section on what deserves attention, found by rules: sentences with a number and a link to details."""

from collections.abc import Iterator

from pipeline.report.blocks import Note, Notes, Part, Section
from pipeline.report.names import group
from pipeline.report.sources import TASKS, Sources
from pipeline.report.words import number, plural, share
from pipeline.store.judged_by import RATINGS, judged_by
from pipeline.store.next_span import beyond_chance

FEWEST_ROWS = 100  # minimum number of rows of a slice that is considered
OFF = 0.1  # stars by which a calibrated rating may be off before it is mentioned
OVERFIT = 1.25  # ratio of the error on eval to that on train from which it is mentioned
LITTLE_SHOWN = 0.05


def attention(sources: Sources) -> Section:
    """Returns the section; it is never empty, as it also says that nothing stands out."""
    notes = [
        *_stopped(sources),
        *_data(sources),
        *_training(sources),
        *_ratings(sources),
        *_lists(sources),
        *_next_span(sources),
        *_repeatable(sources),
    ]
    calm = [Note("Nothing to check: no rule of this report found a problem.", "good")]
    return Section("attention", "Findings to check", "", [Part("", [Notes(notes or calm)])])


def _stopped(sources: Sources) -> Iterator[Note]:
    if sources.record.get("message"):
        yield Note(sources.record["message"], "bad", "pipeline")


def _data(sources: Sources) -> Iterator[Note]:
    for row in (sources.findings or {}).get("violations", []):
        yield Note(f"{row['split']}, {row['feature']} violates the schema: {row['what']}", "bad", "data")
    for row in (sources.findings or {}).get("drift", []):
        yield Note(f"{row['split']}, {row['feature']} drifted: {row['what']}", "warn", "data")
    bad = (sources.ingest or {}).get("bad_rows", {}).get("count", 0)
    if bad:
        yield Note(
            f"The data has unreadable rows, which were left out: {bad:,}.",
            "warn",
            "data",
        )
    test = sources.details.get("data", {}).get("splits", {}).get("test")
    if test and test["unknown_items"] > 0.01 * test["ratings"]:
        part = share(test["unknown_items"] / test["ratings"])
        words = sources.words
        yield Note(
            f"{part} of the {words.ratings} in test are of {words.items} that are not in train.",
            "warn",
            "data",
        )


def _training(sources: Sources) -> Iterator[Note]:
    for task in TASKS:
        training = sources.training(task)
        failed = [trial for trial in sources.trials(task) or [] if trial["status"] != "COMPLETED"]
        if failed:
            yield Note(f"{task}: {plural(len(failed), 'tuner trial')} failed.", "warn", "tuning")
        if not training or not training["history"]:
            continue
        settings = training["settings"]["train"]
        falling = settings.get("schedule", "none") != "none"  # then the last epoch is meant to be the best
        if (
            not falling
            and training["best_epoch"] == training["epochs"] == settings["epochs"] > 1
            and settings["patience"]
        ):
            yield Note(
                f"{task}: the best epoch was the last of {training['epochs']}; more epochs may do better.",
                "warn",
                "training",
            )
        best = training["history"][training["best_epoch"] - 1]
        by = judged_by(best)
        if best.get(by.error) and best.get(f"val_{by.error}", 0) > OVERFIT * best[by.error]:
            yield Note(
                f"{task}: the {by.error_title} on eval, {number(best[f'val_{by.error}'])}, is well above the "
                f"{by.error_title} on train, {number(best[by.error])}: the model is overfitting.",
                "warn",
                "training",
            )
        warm = training.get("warm_start")
        if warm and warm.get("cold_because"):
            yield Note(
                f"{task}: training started cold instead of warm: {warm['cold_because']}", "warn", "training"
            )


def _ratings(sources: Sources) -> Iterator[Note]:
    found, words = sources.details.get("ratings"), sources.words
    if not found or not sources.test:
        return
    by = judged_by(sources.test["test"])
    off = [
        part
        for part in found["calibration"]
        if part["standard_error"]
        and abs(part["predicted"] - part["actual"]) > max(OFF, 3 * part["standard_error"])
    ]
    if off:
        worst = max(off, key=lambda part: abs(part["predicted"] - part["actual"]))
        yield Note(
            f"Calibration is off: for a predicted rating of {worst['predicted']:.2f}, {words.users} gave "
            f"{worst['actual']:.2f} on average."
            if by is RATINGS
            else f"Calibration is off: where a chance of {worst['predicted']:.0%} was predicted, "
            f"{worst['actual']:.0%} were interactions.",
            "warn",
            "ratings",
        )
    if found.get("no_number"):
        yield Note(
            f"The ranking model predicted no number for {plural(found['no_number'], words.rating)} of test.",
            "bad",
            "ratings",
        )
    whole = sources.test["test"][by.error]
    row = "rating" if by is RATINGS else "row"
    worse = [
        (feature, value, each)
        for feature, values in found["slices"].items()
        for value, each in values.items()
        if each["rows"] >= FEWEST_ROWS
        and each["low"] is not None
        and whole is not None
        and each["low"] > whole
    ]
    wrong = "The rating error" if by is RATINGS else "The error"
    for feature, value, each in sorted(worse, key=lambda found: found[2]["low"], reverse=True)[:3]:
        yield Note(
            f"{wrong} is above average for {group(feature, value, sources.description)}: {by.error_title} "
            f"{number(each[by.error])}, overall {number(whole)} ({plural(each['rows'], row)} of test).",
            "warn",
            "ratings",
        )


def _lists(sources: Sources) -> Iterator[Note]:
    found = sources.details.get("lists")
    if not found or "recommender" not in found["whole"]:
        return
    ours = found["whole"]["recommender"]["ndcg@10"]
    popular = found["whole"].get("retrieval_popularity", {}).get("ndcg@10")
    difference = found.get("less_popularity", {}).get("recommender")
    clear = difference and difference["low"] is not None and difference["low"] > 0
    if popular and ours["low"] is not None and not clear and (difference or ours["low"] <= popular["value"]):
        yield Note(
            f"The recommender's nDCG@10 of {number(ours['value'])} is not clearly above the "
            f"{number(popular['value'])} of the baseline, the {sources.words.popular}.",
            "warn",
            "lists",
        )
    covered = found["catalogue"]["recommender"]["coverage@10"]
    if covered is not None and covered < LITTLE_SHOWN:
        words = sources.words
        yield Note(
            f"Only {share(covered)} of the {words.items} are in the top 10 of any {words.user}.",
            "warn",
            "lists",
        )


def _next_span(sources: Sources) -> Iterator[Note]:
    """Yields notes where the metrics of a random split are better than those on the next span by time."""
    found = sources.next_span
    if not found or not found["made"]:
        return
    words = sources.words
    groups = (("known", f"{words.users} with older {words.ratings}"), ("new", f"cold-start {words.users}"))
    for name, who in groups:
        lists = found["lists"][name]
        if lists and beyond_chance(lists["less_recent"]) != "better":
            clearly = "worse than" if beyond_chance(lists["less_recent"]) == "worse" else "not clearly above"
            yield Note(
                f"On the next span by time, nDCG@10 for {who} is {number(lists['recommender']['value'])}, "
                f"{clearly} the {number(lists['recent']['value'])} of the {words.popular} in the last "
                f"{found['days']} days.",
                "warn",
                "lists",
            )


def _repeatable(sources: Sources) -> Iterator[Note]:
    git = sources.record.get("git")
    if git and git["changed"]:
        yield Note(
            f"The code had uncommitted changes after revision {git['revision'][:10]}: "
            "the run cannot be repeated exactly from that revision.",
            "warn",
            "repeat",
        )
