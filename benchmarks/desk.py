"""The desk at its busiest: 200 wait, 40 staff have the page open, citizens write 20 messages a second.

    .venv/bin/python -m benchmarks.desk [--staff 40] [--waiting 200] [--messages 20] [--seconds 60] [--kills 3]

The real processes (`wenzheng up`) on the sample city, in a home of their own. Citizens ask the assistant for a person
in WeChat, through the stand-in for the platform, which signs, encrypts, tries three times and is sent customer
messages. Every member of staff has the page open, which asks for news as its script does; they reply, and end
conversations, for each of which a new citizen enters, so that slots free all the time and the queue stays as long. Then
the same while the web process that serves is killed with SIGKILL, each time once the next one stands by. Afterwards
everything that was said is looked for where it belongs. Load generator, stand-in and assistant share the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn
from sqlalchemy import func, select

from benchmarks import desk_judgement as judgement
from benchmarks.desk_people import KEPT_ALIVE, PASSWORD, Citizens, Log, StaffPage
from benchmarks.faults import Citizen, drain
from bot.gateway.wechat.simulator import Platform, PlatformApi
from desk import Accounts
from desk.rules import load_rules
from desk.tables import handoffs
from tests.stack.running import AES_KEY, APPID, TOKEN, RunningStack
from wenzheng.database import open_engine

SECRET = "desk-benchmark-secret"
WARM_UP = 10.0  # seconds of the same load before anything is counted
BETWEEN_KILLS = 5.0  # seconds, at least
ENTER_AT_ONCE = 8
STANDS_BY_WITHIN = 120.0


@contextmanager
def served(api: PlatformApi) -> Iterator[str]:
    """The platform's server API on a port of this machine; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(api.app, log_level="critical", ws="none", lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)


def stands_by(stack: RunningStack) -> bool:
    """Whether the second web process has loaded everything: it then waits for the lock of the first."""
    blocked = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return str(stack.pids().get("spare")) in [line[5] for line in blocked]


async def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until it holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.2)


def used(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def steadily(rate: float, act: Callable[[int], Awaitable[Any]]) -> None:
    """Begin `act(0)`, `act(1)` … at this rate, whatever they take, until cancelled; then wait for those begun."""
    begun: set[asyncio.Task[Any]] = set()
    started = time.monotonic()
    try:
        for number in itertools.count():
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            task = asyncio.ensure_future(act(number))
            begun.add(task)
            task.add_done_callback(begun.discard)
    finally:
        for failure in await asyncio.gather(*begun, return_exceptions=True):
            if isinstance(failure, Exception):
                raise failure


class Run:
    """One run on a stack."""

    def __init__(self, stack: RunningStack, api: PlatformApi, arguments: argparse.Namespace) -> None:
        self._stack = stack
        self._api = api
        self._arguments = arguments
        self._engine = open_engine(stack.settings.database)
        self._log = Log()
        serials = itertools.count(1)
        base = stack.settings.base_url
        limits = httpx.Limits(max_connections=1000, keepalive_expiry=KEPT_ALIVE)
        self._client = httpx.AsyncClient(base_url=base, timeout=20, trust_env=False, limits=limits)
        self._platform = Platform(self._client, TOKEN, APPID, AES_KEY, api=api)
        names = [f"staff{number}" for number in range(arguments.staff)]
        self._pages = [StaffPage(base, name, self._log, serials) for name in names]
        self._citizens = Citizens(self._platform, self._pages, self._log, serials)

    async def measure(self) -> dict[str, Any]:
        """All of it."""
        arguments = self._arguments
        slots = load_rules().assigning.capacity * arguments.staff
        await self._staff()
        await self._queue(slots + arguments.waiting)
        self._say(f"{self._count('claimed')} served, {self._count('queued')} waiting")
        async with asyncio.TaskGroup() as group:
            load = [
                group.create_task(steadily(arguments.messages, lambda _: self._citizens.write())),
                group.create_task(steadily(arguments.replies, lambda n: self._page(n, 7).reply())),
                group.create_task(steadily(arguments.ends, lambda n: self._end(self._page(n, 1)))),
            ]
            await asyncio.sleep(WARM_UP)
            calm = await self._steady()
            killing = await self._killing() if arguments.kills else None
            for task in load:
                task.cancel()
        result = await self._afterwards()
        stored = judgement.read(self._engine)
        for name, seen in (("steady", calm), ("killed", killing)):
            if seen is not None:
                result[name] = seen | judgement.timings(self._log, stored, *seen.pop("span"))
        result["messages"] = judgement.messages(self._log, stored)
        result["conversations"] = judgement.waiting(self._log, stored)
        result["replies"] = judgement.replies(self._log, self._api.transcript)
        for page in self._pages:
            await page.close()
        await self._client.aclose()
        return result

    async def _staff(self) -> None:
        accounts = Accounts(self._engine)
        for page in self._pages:
            number = page.username.removeprefix("staff")
            await asyncio.to_thread(
                accounts.create, page.username, PASSWORD, f"坐席{number}", load_rules().default_department
            )
        for page in self._pages:
            await page.sign_in()

    async def _queue(self, count: int) -> None:
        slots = asyncio.Semaphore(ENTER_AT_ONCE)

        async def enter() -> None:
            async with slots:
                await self._citizens.enter()

        started = time.monotonic()
        await asyncio.gather(*(enter() for _ in range(count)))
        self._say(f"{count} citizens asked for a person in {time.monotonic() - started:.0f} s")
        await until(lambda: self._count("claimed", "queued") == count, 30, "not everybody is in the queue")

    def _page(self, number: int, step: int) -> StaffPage:
        return self._pages[number * step % len(self._pages)]

    async def _end(self, page: StaffPage) -> None:
        if await page.end():
            await self._citizens.enter()

    async def _steady(self) -> dict[str, Any]:
        names = ("web", "rasa", "actions")
        pids = {name: pid for name, pid in self._stack.pids().items() if name in names}
        before = {name: used(pid) for name, pid in pids.items()} | {"load": time.process_time()}
        start, news = time.time(), self._log.news
        await asyncio.sleep(self._arguments.seconds)
        end = time.time()
        after = {name: used(pid) for name, pid in pids.items()} | {"load": time.process_time()}
        return {
            "span": (start, end),
            "waiting": self._count("queued"),
            "served": self._count("claimed"),
            "cores": {name: round((after[name] - before[name]) / (end - start), 2) for name in after},
            "news_per_second": round((self._log.news - news) / (end - start), 1),
        }

    async def _killing(self) -> dict[str, Any]:
        start, away = time.time(), []
        for _ in range(self._arguments.kills):
            await asyncio.sleep(BETWEEN_KILLS)
            await until(lambda: stands_by(self._stack), STANDS_BY_WITHIN, "no second web process stands by")
            os.kill(self._stack.pids()["web"], signal.SIGKILL)
            away.append(await self._away())
        await asyncio.sleep(2 * BETWEEN_KILLS)
        return {"span": (start, time.time()), "kills": len(away), "web_away_s": away}

    async def _away(self) -> float:
        """Seconds until a page is served again."""
        started = time.monotonic()
        while True:
            try:
                async with httpx.AsyncClient(
                    base_url=self._stack.settings.base_url, timeout=30, trust_env=False
                ) as client:
                    (await client.get("/console/login")).raise_for_status()
                return round(time.monotonic() - started, 2)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)

    async def _afterwards(self) -> dict[str, Any]:
        """Everything is done, everybody has what waits for them, and the pages have shown it."""
        citizens = [Citizen(each.partition(":")[2]) for each in self._log.entered]
        drained = await drain(self._stack, self._platform, citizens)
        await asyncio.sleep(
            WARM_UP
        )  # what is sent by customer message is on its way; pages look at everything again
        return {
            "staff": self._arguments.staff,
            "all_done_after_s": round(drained, 1),
            "account_out_of_order_shown": self._log.unavailable,
            "refused": len(self._log.refused),
            "broken_requests_of_pages": self._log.broken,
        }

    def _count(self, *statuses: str) -> int:
        with self._engine.connect() as connection:
            query = select(func.count()).select_from(handoffs).where(handoffs.c.status.in_(statuses))
            return int(connection.execute(query).scalar_one())

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def table(result: dict[str, Any], indent: str = "") -> Iterator[str]:
    """The result in lines for people."""
    for name, value in result.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if isinstance(value, dict) and any(isinstance(each, dict) for each in value.values()):
            yield f"{label}:"
            yield from table(value, indent + "  ")
        elif isinstance(value, dict):
            yield f"{label:52}" + "  ".join(f"{key.replace('_', ' ')} {each}" for key, each in value.items())
        else:
            yield f"{label:52}{value}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--staff", type=int, default=40)
    parser.add_argument("--waiting", type=int, default=200)
    parser.add_argument("--messages", type=float, default=20, help="of citizens, a second")
    parser.add_argument("--replies", type=float, default=5, help="of staff, a second")
    parser.add_argument("--ends", type=float, default=1, help="conversations that staff end, a second")
    parser.add_argument("--seconds", type=float, default=60, help="of the part in which nothing is killed")
    parser.add_argument("--kills", type=int, default=3, help="of the web process, after that")
    parser.add_argument("--home", type=Path, help="a folder whose models are used")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    api = PlatformApi(APPID, SECRET)
    with tempfile.TemporaryDirectory() as folder, served(api) as address:
        shared = arguments.home or Path(folder) / "shared"
        account = {"wechat_secret": SECRET, "wechat_customer_messages": True, "wechat_api_base": address}
        with RunningStack(Path(folder) / "home", shared, "--sample", **account) as stack:
            result = asyncio.run(Run(stack, api, arguments).measure())
    print(json.dumps(result, indent=2) if arguments.json else "\n".join(table(result)))


if __name__ == "__main__":
    main()
