"""Reliability campaign: kill -9, full disks, versions swapped under load, and damaged input.

    python benchmarks/reliability.py swaps --times 100

Each part keeps its trials in `--out` (`benchmarks/results/reliability`) as JSON lines, and continues where it
was stopped. On two cores a part takes about:

    kills          100 runs killed at a random moment, and resumed       100 minutes
    interruptions  SIGTERM at each node of a run in turn                  15 minutes
    swaps          100 versions swapped under load                        10 minutes
    full-disk      a disk that is full at each node in turn (needs root)  60 minutes
    ratings-files  10,000 damaged files of ratings                         5 minutes
    bodies         100,000 damaged requests over REST and gRPC            10 minutes

Without a part, the command sums up the records of all parts. The exit status is 1 if there was any fault.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

from rich.console import Console

from benchmarks.campaign.record import Record

TIMES = {
    "kills": 100,
    "interruptions": 0,
    "swaps": 100,
    "full-disk": 0,
    "ratings-files": 10_000,
    "bodies": 100_000,
}


def main() -> None:
    args = arguments()
    console = Console(highlight=False, soft_wrap=True)
    records = {args.part: play(args, console)} if args.part else known(args.out)
    for part, record in records.items():
        console.print(f"[bold]{part}[/] {summary(record)}")
        for fault in record.faults:
            console.print(f"  {fault}", markup=False)
    if any(record.faults for record in records.values()):
        raise SystemExit(1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=list(TIMES),
        help="Part to run (default: none, which sums up the records of all parts).",
    )
    parser.add_argument(
        "--times",
        type=int,
        help="Number of trials in all, including earlier ones (default: as in the table above).",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("benchmarks/results/reliability"),
        metavar="DIR",
        help="Folder of the records (benchmarks/results/reliability).",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=Path("workspace/serving_models"),
        metavar="DIR",
        help="Served models of `smoke` or `ml-100k`, for swaps and bodies (workspace/serving_models).",
    )
    parser.add_argument("--seed", type=int, default=0, help="Seed of the random moments and the damage (0).")
    return parser.parse_args()


def play(args: argparse.Namespace, console: Console) -> Record:
    """Runs one part of the campaign."""
    times = args.times or TIMES[args.part]
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if args.part == "kills":
        from benchmarks.campaign.kills import kills

        return kills(times, out, args.seed, console)
    if args.part == "interruptions":
        from benchmarks.campaign.interruptions import interruptions

        return interruptions(out, console)
    if args.part == "full-disk":
        from benchmarks.campaign.full_disk import full_disk

        return full_disk(out, console)
    if args.part == "ratings-files":
        from benchmarks.campaign.ratings_files import ratings_files

        return ratings_files(times, out, args.seed, console)
    models = args.models.resolve()
    if not (models / "recommender").is_dir():
        raise SystemExit(f"{args.models}: there are no served models here. Run `marquee run --config smoke`.")
    if args.part == "swaps":
        from benchmarks.campaign.swaps import swaps

        return swaps(times, models, out, console)
    from benchmarks.campaign.bodies import bodies

    return bodies(times, models, out, args.seed, console)


def known(out: Path) -> dict[str, Record]:
    """Returns the existing records by part."""
    return {part: Record(out / f"{part}.jsonl") for part in TIMES if (out / f"{part}.jsonl").exists()}


def summary(record: Record) -> str:
    """Formats the figures of a record as one line."""
    figures = [f"{len(record)} trials, {len(record.faults)} faults"]
    trials = record.trials
    if all("requests" in trial for trial in trials) and trials:
        asked: Counter[str] = sum((Counter(trial["requests"]) for trial in trials), Counter())
        figures.append(f"requests {dict(asked)}")
    if all("bodies" in trial for trial in trials) and trials:
        answers: Counter[str] = sum((Counter(trial["answers"]) for trial in trials), Counter())
        figures.append(f"{sum(trial['bodies'] for trial in trials):,} sent, answered {dict(answers)}")
    for name, unit in (("seconds", "s"), ("resumed", "s"), ("slowest", "s"), ("memory_mib", "MiB")):
        if values := sorted(trial[name] for trial in trials if name in trial):
            figures.append(f"{name} {values[0]} to {values[-1]} {unit}, median {values[len(values) // 2]}")
    if places := Counter(trial["killed_in"] or "not killed" for trial in trials if "killed_in" in trial):
        figures.append(f"killed {dict(places)}")
    return "; ".join(figures)


if __name__ == "__main__":
    main()
