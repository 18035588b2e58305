"""The DAG: which node feeds which (DESIGN.md, The way of the data)."""

from pathlib import Path

from ml_metadata.proto import metadata_store_pb2

# Not `tfx.v1`: it takes six seconds more, for Google Cloud clients that nobody here uses.
from tfx.components import Evaluator, StatisticsGen, Trainer, Transform
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import Channel, standard_artifacts

from components.atomic_pusher import AtomicPusher
from components.example_validator import StoppingExampleValidator
from components.movielens_example_gen.component import MovieLensExampleGen
from components.resolution import LastBlessedOther, LatestOther
from components.run_report import RunReport
from components.serving_validator import ServingValidator
from components.tuner import AccountingTuner
from pipeline.config import RunConfig
from pipeline.data_source import DataSource
from pipeline.evaluation import MODEL_SLICES, RAW_SLICES, eval_config
from pipeline.fingerprints import code_fingerprint, content_fingerprint
from pipeline.lineage import Lineage
from pipeline.workspace import Workspace
from serving import versions
from serving.placement import content
from trainer import features

_SCHEMAS = Path(__file__).resolve().parent / "schemas"


def build_pipeline(config: RunConfig, source: DataSource, workspace: Workspace) -> tfx_pipeline.Pipeline:
    """Connects the nodes.

    Args:
        config: what to run.
        source: the data.
        workspace: where artifacts, metadata and pushed models go.
    """
    example_gen = MovieLensExampleGen(
        input_base=source.path,
        config=config.data.model_dump_json(),
        fingerprint=source.fingerprint,
        code_fingerprint=code_fingerprint("components.movielens_example_gen", "trainer.features"),
        origin=source.origin,
    )
    examples = example_gen.outputs["examples"]
    statistics_gen = StatisticsGen(examples=examples)
    schema = _schema(config, workspace)
    validator = _validator(config, statistics_gen.outputs["statistics"], schema.outputs["result"])
    transform = Transform(
        examples=examples,
        schema=schema.outputs["result"],
        preprocessing_fn="components.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=[features.TRAIN], transform=[]),
        materialize=False,
        disable_statistics=True,
        custom_config={"code": code_fingerprint("components.preprocessing", "trainer.features")},
    )
    transform.add_upstream_node(validator)
    ranking = _ranking_nodes(config, source, workspace, example_gen, transform, schema)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(workspace.artifacts.resolve()),
        components=[example_gen, statistics_gen, schema, *_with_resolver(validator), transform, *ranking],
        metadata_connection_config=_sqlite(workspace.metadata_db),
        enable_cache=True,
        beam_pipeline_args=list(config.beam.args),
    )


def _schema(config: RunConfig, workspace: Workspace) -> Importer:
    """Imports the committed schema from a folder named by its content, so that an edit is noticed."""
    text = (_SCHEMAS / f"{config.validate_.schema_name}.pbtxt").read_text(encoding="utf-8")
    folder = workspace.cache / "schemas" / content_fingerprint(text)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / "schema.pbtxt")
    return Importer(source_uri=str(folder.resolve()), artifact_type=standard_artifacts.Schema).with_id(
        "Schema"
    )


def _validator(config, statistics, schema) -> StoppingExampleValidator:
    previous = Resolver(
        strategy_class=LatestOther,
        candidates=Channel(type=standard_artifacts.ExampleStatistics),
        current=statistics,
    ).with_id("PreviousStatistics")
    validator = StoppingExampleValidator(
        statistics=statistics,
        schema=schema,
        previous_statistics=previous.outputs["candidates"],
        drift=config.validate_.drift,
        code_fingerprint=code_fingerprint("components.example_validator"),
    ).with_id("ExampleValidator")
    validator.add_upstream_node(previous)
    return validator


def _with_resolver(node):
    return [*(up for up in node.upstream_nodes if isinstance(up, Resolver)), node]


def _ranking_nodes(config, source, workspace, example_gen, transform, schema) -> list:
    """Tuner (unless switched off), Trainer, Evaluator, ServingValidator, Pusher and RunReport."""
    examples, transform_graph = example_gen.outputs["examples"], transform.outputs["transform_graph"]
    ranking = config.ranking
    code = code_fingerprint("trainer", "tuner")
    settings = {
        "model": ranking.model.model_dump(mode="json"),
        "train": ranking.train.model_dump(mode="json"),
        "code_fingerprint": code,
    }
    nodes = []
    tuner = None
    if ranking.tune.enabled:
        tune = ranking.tune.model_dump(mode="json")
        tuner = AccountingTuner(
            examples=examples,
            transform_graph=transform_graph,
            tuner_fn="tuner.tuner_fn.tuner_fn",
            custom_config={
                **settings,
                "tune": tune,
                "trials_dir": _resume_folder(workspace, source, settings, tune),
            },
        ).with_id("RankingTuner")
        nodes.append(tuner)
    trainer = Trainer(
        examples=examples,
        transform_graph=transform_graph,
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        run_fn="trainer.run_fn.run_fn",
        train_args=trainer_pb2.TrainArgs(splits=[features.TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=[features.EVAL]),
        custom_config={
            **settings,
            "backup_dir": _resume_folder(workspace, source, settings, bool(tuner)),
        },
    ).with_id("RankingTrainer")
    model = trainer.outputs["model"]

    last_blessed = Resolver(
        strategy_class=LastBlessedOther,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        candidate=model,
    ).with_id("LastBlessedRanking")
    slices = [*RAW_SLICES, *MODEL_SLICES]
    if config.validate_.schema_name == "ratings":
        slices = [key for key in slices if key not in (features.USER_GENDER, "age_group")]
    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=last_blessed.outputs["model"],
        schema=schema.outputs["result"],
        eval_config=eval_config(ranking.bless, slices),
        example_splits=[features.EVAL],
    ).with_id("RankingEvaluator")
    validator = ServingValidator(
        model=model,
        model_name="ranking",
        code_fingerprint=code_fingerprint("components.serving_validator", "serving"),
    )
    pusher = AtomicPusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        serving_models=str(workspace.serving_models.resolve()),
        model_name="ranking",
        keep=config.push.keep,
        disturbed=_disturbed(config, workspace),
    )
    report = RunReport(
        examples=examples, model=model, code_fingerprint=code_fingerprint("components.run_report")
    )
    report.add_upstream_node(pusher)  # last: `test` is read when everything is decided
    return [*nodes, trainer, last_blessed, evaluator, validator, pusher, report]


def _disturbed(config: RunConfig, workspace: Workspace) -> str:
    """Empty while what this pipeline pushed last is in front; else the versions that are there."""
    runs = Lineage(workspace.metadata_db).runs(config.name)
    outputs = [output for run in runs if (output := run.output("AtomicPusher", "pushed_model"))]
    last = next((o.properties["content"] for o in outputs if o.properties.get("pushed")), None)
    there = versions.list_versions(workspace.serving_models, "ranking")
    if last is None or (there and content(workspace.serving_models / "ranking" / str(there[-1])) == last):
        return ""
    return f"versions {there}"


def _resume_folder(workspace: Workspace, source: DataSource, *settings: object) -> str:
    """Where interrupted work of exactly these settings on exactly this data is kept."""
    key = content_fingerprint(repr((source.fingerprint, settings)))
    return str((workspace.cache / "resume" / key).resolve())


def _sqlite(path: Path) -> metadata_store_pb2.ConnectionConfig:
    path.parent.mkdir(parents=True, exist_ok=True)
    return metadata.sqlite_metadata_connection_config(str(path.resolve()))
