"""The web process: gateway, desk, knowledge and their pages in one FastAPI application."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TextIO

import httpx
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy.engine import Engine

from desk import build_api, build_pages, build_ticket_api, build_ticket_pages
from knowledge.api import router as knowledge_router
from knowledge.errors import KnowledgeError
from wenzheng import __version__
from wenzheng.database import migrate, open_engine
from wenzheng.parts import Parts, build_parts
from wenzheng.security import InternalOnly
from wenzheng.settings import Settings, SettingsError, load_settings
from wenzheng.supervisor import LISTEN_FD

logger = logging.getLogger(__name__)
_PROBE_TIMEOUT = 2.0
_KEEP_HOUSE_EVERY = 1.0


def create_app(settings: Settings) -> FastAPI:
    """The application on the settings' database, with its tables brought up to date."""
    return build_app(settings, *_open(settings))


def _open(settings: Settings) -> tuple[Engine, Parts]:
    engine = open_engine(settings.database)
    migrate(engine)
    return engine, build_parts(settings, engine)


def build_app(settings: Settings, engine: Engine, parts: Parts) -> FastAPI:
    """The application on these parts; it closes the engine when it stops."""
    require_internal = InternalOnly(settings.token)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # In a thread and not waited for: the page and /health are there while the model loads.
        warming = asyncio.create_task(asyncio.to_thread(_warm_up, parts))
        await parts.gateway.start()
        keeping = asyncio.create_task(_keep_house(parts))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await parts.gateway.stop()
            await warming
            engine.dispose()

    app = FastAPI(title="问政", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(knowledge_router(parts.knowledge, require_internal))
    app.include_router(build_api(parts.desk, require_internal))
    app.include_router(build_ticket_api(parts.tickets, require_internal))
    app.include_router(build_pages(parts.desk, parts.accounts, parts.ports))
    app.include_router(build_ticket_pages(parts.desk, parts.tickets, parts.accounts))
    for router in parts.gateway.routers():
        app.include_router(router)

    @app.get("/health")
    async def health(response: Response) -> dict[str, Any]:
        report = await _examine(parts, settings)
        ready = all(part["ok"] for part in report.values())
        response.status_code = 200 if ready else 503
        # An answer still goes out in the reply to a citizen's message: no reason not to be ready.
        notes = parts.gateway.troubles
        return {"ready": ready, "version": __version__, "parts": report, "notes": notes}

    return app


async def _keep_house(parts: Parts) -> None:
    """What time alone brings about: waits that were too long, staff who are gone, deadlines of tickets."""
    while True:
        for tick in (parts.desk.housekeeping.tick, parts.tickets.tick):
            try:
                await asyncio.to_thread(tick)
            except Exception:
                logger.exception("what time brings about was not done; it is tried again in a moment")
        await asyncio.sleep(_KEEP_HOUSE_EVERY)


def _warm_up(parts: Parts) -> None:
    try:
        parts.knowledge.warm_up()
    except KnowledgeError as error:
        logger.warning("%s", error)
    except Exception:
        # The first question meets the same error and is answered with it; /health stays at 503.
        logger.exception("the knowledge service could not be warmed up")
    else:
        # A thread that nobody waits for: what is not learnt when the process stops is learnt at its next start.
        threading.Thread(target=_learn, args=(parts,), name="learn", daemon=True).start()


def _learn(parts: Parts) -> None:
    """Learn from the current release what whoever published it could not, or did not."""
    try:
        parts.knowledge.learn()
    except Exception:
        logger.exception("the release has not learnt when to answer; what was learnt last stays in force")


async def _examine(parts: Parts, settings: Settings) -> dict[str, dict[str, Any]]:
    knowledge = await asyncio.to_thread(parts.knowledge.status)
    if knowledge["release"] is None:
        content = {"ok": False, "text": "还没有发布任何内容"}
    elif not knowledge["pieces"]:
        content = {"ok": False, "text": "正在载入模型和索引"}
    else:
        content = {"ok": True, "text": f"版本 {knowledge['release']}，{knowledge['pieces']} 个片段"}
    rasa, actions = await asyncio.gather(
        _probe(f"{settings.rasa_url}/status", {"token": settings.token}),
        _probe(f"http://127.0.0.1:{settings.actions_port}/health", {}),
    )
    return {"web": content, "rasa": rasa, "actions": actions}


async def _probe(url: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_PROBE_TIMEOUT) as client:
            reply = await client.get(url, params=query)
    except httpx.HTTPError:
        return {"ok": False, "text": "没有应答（正在启动，或已退出）"}
    ok = reply.status_code == 200
    return {"ok": ok, "text": "正常" if ok else f"应答异常（{reply.status_code}）"}


def main() -> int:
    """Serve until stopped."""
    try:
        settings = load_settings()
        log_format = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(level=settings.log_level, format=log_format, stream=sys.stderr)
        logging.getLogger("httpx").setLevel(logging.WARNING)
        engine, parts = _open(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    # Started by the supervisor, it serves on the supervisor's socket, in its turn; alone, on a socket of its own.
    handed = os.environ.get(LISTEN_FD)
    sockets = [socket.socket(fileno=int(handed))] if handed else None
    turn = _await_turn(settings, parts) if handed else None
    config = uvicorn.Config(
        build_app(settings, engine, parts),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level.lower(),
        access_log=False,
        server_header=False,
        ws="none",  # Rasa pins a websockets too old for uvicorn, and nothing here uses them
        timeout_graceful_shutdown=5,
        # Behind the city's own proxy on this machine the citizen's address and https are in its headers.
        proxy_headers=True,
    )
    uvicorn.Server(config).run(sockets)
    if turn is not None:
        turn.close()
    return 0


def _await_turn(settings: Settings, parts: Parts) -> TextIO:
    """Return once no other web process serves this home; until then, get everything ready to serve at once.

    The system releases the lock of a process that is gone, however it went. The file holds the process id of the one
    that serves.
    """
    lock = (settings.home_dir / "web.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logger.info("standing by")
        try:
            parts.knowledge.warm_up()
        except Exception:
            logger.warning("nothing could be loaded ahead", exc_info=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        logger.warning("taking over")
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


if __name__ == "__main__":
    sys.exit(main())
