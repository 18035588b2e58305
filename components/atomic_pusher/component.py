"""The component's inputs, outputs and parameters."""

from collections.abc import Mapping

from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.atomic_pusher.executor import Executor


class AtomicPusherSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "serving_models": component_spec.ExecutionParameter(type=str),
        "keep": component_spec.ExecutionParameter(type=int),
        "with_trained": component_spec.ExecutionParameter(type=int),
        "cache_key": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "ranking": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "retrieval": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "recommender": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "ranking_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "retrieval_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "recommender_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        "judged_ranking": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "judged_retrieval": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "judged_recommender": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        "pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel)
    }


class AtomicPusher(base_component.BaseComponent):
    """Pushes three models that belong together to `<serving_models>/<name>/<version>/`, all or none.

    TFX's Pusher copies file by file into the folder that servers watch, a model at a time. This one writes
    beside it and renames (`serving.versions.version_sets`), so a server, or a power cut, never sees half a
    version, and never a recommender without the models that it was made of for longer than the renames take.

    Args:
        ranking, retrieval, recommender: the models to push.
        ranking_blessing, retrieval_blessing, recommender_blessing, infra_blessing: the blessings; if one is
            refused, no model is pushed.
        serving_models: the folder of served models.
        keep: the number of versions to keep.
        with_trained: whether what ranking and retrieval learned goes with them, where no metadata leads a
            later run to it; it makes a version up to twice as large, and no server reads it.
        judged: the judged model by name that goes with a refit one, where no metadata leads a later run to
            it; as large again, and no server reads it.
        code_fingerprint: of this component's and the server's code, for the cache.
        cache_key: of what is served now, so that no push is taken from the cache that would have to be done
            (`pipeline.store.metadata.push_cache`).

    What is blessed is the served version afterwards: models that are served already are not pushed again,
    older versions that another one has replaced are, under a new number. Only what a person withdrew stays
    withdrawn, until it is restored.

    Outputs `pushed_model` with the properties of TFX's Pusher, `pushed` (1 where these models are served now,
    else 0), `pushed_destination` (the folder of all models) and `pushed_version`; `outcome` (see
    `components.atomic_pusher.decision`), `withdrawn_version`, and `content`, the set's checksum.
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        ranking: BaseChannel,
        retrieval: BaseChannel,
        recommender: BaseChannel,
        ranking_blessing: BaseChannel,
        retrieval_blessing: BaseChannel,
        recommender_blessing: BaseChannel,
        infra_blessing: BaseChannel,
        serving_models: str | RuntimeParameter,
        keep: int,
        code_fingerprint: str,
        cache_key: str = "",
        with_trained: bool = False,
        judged: Mapping[str, BaseChannel] | None = None,
    ):
        super().__init__(
            AtomicPusherSpec(
                ranking=ranking,
                retrieval=retrieval,
                recommender=recommender,
                ranking_blessing=ranking_blessing,
                retrieval_blessing=retrieval_blessing,
                recommender_blessing=recommender_blessing,
                infra_blessing=infra_blessing,
                **{f"judged_{name}": model for name, model in (judged or {}).items()},
                serving_models=serving_models,
                keep=keep,
                with_trained=int(with_trained),
                cache_key=cache_key,
                code_fingerprint=code_fingerprint,
                pushed_model=Channel(type=standard_artifacts.PushedModel),
            )
        )
