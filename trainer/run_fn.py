"""What TFX's Trainer calls: its FnArgs to a trained, exported and verified ranking model."""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")  # before TensorFlow: Keras 3

from trainer.export import export_ranking
from trainer.loop import TrainResult
from trainer.progress import report
from trainer.ranking.training import RankingData, RankingSettings, train_ranking
from trainer.trained_answers import trained_answers, write_answers
from trainer.verify import verify_export


def run_fn(fn_args) -> None:
    """Trains on `train_files`, stops early on `eval_files`, exports to `serving_model_dir`.

    Of `fn_args` (tfx.components.FnArgs) it also reads `transform_graph_path`, `model_run_dir` (for
    TensorBoard's logs and `training.json`), `hyperparameters` (KerasTuner's config: its values override
    settings by dotted path, `train.learning_rate`), and `custom_config`:
        model, train: the settings.
        backup_dir: where a killed run is gone on from, or None.
        code_fingerprint: of the code, so that edited code does not go on from an older run.

    Raises:
        TrainingError, ConfigError: in words for the user.
    """
    custom = fn_args.custom_config or {}
    settings = RankingSettings.of(custom, fn_args.hyperparameters)
    data = RankingData.read(fn_args.train_files, fn_args.eval_files, fn_args.transform_graph_path)
    run_dir = Path(fn_args.model_run_dir)

    def say(epoch: int, logs: dict[str, float]) -> None:
        epochs = settings.train.epochs
        report(f"epoch {epoch} of {epochs}, rmse on eval {logs['val_rmse']:.4f}", epoch / epochs)

    result = train_ranking(
        settings,
        data,
        log_dir=str(run_dir / "logs"),
        backup_dir=custom.get("backup_dir"),
        identity=custom.get("code_fingerprint", ""),
        on_epoch=say,
    )
    export_ranking(result.model, fn_args.serving_model_dir)
    answers = trained_answers(result.model)
    difference = verify_export(fn_args.serving_model_dir, answers)
    write_answers(fn_args.serving_model_dir, answers)
    write_report(run_dir / "training.json", settings, result, difference)


def write_report(path: Path, settings: RankingSettings, result: TrainResult, difference: float) -> None:
    """`training.json`: what the summary and the lineage read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "settings": settings.model_dump(mode="json"),
        "device": result.device,
        "rows": result.data.rows,
        "in_memory": result.data.in_memory,
        "steps_per_epoch": result.data.steps,
        "rows_per_second": round(result.rows_per_second),
        "epochs": result.epochs,
        "epochs_resumed": result.resumed,
        "best_epoch": result.best_epoch,
        "history": result.history,
        "export_difference": difference,
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(part, path)
