"""What Beam's nodes are told: on this machine, nothing that only a worker elsewhere would need."""

from tfx.utils import dependency_utils

from pipeline.config.schema import BeamConfig
from pipeline.dag.beam import beam_args


def packed(monkeypatch, arguments):
    """What TFX hands to Beam, and how often it built a source distribution of itself for that."""
    built = []
    monkeypatch.setattr(
        dependency_utils, "build_ephemeral_package", lambda: built.append(1) or "tfx_ephemeral.tar.gz"
    )
    return dependency_utils.make_beam_dependency_flags(beam_args(arguments)), len(built)


def test_for_workers_in_this_process_tfx_packs_nothing(monkeypatch):
    flags, built = packed(monkeypatch, BeamConfig().args)

    assert built == 0
    assert flags == [*BeamConfig().args, "--sdk_container_image=none"]


def test_for_workers_elsewhere_it_does_and_arguments_stay_as_given(monkeypatch):
    flags, built = packed(monkeypatch, ["--runner=DataflowRunner", "--region=europe-west1"])

    assert built == 1
    assert flags == [
        "--runner=DataflowRunner",
        "--region=europe-west1",
        "--extra_package=tfx_ephemeral.tar.gz",
    ]
