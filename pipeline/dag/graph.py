"""Graph of the pipeline: connects all nodes (DESIGN.md, The way of the data)."""

from pathlib import Path

from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import BaseChannel

from components.data_statistics import DataStatistics
from components.example_validator import StoppingExampleValidator
from components.movielens_example_gen.component import MovieLensExampleGen
from components.ranking_evaluator import RankingEvaluator
from components.retrieval_evaluator import RetrievalEvaluator
from components.sampled_negatives import SampledNegatives
from components.serving_skew import ServingSkew
from components.vocabulary_transform import VocabularyTransform
from pipeline.config.bars import limits
from pipeline.config.data_schema import DataSchema
from pipeline.config.schema import RunConfig
from pipeline.dag.beam import beam_args
from pipeline.dag.data_source import DataSource
from pipeline.dag.delivery_nodes import delivery_nodes
from pipeline.dag.described import description_json, description_tree
from pipeline.dag.eval_config import Slices, eval_config
from pipeline.dag.fingerprints import code_fingerprint
from pipeline.dag.judging_nodes import as_json, list_evaluator
from pipeline.dag.place import Found, Place
from pipeline.dag.training_nodes import Judged, Prepared, training_nodes
from serving.prediction_log.reader import fingerprint, log_files
from trainer.data import features

_VALIDATOR = "ExampleValidator"


def build_pipeline(config: RunConfig, source: DataSource, place: Place) -> tfx_pipeline.Pipeline:
    """Builds the pipeline from its nodes.

    Args:
        config: configuration of the run.
        source: data of the run.
        place: place where it runs, and where artifacts, metadata and pushed models go.
    """
    example_gen = MovieLensExampleGen(
        input_base=source.path,
        config=config.data.model_dump_json(),
        fingerprint=source.fingerprint,
        code_fingerprint=code_fingerprint("components.movielens_example_gen"),
        origin=source.origin,
        spans=source.spans,
    )
    examples = example_gen.outputs["examples"]
    statistics_gen = DataStatistics(
        examples=examples,
        sample_rows=config.validate_.sample_rows,
        code_fingerprint=code_fingerprint("components.data_statistics"),
    ).with_id("StatisticsGen")
    data_schema = DataSchema.read(config.validate_.schema_name, config.data)
    schema = place.schema(data_schema.text)
    previous = place.previous_statistics(statistics_gen.outputs["statistics"], f"{config.name}.{_VALIDATOR}")
    validator = _validator(config, statistics_gen.outputs["statistics"], schema, previous)
    transform = VocabularyTransform(
        examples=examples,
        schema=schema.channel,
        description=description_tree(config),
        code_fingerprint=code_fingerprint("components.vocabulary_transform"),
    ).with_id("Transform")
    skew = _serving_skew(config, examples)
    negatives = _sampled_negatives(config, examples)
    for node in (validator, *skew):
        for after in (transform, *negatives):
            after.add_upstream_node(node)
    labelled = negatives[0].outputs["labelled"] if negatives else examples
    graph = transform.outputs["transform_graph"]
    prepared = Prepared(examples, graph, schema.channel, source, place, labelled)
    ranking = _ranking_nodes(config, prepared, data_schema)
    retrieval = _retrieval_nodes(config, prepared)
    delivery = delivery_nodes(config, prepared, ranking, retrieval)
    keep = place.keep_statistics(statistics_gen.outputs["statistics"])
    for node in keep:
        node.add_upstream_node(validator)
    data = [
        example_gen,
        statistics_gen,
        *schema.nodes,
        *previous.nodes,
        validator,
        *keep,
        *skew,
        transform,
        *negatives,
    ]
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=place.root,
        components=[*data, *ranking.nodes, *retrieval.nodes, *delivery],
        metadata_connection_config=place.metadata,
        enable_cache=True,
        beam_pipeline_args=beam_args(config.beam.args),
    )


def _validator(config: RunConfig, statistics, schema: Found, previous: Found) -> StoppingExampleValidator:
    validate = config.validate_.model_dump()
    validator = StoppingExampleValidator(
        statistics=statistics,
        schema=schema.channel,
        previous_statistics=previous.channel,
        drift=config.validate_.drift,
        drift_thresholds=as_json(validate["drift_thresholds"]),
        skew=config.validate_.skew,
        skew_thresholds=as_json(validate["skew_thresholds"]),
        code_fingerprint=code_fingerprint("components.example_validator"),
    ).with_id(_VALIDATOR)
    for node in previous.nodes:
        validator.add_upstream_node(node)
    return validator


def _serving_skew(config: RunConfig, examples: BaseChannel) -> list[ServingSkew]:
    """Returns the ServingSkew node if there are logs to read."""
    skew = config.serving_skew
    if skew.logs is None:
        return []
    node = ServingSkew(
        examples=examples,
        logs=str(Path(skew.logs).absolute()),
        logs_fingerprint=fingerprint(log_files(skew.logs)),
        thresholds=skew.thresholds.model_dump_json(),
        min_values=skew.min_values,
        on_skew=skew.on_skew,
        description=description_json(config),
        every_split=config.refit == "all",
        code_fingerprint=code_fingerprint("components.serving_skew"),
    )
    return [node]


def _sampled_negatives(config: RunConfig, examples: BaseChannel) -> list[SampledNegatives]:
    """Returns the SampledNegatives node for implicit feedback."""
    if not config.data.description.implicit:
        return []
    node = SampledNegatives(
        examples=examples,
        negatives=config.ranking.negatives,
        description=description_json(config),
        code_fingerprint=code_fingerprint("components.sampled_negatives", "trainer"),
    )
    return [node]


def _ranking_nodes(config: RunConfig, prepared: Prepared, schema: DataSchema) -> Judged:
    """Returns Tuner, Trainer, and the evaluation of the ranking model."""
    trained = training_nodes("ranking", config, prepared)
    description = config.data.description
    slices = Slices.of(description, schema.features)
    evaluator = RankingEvaluator(
        examples=prepared.labelled,
        model=trained.model,
        baseline_model=trained.last_blessed,
        schema=prepared.schema,
        eval_config=eval_config(slices, description.implicit, description.names),
        bars=as_json(limits(config.ranking.bless.bars)),
        computed_by=config.ranking.bless.computed_by,
        code_fingerprint=code_fingerprint("components.ranking_evaluator", "trainer"),
        example_splits=[features.EVAL],
        description=description_json(config),
    )
    return Judged([*trained.nodes, evaluator], trained.model, trained.run, evaluator.outputs["blessing"])


def _retrieval_nodes(config: RunConfig, prepared: Prepared) -> Judged:
    """Returns Tuner, Trainer, and Marquee's own evaluator of the retrieval model."""
    trained = training_nodes("retrieval", config, prepared)
    evaluator = list_evaluator(
        RetrievalEvaluator, config, prepared, trained.model, trained.last_blessed, config.retrieval.bless
    )
    return Judged([*trained.nodes, evaluator], trained.model, trained.run, evaluator.outputs["blessing"])
