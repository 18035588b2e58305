"""`marquee export` from outside; what the file answers is tests/trainer/export/test_tflite.py's."""

from pipeline.cli.app import main


def test_without_a_model_it_says_how_to_get_one_and_writes_nothing(tmp_path, monkeypatch, capsys):
    out = tmp_path / "ranking.tflite"
    monkeypatch.setattr(
        "sys.argv", ["marquee", "export", "--format", "tflite", "--out", str(out), "--models", str(tmp_path)]
    )
    try:
        status = main()
    except SystemExit as ended:
        status = ended.code

    assert status == 1
    assert "there is no ranking in" in capsys.readouterr().err
    assert not out.exists()
