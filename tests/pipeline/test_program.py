from pathlib import Path

from pipeline.program import command, push_first


def test_a_printed_command_names_the_workspace_where_it_is_not_the_default():
    assert command("run", workspace=Path("workspace")).endswith("marquee run")
    assert command("serve", workspace=Path("my films")).endswith("marquee serve --workspace 'my films'")
    assert command("restore", "recommender", "3", workspace=Path("/w")).endswith(
        "marquee restore recommender 3 --workspace /w"
    )
    assert push_first(Path("/w/serving_models")).endswith("marquee run --workspace /w")
    assert push_first(Path("workspace/serving_models")).endswith("marquee run")
    assert push_first(Path("/elsewhere")).endswith("marquee run")
