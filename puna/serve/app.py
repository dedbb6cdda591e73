"""The app: endpoints, and what is told when one of them fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from puna.engine import Engine
from puna.engine import Request as EngineRequest
from puna.serve import chat, completions, protocol
from puna.serve.bodies import read_json
from puna.serve.chat import Chat
from puna.serve.completions import Completion, Prompt
from puna.serve.errors import ApiError, ClientGone
from puna.serve.grammars import Wanted
from puna.serve.metrics import CONTENT_TYPE
from puna.serve.pages import Page
from puna.serve.security import Guard
from puna.serve.service import Service
from puna.serve.settings import ServeSettings
from puna.serve.streaming import EventStream, WholeAnswer, until_gone
from puna.serve.writing import Ending, Writing

log = logging.getLogger("puna.serve")


def build(engine: Engine, settings: ServeSettings | None = None) -> FastAPI:
    """Return the app that serves `engine`; its service is `app.state.service`."""
    service = Service(engine, settings or ServeSettings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await service.close()

    # FastAPI's own pages of documentation load scripts from elsewhere.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.service = service
    api, page = Api(service), Page(service)
    for path, method, endpoint in (
        ("/v1/chat/completions", "POST", api.chat),
        ("/v1/completions", "POST", api.complete),
        ("/v1/models", "GET", api.models),
        ("/v1/models/{name:path}", "GET", api.model),
        ("/health", "GET", api.health),
        ("/metrics", "GET", api.metrics),
        ("/", "GET", page.start),
        ("/page/info.json", "GET", page.info),
        ("/page/{name}", "GET", page.file),
    ):
        app.add_api_route(path, endpoint, methods=[method], response_model=None)
    for kind, told in ((ApiError, _refused), (HTTPException, _unknown), (ClientGone, _gone), (Exception, _failed)):
        app.add_exception_handler(kind, told)
    app.add_middleware(Guard, settings=service.settings, metrics=service.metrics)
    return app


class Api:
    """The endpoints of `/v1`, and those for machines that watch."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def chat(self, request: Request) -> Response:
        """Answer a dialog."""
        service, begun = self._service, monotonic()
        asked = await read_json(request, service.settings, protocol.ChatRequest)

        async def prepare() -> list[EngineRequest]:
            return await service.held(lambda: (chat.requests_of(service, asked), service.grammars.of_chat(asked)))

        return await self._answered(request, asked, prepare, lambda writing: Chat(service, asked, writing), begun=begun)

    async def complete(self, request: Request) -> Response:
        """Go on from one or several texts."""
        service, begun = self._service, monotonic()
        asked = await read_json(request, service.settings, protocol.CompletionRequest)
        prompts: list[Prompt] = []

        def work() -> tuple[list[EngineRequest], Wanted | None]:
            prompts.extend(completions.prompts_of(service, asked.prompt))
            return completions.requests_of(service, asked, prompts), service.grammars.of(asked)

        def answer(writing: Writing) -> Completion:
            return Completion(service, asked, prompts, writing)

        count = completions.count_prompts(asked.prompt)
        return await self._answered(request, asked, lambda: service.held(work), answer, begun=begun, prompts=count)

    async def _answered(
        self,
        request: Request,
        asked: protocol.Generation,
        prepare: Callable[[], Awaitable[list[EngineRequest]]],
        answer: Callable[[Writing], Chat | Completion],
        *,
        begun: float,
        prompts: int = 1,
    ) -> Response:
        """Return what sends the answer, whole or as a stream, and gives the place back at its end. From the place on, who leaves is missed and the time that the answer has runs down."""
        service = self._service
        service.check_model(asked.model)
        deadline, place = service.deadline(asked.timeout), service.place(asked.n or 1, prompts=prompts)
        ending = Ending(service, place, endpoint=request.url.path, begun=begun)
        try:
            requests = await until_gone(request.receive, service.in_time(prepare(), deadline))
            ending.writing = writing = Writing(service, requests, deadline=deadline, begun=begun)
            told = answer(writing)
            if asked.stream:
                return EventStream(told.events(), service.settings, is_behind=writing.is_behind, close=ending.close)
            return WholeAnswer(await until_gone(request.receive, told.whole()), service.settings, close=ending.close)
        except BaseException as error:
            ending.close("left" if isinstance(error, ClientGone) else "failed")
            raise

    async def models(self) -> Response:
        """List the one model."""
        return JSONResponse({"object": "list", "data": [self._model()]})

    async def model(self, name: str) -> Response:
        """Describe the model. Raises `ApiError` 404 for any other."""
        self._service.check_model(name)
        return JSONResponse(self._model())

    async def health(self) -> Response:
        """Tell whether new requests are taken."""
        if self._service.running.failure is not None:
            return JSONResponse({"status": "failed"}, 503)
        if self._service.is_draining:
            return JSONResponse({"status": "draining"}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(self) -> Response:
        """Tell Prometheus."""
        return Response(self._service.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    def _model(self) -> dict[str, Any]:
        service = self._service
        return {
            "id": service.settings.name,
            "object": "model",
            "created": service.created,
            "owned_by": "puna",
            "max_model_len": service.engine.context,
        }


Told = Callable[[Request, Exception], Any]


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse(error.body, error.status, headers=error.headers)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {404: "there is no such endpoint", 405: f"this endpoint does not take {request.method[:10]}"}
    return JSONResponse(
        ApiError(error.status_code, what.get(error.status_code, str(error.detail))).body, error.status_code, headers=error.headers
    )


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=499)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return JSONResponse(ApiError(500, "the server failed; its log says why", code="internal_error").body, 500)
