"""Banner of the report: the outcome of the run in a word, a sentence and a few numbers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.report.blocks import Fact, Note, Tone
from pipeline.report.sources import JUDGED, Sources
from pipeline.report.words import duration, interval, moment, number, plural, share, signed
from pipeline.store.judged_by import RATINGS, judged_by
from pipeline.store.next_span import beyond_chance
from pipeline.store.pushed import Pushed


@dataclass(frozen=True)
class Banner:
    """Banner at the top of the page.

    Args:
        title: name of the pipeline.
        run_id, when: id and time of the run.
        word: outcome of the run.
        tone: tone of `word`.
        sentence: outcome and its consequences.
        facts: most important numbers.
        reasons: reasons why the models are blessed, or not.
    """

    title: str
    run_id: str
    when: str
    word: str
    tone: Tone
    sentence: str
    facts: list[Fact]
    reasons: list[Note]


def banner(sources: Sources) -> Banner:
    """Makes the banner from the available artifacts."""
    word, tone, sentence = _outcome(sources)
    started = min(
        (node.started for node in sources.run.nodes.values()), default=sources.record.get("started")
    )
    return Banner(
        title=sources.run.pipeline,
        run_id=sources.run.run_id,
        when=moment(started),
        word=word,
        tone=tone,
        sentence=sentence,
        facts=[*_quality(sources), *_speed(sources)],
        reasons=_reasons(sources),
    )


def _outcome(sources: Sources) -> tuple[str, Tone, str]:
    run, summary, record = sources.run, sources.summary, sources.record
    stopped = next((n.name for n in run.nodes.values() if n.state not in ("done", "cached")), None)
    if sources.state == "failed":
        node = record.get("failed_node") or stopped
        failed = f"{node} failed" if node else "The run failed"
        return "Failed", "bad", f"{failed}; what was finished before is kept."
    if sources.state in ("interrupted", "cancelled"):
        where = f" during {stopped}" if stopped else ""
        return "Interrupted", "warn", f"Interrupted{where}; what was finished is kept."
    if sources.state != "done":
        return "Running", "warn", f"{stopped} is in progress." if stopped else "The run is in progress."
    if summary is None:
        last = list(run.nodes)[-1] if run.nodes else "nothing"
        return (
            "Partial run",
            "",
            f"The run was told to stop before all models are judged: {last} was its last node.",
        )
    if not summary["blessed"]:
        return "Not blessed", "bad", "Nothing was pushed: the served version stays the same."
    push = summary.get("push")
    if push is None:  # a run from before pushes were recorded
        return "Blessed", "good", "All models were blessed."
    said = Pushed(**push)
    word = {"pushed": "Blessed and pushed", "served": "Blessed"}.get(said.outcome, "Blessed, not pushed")
    return word, "good" if said.outcome in ("pushed", "served") else "warn", said.sentence


def _quality(sources: Sources) -> Iterator[Fact]:
    test, before = sources.test, sources.previous.test if sources.previous else None
    if not sources.same_data_as_previous:
        before = None
    if not test:
        return
    by = judged_by(test["test"])
    yield _fact(
        "Rating error" if by is RATINGS else "Error of chances",
        f"{by.error_title} on test",
        test["test"][by.error],
        before["test"].get(by.error) if before else None,
        f"baseline ({by.baseline_words}): {number(test[by.baseline][by.error])}",
        lower_is_better=True,
        noise=_noise(sources, "ratings", "whole"),
    )
    both, popular, words = test.get("recommender"), test.get("retrieval_popularity"), sources.words
    if not both or not popular:
        return
    yield _fact(
        "Recommended lists",
        "nDCG@10 on test",
        both["ndcg@10"],
        (before.get("recommender") or {}).get("ndcg@10") if before else None,
        f"baseline ({words.popular}): {number(popular['ndcg@10'])}",
        noise=_noise(sources, "lists", "whole", "recommender", "ndcg@10"),
    )
    if (found := sources.next_span) and found["made"]:
        yield _next_span(found)
    yield _fact(
        "Retrieved candidates",
        "recall@100 on test",
        test["retrieval"]["recall@100"],
        (before.get("retrieval") or {}).get("recall@100") if before else None,
        f"baseline ({words.popular}): {number(popular['recall@100'])}",
        noise=_noise(sources, "lists", "whole", "retrieval", "recall@100"),
    )
    shown = (sources.details.get("lists") or {}).get("catalogue", {}).get("recommender")
    if shown:
        covered = share(shown["coverage@10"])
        yield Fact(
            "Catalogue coverage", covered, f"of all {words.items} are in the top 10 of some {words.user}"
        )


def _noise(sources: Sources, *path: str) -> float | None:
    """Returns the difference between this run's metric and the last blessed run's that chance explains.

    It combines both 95 % intervals as if they were of different users. They are of the same users, so the
    result is rather too large.

    Args:
        path: path to an interval in `details.json`.
    """
    reaches = []
    for each in (sources, sources.previous):
        found: Any = each.details if each else {}
        for name in path:
            found = (found or {}).get(name)
        if not found or found["low"] is None:
            return None
        reaches.append((found["high"] - found["low"]) / 2)
    return math.hypot(*reaches)


def _next_span(found: dict[str, Any]) -> Fact:
    """Returns the fact for the metric of a split by time, which needs more explanation than others."""
    known = found["lists"]["known"]
    difference = known["less_recent"]
    word = beyond_chance(difference)
    tones: dict[str, Tone] = {"better": "good", "worse": "bad"}
    return Fact(
        "Recommended lists, nDCG@10 on the next span by time",
        number(known["recommender"]["value"]),
        f"baseline (most popular in the last {found['days']} days): {number(known['recent']['value'])}, "
        f"difference {interval(difference['low'], difference['high'])}: {word}",
        tones.get(word, ""),
    )


def _fact(
    label: str,
    what: str,
    value: float | None,
    before: float | None,
    beside: str,
    lower_is_better: bool = False,
    noise: float | None = None,
) -> Fact:
    """Returns the fact for a number next to a baseline and, if there is one, the last blessed run's number.

    Args:
        noise: difference that chance explains; None if unknown.
    """
    if before is None or value is None:
        return Fact(f"{label}, {what}", number(value), beside)
    change = value - before
    tone: Tone = "good" if (change < 0) == lower_is_better else "bad"
    word = {"good": "better", "bad": "worse"}[tone]
    if round(change, 4) == 0:
        tone, word = "", "unchanged"
    elif noise is not None and abs(change) <= noise:
        tone, word = "", f"within noise, ± {noise:.4f}"
    return Fact(
        f"{label}, {what}",
        number(value),
        f"{signed(change)} ({word}) since the last blessed run; {beside}",
        tone,
    )


def _speed(sources: Sources) -> Iterator[Fact]:
    timed, words = sources.details.get("latency"), sources.words
    if timed:
        yield Fact(
            "Latency, median",
            f"{timed['p50_ms']:.2f} ms",
            f"99 % within {timed['p99_ms']:.2f} ms; one {words.user}, ten {words.items}, in process",
        )
    nodes = list(sources.run.nodes.values())
    if nodes:
        reused = sum(node.state == "cached" for node in nodes)
        yield Fact("Duration", duration(sources.seconds), f"{reused} of {plural(len(nodes), 'node')} reused")


def _reasons(sources: Sources) -> list[Note]:
    if sources.record.get("message"):
        return [Note(sources.record["message"], "bad")]
    if sources.summary:
        notes = [Note(reason, _tone(sources.summary, reason)) for reason in sources.summary["reasons"]]
        if sources.measured:
            notes.append(Note(f"{sources.measured[0].upper()}{sources.measured[1:]}.", "muted"))
        return [*notes, *_withheld(sources.summary)]
    said = {task: sources.blessing(task) for task in JUDGED}
    return [
        Note(f"{task}: {'blessed' if blessed else 'not blessed'}", "good" if blessed else "bad")
        for task, blessed in said.items()
        if blessed is not None
    ]


def _withheld(summary: dict[str, Any]) -> Iterator[Note]:
    """Yields a note for each evaluator that withheld its blessing without a reason."""
    for task in JUDGED:
        found = summary.get(task)
        if found and not found["blessed"] and "missed" in found and not found["missed"]:
            yield Note(f"{task}: its evaluator withheld the blessing although all bars are met.", "bad")


def _tone(summary: dict[str, Any], reason: str) -> Tone:
    """Returns the tone of a reason; summaries of earlier versions do not say which are against a model."""
    if reason in summary.get("not_compared", ()):
        return "warn"
    missed = summary.get("missed")
    if missed is None:
        return "good" if summary["blessed"] else ""
    return "bad" if reason in missed else "good"
