"""The pages over one finished run, in a server of their own and a real browser."""

import contextlib
import shutil
import socket
import threading
import time

import pytest
import uvicorn

from pipeline.store.workspace import Workspace
from pipeline.ui.app import create_app
from pipeline.ui.site import Site


@contextlib.contextmanager
def listening(app):
    """The address at which `app` answers while the block lasts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def site(finished, tmp_path_factory):
    """The finished run's workspace, with a second version beside what it pushed, in a copy."""
    marquee, _ = finished
    workspace = Workspace(marquee.workspace)
    models = tmp_path_factory.mktemp("models") / "serving_models"
    shutil.copytree(workspace.serving_models, models)
    for model in ("recommender", "retrieval", "ranking"):
        shutil.copytree(models / model / "1", models / model / "2")
    return Site(workspace, models, "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def address(site):
    with listening(create_app(site)) as where:
        yield where


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no `chromium` on PATH: the pages are not opened in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, request):
    """A page that fails the test on a console error, a script's error or a page that does not open."""
    options = getattr(request, "param", {})
    context = browser.new_context(**options)
    opened = context.new_page()
    problems = []
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()
    assert problems == []
