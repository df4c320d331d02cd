"""Staff pages under load: how long a citizen's message takes to the page that shows it, and what that costs.

Every page asks for news as the page's script does. Every citizen of every member of staff keeps writing, and others
enter the queue, which all pages show.

    .venv/bin/python -m benchmarks.staff_pages --pages 40 --messages 20 --seconds 30
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import re
import resource
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from desk import Accounts, Desk, build_pages
from desk.passwords import Cost
from wenzheng.database import migrate, open_engine

PASSWORD = "staff-page-benchmark"
EACH = 3  # conversations of each member of staff
WAITING = 80
_SAID_AT = re.compile(r"说于 (\d+\.\d+)")
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


def serve(home: Path, descriptor: int, options: argparse.Namespace, results: Any) -> None:
    """The web process: the desk's pages, and the citizens who write."""
    engine = open_engine(f"sqlite:///{home / 'desk.db'}")
    migrate(engine)
    desk = Desk(engine, None, lambda *_: None, lambda _: None)
    accounts = Accounts(engine, cost=Cost(n=2**4, r=8, p=1))
    for number in range(options.pages):
        member = accounts.create(f"staff{number}", PASSWORD, f"坐席{number}", "综合受理")
        for talk in range(EACH):
            conversation = f"web:{number}-{talk}"
            for _ in range(10):
                desk.record(conversation, "citizen", "外地户口怎么办居住证？" * 3)
            desk.claim(desk.open_handoff(conversation, "complex", None, "办居住证").number, member)
    for number in range(WAITING):
        desk.open_handoff(f"web:waiting{number}", "complaint", None, "小区路灯坏了三天没人修")

    def write() -> None:
        time.sleep(2)
        begun = time.monotonic()
        for number in range(int(options.seconds * options.messages)):
            time.sleep(max(0.0, begun + number / options.messages - time.monotonic()))
            desk.receive(f"web:{number % options.pages}-0", f"说于 {time.time():.4f}")
            if number % (2 * options.messages) == 0:
                desk.open_handoff(f"web:new{number}", "complex", None, "新来的")

    app = FastAPI()
    app.include_router(build_pages(desk, accounts))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, ws="none"))

    def finish() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF)
        write()
        time.sleep(1)
        after = resource.getrusage(resource.RUSAGE_SELF)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        results.put(used / (options.seconds + 3))
        server.should_exit = True

    threading.Thread(target=finish).start()
    server.run([socket.socket(fileno=descriptor)])


async def page(base: str, number: int, took: list[float]) -> None:
    """One open page, until the server is gone."""
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        token = _TOKEN.findall((await client.get("/console/login")).text)[0]
        form = {"username": f"staff{number}", "password": PASSWORD, "form_token": token}
        await client.post("/console/login", data=form)
        version, last, have, looked_at_all = "", 0, {}, 0.0
        while True:
            marks = ",".join(f"{name}.{mark}" for name, mark in have.items())
            query = {
                "c": f"web:{number}-0",
                "since": version,
                "after": last,
                "have": marks,
                "wait": 5 * bool(version),
                "full": time.monotonic() - looked_at_all > 5,
            }
            try:
                news = (await client.get("/console/desk/state", params=query)).json()
            except httpx.HTTPError:
                return
            now, version = time.time(), news["version"]
            looked_at_all = time.monotonic() if news["full"] else looked_at_all
            have |= {name: mark for name, (mark, _) in news["parts"].items()}
            said = news.get("messages", "")
            last = max([last, *map(int, re.findall(r'data-id="(\d+)"', said))])
            took += [now - float(at) for at in _SAID_AT.findall(said)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--messages", type=int, default=20, help="of citizens, a second")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        listener.set_inheritable(True)
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        child = context.Process(target=serve, args=(Path(home), listener.fileno(), options, results))
        child.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        took: list[float] = []

        async def pages() -> None:
            await asyncio.gather(*(page(base, number, took) for number in range(options.pages)))

        asyncio.run(pages())
        child.join()
        ordered = sorted(took)
        print(
            json.dumps(
                {
                    "pages": options.pages,
                    "messages": len(ordered),
                    "ms_p50": round(1000 * statistics.median(ordered), 1),
                    "ms_p95": round(1000 * ordered[int(len(ordered) * 0.95)], 1),
                    "ms_max": round(1000 * ordered[-1], 1),
                    "server_cores": round(results.get(), 2),
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
