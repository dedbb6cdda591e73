"""The chat page's files, read once. What is served is a table made at the start, so no path that anybody asks for ever reaches a disk."""

from __future__ import annotations

from importlib import resources

from fastapi.responses import JSONResponse, Response

from puna.serve.errors import ApiError
from puna.serve.service import Service
from puna.version import VERSION

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Page:
    """Serves `/`, `/page/NAME` and what the page has to know about this server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        folder = resources.files("puna.serve") / "page"
        found = {one.name: one for one in folder.iterdir()} if folder.is_dir() else {}
        self._files = {
            name: (one.read_bytes(), KINDS[ending]) for name, one in found.items() if (ending := f".{name.rpartition('.')[2]}") in KINDS
        }

    async def start(self) -> Response:
        """Return the page itself."""
        return await self.file("index.html")

    async def file(self, name: str) -> Response:
        """Return one of the page's files. Raises `ApiError` 404."""
        if name not in self._files:
            raise ApiError(404, "there is no such page")
        data, kind = self._files[name]
        return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})

    async def info(self) -> Response:
        """Return what the page tells a person: the model's name, its context, how it samples by itself, and whether a key is needed."""
        engine, settings = self._service.engine, self._service.settings
        defaults = {name: getattr(engine.defaults, name) for name in ("temperature", "top_p", "top_k", "min_p")}
        return JSONResponse(
            {
                "model": settings.name,
                "context": engine.context,
                "defaults": {**defaults, "max_tokens": min(settings.max_answer or engine.context, engine.context)},
                "needs_key": bool(settings.api_keys),
                "version": VERSION,
            },
            headers={"Cache-Control": "no-store"},
        )
