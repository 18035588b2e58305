import pytest

from pipeline.ui.agreement import agreement
from pipeline.ui.server_status import ServerStatus, VersionState

BROKEN = VersionState(3, "END", "no variables")


@pytest.mark.parametrize(
    ("states", "disk", "withdrawn", "agrees", "sentence"),
    [
        (
            [(2, "AVAILABLE")],
            [1, 2],
            [],
            True,
            "The server answers with version 2, the served version on disk.",
        ),
        (
            [BROKEN, (2, "AVAILABLE")],
            [2, 3],
            [],
            False,
            "The server answers with version 2, the newest on disk is 3. Version 3 could not be loaded: no",
        ),
        (
            [BROKEN],
            [3],
            [],
            False,
            "No version answers, the newest on disk is 3. Version 3 could not be loaded: no vari",
        ),
        ([(3, "END"), (1, "AVAILABLE")], [1], [3], True, "The server answers with version 1, the served"),
        (
            [(3, "AVAILABLE")],
            [1],
            [3],
            False,
            "version 3, the newest on disk is 1. Version 3 was withdrawn, which the server has",
        ),
        (
            [(7, "AVAILABLE")],
            [1],
            [3],
            False,
            "Version 7 is not in this folder: the server uses another one, or has",
        ),
        ([(2, "LOADING"), (1, "AVAILABLE")], [1, 2], [], False, "Version 2 is being loaded."),
        (
            [(1, "AVAILABLE")],
            [1, 2],
            [],
            False,
            "The server does not know version 2: it has not checked yet, or serves",
        ),
        ([(1, "AVAILABLE")], [], [], False, "Version 1 is not in this folder"),
        ([], [], [], True, "No version is on disk, and none answers."),
    ],
)
def test_a_sentence_says_whether_and_why_a_server_answers_with_another_version(
    states, disk, withdrawn, agrees, sentence
):
    said = [each if isinstance(each, VersionState) else VersionState(*each) for each in states]
    found = agreement(ServerStatus("here", True, models={"ranking": said}), "ranking", disk, withdrawn)

    assert found.agrees is agrees
    assert sentence in found.sentence


def test_where_no_server_answers_there_is_nothing_to_compare():
    assert agreement(ServerStatus("here", False), "ranking", [1], []) is None
