"""Numbered folders of statistics, the highest of which counts; each is created atomically by a rename."""

import shutil
from pathlib import Path

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

KEPT = ".statistics"  # hidden, among the served models: no server looks at it


class KeepExecutor(base_executor.BaseExecutor):
    """Executes KeepStatistics."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See KeepStatistics."""
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        kept = Path(exec_properties["serving_models"]) / KEPT
        before = numbers(kept)
        partial = kept / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        for split in artifact_utils.decode_split_names(statistics.split_names):
            folder = f"Split-{split}"
            shutil.copytree(Path(statistics.uri) / folder, partial / folder)
        partial.rename(kept / str(max(before, default=0) + 1))
        for old in before:
            shutil.rmtree(kept / str(old))


class PreviousExecutor(base_executor.BaseExecutor):
    """Executes PreviousStatistics."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See PreviousStatistics."""
        statistics = artifact_utils.get_single_instance(output_dict["statistics"])
        kept = Path(exec_properties["serving_models"]) / KEPT
        newest = max(numbers(kept), default=None)
        if newest is None:
            statistics.split_names = artifact_utils.encode_split_names([])
            (Path(statistics.uri) / "NOTHING_IS_KEPT").touch()
            return
        shutil.copytree(kept / str(newest), statistics.uri, dirs_exist_ok=True)
        splits = sorted(path.name.removeprefix("Split-") for path in Path(statistics.uri).glob("Split-*"))
        statistics.split_names = artifact_utils.encode_split_names(splits)


def numbers(kept: Path) -> list[int]:
    """Returns the numbers of the kept folders; empty if there are none."""
    return [int(path.name) for path in kept.glob("*") if path.name.isdecimal()] if kept.is_dir() else []
