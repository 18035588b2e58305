"""The DAG: which node feeds which (DESIGN.md, The way of the data)."""

import json
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2

# Not `tfx.v1`: it takes six seconds more, for Google Cloud clients that nobody here uses.
from tfx.components import Evaluator, StatisticsGen, Transform
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import transform_pb2
from tfx.types import Channel, standard_artifacts

from components.example_validator import StoppingExampleValidator
from components.movielens_example_gen.component import MovieLensExampleGen
from components.resolution import LatestOther
from components.retrieval_evaluator import RetrievalEvaluator
from pipeline.config import RunConfig
from pipeline.data_source import DataSource
from pipeline.delivery_nodes import Judged, delivery_nodes
from pipeline.evaluation import MODEL_SLICES, RAW_SLICES, eval_config
from pipeline.fingerprints import code_fingerprint, content_fingerprint
from pipeline.training_nodes import Prepared, training_nodes
from pipeline.workspace import Workspace
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
    prepared = Prepared(
        examples, transform.outputs["transform_graph"], schema.outputs["result"], source, workspace
    )
    ranking, retrieval = _ranking_nodes(config, prepared), _retrieval_nodes(config, prepared)
    delivery = delivery_nodes(config, prepared, ranking, retrieval)
    data = [example_gen, statistics_gen, schema, *_with_resolver(validator), transform]
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(workspace.artifacts.resolve()),
        components=[*data, *ranking.nodes, *retrieval.nodes, *delivery],
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


def _ranking_nodes(config: RunConfig, prepared: Prepared) -> Judged:
    """Tuner, Trainer, and TFMA's Evaluator."""
    trained = training_nodes("ranking", config, prepared)
    slices = [*RAW_SLICES, *MODEL_SLICES]
    if config.validate_.schema_name == "ratings":
        slices = [key for key in slices if key not in (features.USER_GENDER, "age_group")]
    evaluator = Evaluator(
        examples=prepared.examples,
        model=trained.model,
        baseline_model=trained.last_blessed,
        schema=prepared.schema,
        eval_config=eval_config(config.ranking.bless, slices),
        example_splits=[features.EVAL],
    ).with_id("RankingEvaluator")
    return Judged([*trained.nodes, evaluator], trained.model, evaluator.outputs["blessing"])


def _retrieval_nodes(config: RunConfig, prepared: Prepared) -> Judged:
    """Tuner, Trainer, and our own evaluator."""
    trained = training_nodes("retrieval", config, prepared)
    retrieval = config.retrieval
    evaluator = RetrievalEvaluator(
        examples=prepared.examples,
        transform_graph=prepared.transform_graph,
        model=trained.model,
        baseline_model=trained.last_blessed,
        bars=_json({name: bar.model_dump() for name, bar in retrieval.bless.bars.items()}),
        over_popularity=_json(retrieval.bless.over_popularity),
        min_rating=_json(retrieval.model.min_rating),
        code_fingerprint=code_fingerprint("components.retrieval_evaluator", "trainer"),
    )
    return Judged([*trained.nodes, evaluator], trained.model, evaluator.outputs["blessing"])


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _sqlite(path: Path) -> metadata_store_pb2.ConnectionConfig:
    path.parent.mkdir(parents=True, exist_ok=True)
    return metadata.sqlite_metadata_connection_config(str(path.resolve()))
