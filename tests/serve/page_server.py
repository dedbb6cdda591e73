"""A stand-in for `puna serve` that says what a test scripted: slowly, in pieces, hostile, or not at all. The page cannot tell it from the real one."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

import puna

FILES = Path(puna.__file__).parent / "serve" / "page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DEFAULTS = {"temperature": 0.6, "top_p": 0.9, "top_k": None, "min_p": 0.0, "max_tokens": 256}


@dataclass
class Answer:
    """What the server will say: pieces of text, then calls, then why it stopped; or an error instead."""

    pieces: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)  # name and arguments, which come in pieces of five characters
    wait_before: int | None = None  # the piece before which it waits until the test says `go`
    delay: float = 0.0  # seconds between pieces
    breaks_off: bool = False  # the connection ends instead of the answer
    error: tuple[int, dict[str, Any], dict[str, str]] | None = None  # status, error, headers
    probabilities: list[float] | None = None  # of each piece; by turns high and low where none are given


def piece_logprobs(text: str, probability: float) -> dict[str, Any]:
    said = {"token": text, "logprob": math.log(probability), "bytes": list(text.encode())}
    rest = [
        {"token": other, "logprob": math.log((1 - probability) / 4 + 1e-9), "bytes": list(other.encode())} for other in ("grass", " sky")
    ]
    return {**said, "top_logprobs": [said, *rest]}


class PageServer:
    """The app, what it was asked (`requests`), what it will answer (`answers`; an echo where none is left), and where it listens (`url`)."""

    def __init__(self) -> None:
        self.reset()
        self.url = ""
        self.app = FastAPI()
        self.app.middleware("http")(self._guarded)
        self.app.get("/")(lambda: FileResponse(FILES / "index.html"))
        self.app.get("/page/info.json")(self._info)
        self.app.get("/page/{name}")(self._file)
        self.app.get("/v1/models")(self._models)
        self.app.post("/v1/chat/completions")(self._complete)

    def reset(self) -> None:
        self.answers: deque[Answer] = deque()
        self.requests: list[dict[str, Any]] = []
        self.left = threading.Event()  # a client went before its answer's end
        self.go = threading.Event()
        self.key = ""

    def _info(self) -> dict[str, Any]:
        return {"model": "first-8m", "context": 8192, "defaults": DEFAULTS, "needs_key": bool(self.key), "version": "0.1.0"}

    def _file(self, name: str) -> Response:
        path = FILES / name
        return FileResponse(path, media_type=KINDS[path.suffix]) if path.is_file() else Response(status_code=404)

    def _models(self) -> dict[str, Any]:
        return {"object": "list", "data": [{"id": "first-8m", "object": "model"}]}

    async def _guarded(self, request: Request, call_next: Any) -> Response:
        if request.url.path.startswith("/v1/") and self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return JSONResponse({"error": {"message": "The API key is wrong or missing.", "type": "invalid_request_error"}}, 401)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        answer = self.answers.popleft() if self.answers else Answer(["You said: ", str(body["messages"][-1]["content"])])
        if answer.error:
            status, error, headers = answer.error
            return JSONResponse({"error": error}, status, headers)
        return StreamingResponse(self._stream(answer, body), media_type="text/event-stream")

    async def _stream(self, answer: Answer, body: dict[str, Any]) -> AsyncIterator[str]:
        try:
            for i, delta in enumerate(deltas(answer)):
                if i == answer.wait_before:
                    while not self.go.is_set():
                        await asyncio.sleep(0.01)
                await asyncio.sleep(answer.delay)
                yield event(delta, logprobs_of(answer, i) if body.get("logprobs") and "content" in delta else None)
        except asyncio.CancelledError:
            self.left.set()
            raise
        if answer.breaks_off:
            raise RuntimeError("the connection breaks, as the test wants")
        yield event({}, finish="tool_calls" if answer.calls else "stop")
        count = len(answer.pieces) + len(answer.calls)
        usage = {"prompt_tokens": 20, "completion_tokens": count, "total_tokens": 20 + count}
        yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n: a comment\n\ndata: [DONE]\n\n"


def deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    for piece in answer.pieces:
        yield {"content": piece}
    for index, (name, arguments) in enumerate(answer.calls):
        yield {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}]}
        for at in range(0, len(arguments), 5):
            yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + 5]}}]}


def logprobs_of(answer: Answer, i: int) -> dict[str, Any]:
    given = answer.probabilities or [(0.97, 0.62, 0.24, 0.05, 0.004)[at * 7 % 5] for at in range(len(answer.pieces))]
    return {"content": [piece_logprobs(answer.pieces[i], given[i])]}


def event(delta: dict[str, Any], logprobs: dict[str, Any] | None = None, *, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve `app` on a free port of this machine, and yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
