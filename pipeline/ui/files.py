"""Endpoint that serves a run's report file unchanged."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pipeline.ui.site import Site

#: Policy of a report, which may run its own scripts for charts, but in a sandbox without the UI's origin.
REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def report(site: Site) -> Callable[[Request], Awaitable[Response]]:
    """Returns an endpoint for `reports/<run>/report.html`; it answers 404 if there is none."""

    def read(run_id: str) -> str:
        file = site.workspace.reports / site.run(run_id).run_id / "report.html"
        if not file.is_file() or not site.inside(file):
            raise HTTPException(404, f"Run {run_id} has no report.")
        return file.read_text(encoding="utf-8")

    async def answer(request: Request) -> Response:
        text = await run_in_threadpool(read, request.path_params["run_id"])
        return HTMLResponse(text, headers={"Content-Security-Policy": REPORT_POLICY})

    return answer
