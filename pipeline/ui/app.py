"""ASGI application of the UI: routes, headers and errors."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from marquee.errors import ConfigError, MarqueeError
from pipeline.ui import files
from pipeline.ui.pages import (
    artifact,
    artifacts,
    difference,
    lineage,
    models,
    overview,
    run,
    runs,
    serving,
    try_it,
)
from pipeline.ui.render import Renderer
from pipeline.ui.site import Site
from pipeline.ui.tryable import Tryable

_STATIC = Path(__file__).parent / "static"


class _Number(IntegerConvertor):
    """Converts the number of an artifact or version; limits its digits, as Python refuses thousands."""

    regex = "[0-9]{1,18}"


register_url_convertor("number", _Number())

#: Content Security Policy: nothing from other origins, nothing inline, no frames, no forms to other sites.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(site: Site, host: str = "127.0.0.1") -> Starlette:
    """Returns an ASGI application with the pages of a workspace, which only answers GET.

    Args:
        site: data that the pages show.
        host: address to listen on. A request for another host name is refused, so that no other site can make
            a browser read these pages (DNS rebinding). On all addresses, every name is accepted.
    """
    render, tryable = Renderer(site), Tryable(site.models)

    def page(path: str, template: str, shows: Callable, name: str) -> Route:
        async def answer(request: Request) -> Response:
            content = await run_in_threadpool(shows, site, request)
            return HTMLResponse(render(template, section=name, request=request, **content))

        return Route(path, answer, name=name)

    async def trying(request: Request) -> Response:
        content = await run_in_threadpool(try_it.shown, site, tryable, request.query_params)
        return HTMLResponse(render("try.html", section="try", request=request, **content))

    async def titles(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(try_it.suggested, tryable, request.query_params))

    routes = [
        page("/", "overview.html", overview.shown, "overview"),
        Route("/try", trying, name="try"),
        Route("/try/titles", titles),
        page("/runs", "runs.html", runs.shown, "runs"),
        page("/runs/{run_id}", "run.html", run.shown, "runs"),
        page("/runs/{run_id}/log", "log.html", run.log_shown, "runs"),
        page("/diff", "diff.html", difference.shown, "runs"),
        page("/models", "models.html", models.shown, "models"),
        page("/lineage", "lineages.html", lineage.listed, "lineage"),
        page("/lineage/{model}/{version:number}", "lineage.html", lineage.shown, "lineage"),
        page("/artifacts", "artifacts.html", artifacts.shown, "artifacts"),
        page("/artifacts/{number:number}", "artifact.html", artifact.shown, "artifacts"),
        page("/artifacts/{number:number}/lineage", "lineage.html", lineage.artifact_shown, "lineage"),
        page("/artifacts/{number:number}/file/{path:path}", "file.html", artifact.file_shown, "artifacts"),
        page("/serving", "serving.html", serving.shown, "serving"),
        Route("/reports/{run_id}", files.report(site), name="report"),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]

    async def failed(request: Request, error: Exception) -> Response:
        status, message, hint = _said(error)
        shown = render("error.html", section="", request=request, status=status, message=message, hint=hint)
        return HTMLResponse(shown, status_code=status)

    mine = f"[{host}]" if ":" in host else host  # an IPv6 address has brackets in a URL
    hosts = ["*"] if host in ("0.0.0.0", "::") else [mine, "localhost", "127.0.0.1", "[::1]"]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        ],
        exception_handlers=dict.fromkeys((HTTPException, MarqueeError, Exception), failed),
        lifespan=_warming(tryable),
    )


def _said(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, HTTPException):
        default = {404: "There is no such page.", 405: "These pages are read-only."}
        plain = error.detail in ("Not Found", "Method Not Allowed")
        return error.status_code, default.get(error.status_code, error.detail) if plain else error.detail, ""
    if isinstance(error, ConfigError):  # the request is invalid
        return 400, error.message, error.hint
    if isinstance(error, MarqueeError):
        return 503, error.message, error.hint
    return 500, "This page cannot be shown.", f"{type(error).__name__}: {error}"


def _warming(tryable: Tryable):
    """Loads the recommender in the background on start, as TensorFlow takes seconds to load."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette):
        tryable.warm()
        yield

    return lifespan


class _Headers:
    """ASGI middleware that adds the common headers to every answer that does not set its own."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self._app = app

    async def __call__(self, scope, receive, send) -> None:
        async def with_headers(message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                kept = b"max-age=60" if scope["path"].startswith("/static/") else b"no-store"
                headers = (*_HEADERS, (b"cache-control", kept))
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in headers if name not in there),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)


_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
