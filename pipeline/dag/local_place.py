"""Local machine as the place of a pipeline: ML Metadata in SQLite, artifacts and models in the workspace."""

from collections.abc import Mapping

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.resolution import AllBlessed, LastAcceptedOther, LastBlessed, LastBlessedOther, LastRefit
from components.resolution.all_blessed import BLESSING
from pipeline.dag.fingerprints import content_fingerprint
from pipeline.dag.place import Found, Gate
from pipeline.store.workspace import Workspace


class LocalPlace:
    """Place in a workspace; the metadata store finds earlier results. See `pipeline.dag.place.Place`."""

    push_trained = False

    def __init__(self, workspace: Workspace):
        self._workspace = workspace
        self.root = str(workspace.artifacts.resolve())
        self.serving_models = str(workspace.serving_models.resolve())
        workspace.metadata_db.parent.mkdir(parents=True, exist_ok=True)
        self.metadata = metadata.sqlite_metadata_connection_config(str(workspace.metadata_db.resolve()))

    def schema(self, text: str) -> Found:
        """Imports the schema from a folder named by its content, so that an edit is noticed."""
        folder = self._workspace.cache / "schemas" / content_fingerprint(text)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / "schema.pbtxt")
        schema = Importer(source_uri=str(folder.resolve()), artifact_type=standard_artifacts.Schema)
        return Found([schema.with_id("Schema")], schema.outputs["result"])

    def previous_statistics(self, statistics: BaseChannel, validator: str) -> Found:
        previous = Resolver(
            strategy_class=LastAcceptedOther,
            config={"node": validator},
            candidates=Channel(type=standard_artifacts.ExampleStatistics),
            current=statistics,
        ).with_id("PreviousStatistics")
        return Found([previous], previous.outputs["candidates"])

    def keep_statistics(self, statistics: BaseChannel) -> list[BaseNode]:
        return []

    def base_model(self, task: str, trainer: str, examples: BaseChannel | None, or_refit: str) -> Found:
        base = Resolver(
            strategy_class=LastBlessed,
            config={"node": trainer, "or_refit": or_refit},
            model=Channel(type=standard_artifacts.Model),
            model_blessing=Channel(type=standard_artifacts.ModelBlessing),
            **({"examples": examples} if examples else {}),
        ).with_id(f"Base{task.capitalize()}")
        return Found([base], base.outputs["model"])

    def refit_base(self, task: str, node: str, examples: BaseChannel | None) -> Found:
        base = Resolver(
            strategy_class=LastRefit,
            config={"node": node},
            model=Channel(type=standard_artifacts.Model),
            **({"examples": examples} if examples else {}),
        ).with_id(f"Base{task.capitalize()}Refit")
        return Found([base], base.outputs["model"])

    def gate(self, models: Mapping[str, BaseChannel], blessings: Mapping[str, BaseChannel]) -> Gate:
        asked = {f"{name}{BLESSING}": blessing for name, blessing in blessings.items()}
        gate = Resolver(strategy_class=AllBlessed, **models, **asked).with_id("Blessed")
        return Gate([gate], {task: gate.outputs[task] for task in models}, {})

    def last_blessed(self, task: str, model: BaseChannel) -> Found:
        last = Resolver(
            strategy_class=LastBlessedOther,
            model=Channel(type=standard_artifacts.Model),
            model_blessing=Channel(type=standard_artifacts.ModelBlessing),
            candidate=model,
        ).with_id(f"LastBlessed{task.capitalize()}")
        return Found([last], last.outputs["model"])

    def resume_folder(self, key: str) -> str:
        return str((self._workspace.cache / "resume" / key).resolve())
