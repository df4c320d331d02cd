"""Citizens keep writing while processes are killed: is every accepted message answered exactly once, in order?

    .venv/bin/python -m benchmarks.faults [--seconds 60] [--rate 30] [--citizens 300] [--kill-every 6] [--seed 1]

The real processes on the sample city; the stand-in for the platform signs, encrypts, lets go after 5 seconds and tries
three times. A web, Rasa or actions process, chosen at random, is killed with SIGKILL every few seconds, and the
supervisor starts it again. Afterwards every citizen writes 继续 until nothing waits for them any more. What each one
saw is then searched for the answers to what they asked: questions and answers are FAQs of the sample city, those whose
answer nobody can take for another's. With ``--kill-every 0`` nothing is killed: the figures of a plain load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from sqlalchemy import func, select

from bot.gateway.tables import inbox, outbox
from bot.gateway.wechat.simulator import Platform
from knowledge.content import read_faq_table
from tests.stack.running import AES_KEY, APPID, TOKEN, RunningStack
from wenzheng.database import open_engine
from wenzheng.settings import PROJECT_ROOT

PROCESSES = ("web", "rasa", "actions")
DRAIN_WITHIN = 300.0
MARK = 24
"""Characters by which an answer is recognised."""


@dataclass
class Citizen:
    """What one citizen asked, and all they saw, in the order they saw it."""

    openid: str
    asked: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


@dataclass
class Run:
    """What happened."""

    seconds: list[float] = field(default_factory=list)
    at_once: int = 0
    unavailable: int = 0
    kills: Counter[str] = field(default_factory=Counter)


def answers() -> dict[str, str]:
    """FAQ questions, each with the beginning of its answer, which no other answer holds."""
    rows = read_faq_table((PROJECT_ROOT / "sample" / "faq.csv").read_bytes(), "faq.csv").faqs
    texts = [" ".join(row.answer.split()) for row in rows]
    marks = [text[:MARK] for text in texts]
    return {
        row.standard_question: mark
        for row, mark in zip(rows, marks, strict=True)
        if len(mark) == MARK and sum(mark in text for text in texts) == 1
    }


async def ask(platform: Platform, citizen: Citizen, question: str, run: Run | None = None) -> None:
    """Send one message; what the citizen sees at once is noted."""
    started = time.monotonic()
    exchange = await platform.say(citizen.openid, question)
    if exchange.text:
        citizen.seen.append(" ".join(exchange.text.split()))
    if run is not None:
        run.seconds.append(time.monotonic() - started)
        run.unavailable += exchange.unavailable
        run.at_once += bool(exchange.text and marks[question] in citizen.seen[-1])


marks: dict[str, str] = {}


async def check(platform: Platform) -> list[str]:
    """The questions that are answered with their FAQ while nothing is wrong."""
    good = []
    for number, (question, mark) in enumerate(marks.items()):
        citizen = Citizen(f"o-check-{number}")
        await ask(platform, citizen, question)
        if citizen.seen and mark in citizen.seen[0]:
            good.append(question)
    return good


async def kill(stack: RunningStack, run: Run, every: float, chance: random.Random) -> None:
    """Kill a process now and then, until cancelled."""
    while True:
        await asyncio.sleep(every * chance.uniform(0.5, 1.5))
        name = chance.choice(PROCESSES)
        pid = stack.pids().get(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            run.kills[name] += 1


async def load(
    platform: Platform, citizens: list[Citizen], questions: list[str], arguments: argparse.Namespace, run: Run
) -> None:
    """Messages at the given rate, each citizen's in turn; returns when the last was replied to."""
    chance = random.Random(arguments.seed)
    for citizen in citizens:
        citizen.asked = []
    left = {citizen.openid: chance.sample(questions, len(questions)) for citizen in citizens}
    sending: list[asyncio.Task[None]] = []
    started = time.monotonic()
    for number in range(int(arguments.seconds * arguments.rate)):
        await asyncio.sleep(max(0.0, started + number / arguments.rate - time.monotonic()))
        citizen = citizens[number % len(citizens)]
        question = left[citizen.openid].pop()
        citizen.asked.append(question)
        sending.append(asyncio.create_task(ask(platform, citizen, question, run)))
    await asyncio.gather(*sending)


async def drain(stack: RunningStack, platform: Platform, citizens: list[Citizen]) -> float:
    """Wait until all that was accepted is done, then fetch what waits for each citizen; seconds the first took."""
    engine = open_engine(stack.settings.database)
    started = time.monotonic()

    def count(table: object, *statuses: str) -> int:
        column = table.c.status  # type: ignore[attr-defined]
        with engine.connect() as connection:
            query = select(func.count()).where(column.in_(statuses))
            return int(connection.execute(query).scalar_one())

    while count(inbox, "waiting") or count(outbox, "replying") or not stack.is_ready():
        if time.monotonic() - started > DRAIN_WITHIN:
            break
        await asyncio.sleep(0.5)
    drained = time.monotonic() - started
    for _ in range(20):
        query = select(outbox.c.citizen).where(outbox.c.status == "pending").distinct()
        with engine.connect() as connection:
            waiting = {row.citizen for row in connection.execute(query)}
        mine = [citizen for citizen in citizens if citizen.openid in waiting]
        if not mine:
            break
        for citizen in mine:
            await ask(platform, citizen, "继续")
    engine.dispose()
    return drained


def judge(stack: RunningStack, citizens: list[Citizen]) -> dict[str, int]:
    """Count what became of each message that was stored.

    Where the dialogue answered something else than the FAQ (a question may be taken for one that follows from the one
    before), that answer is what is looked for.
    """
    engine = open_engine(stack.settings.database)
    with engine.connect() as connection:
        stored = select(inbox.c.id, inbox.c.citizen, inbox.c.text)
        accepted = {(row.citizen, row.text): row.id for row in connection.execute(stored)}
        told = select(outbox.c.inbox_id, outbox.c.citizen, outbox.c.text).order_by(outbox.c.id)
        replies: dict[int, str] = {}
        worked: dict[str, list[int]] = {}
        for row in connection.execute(told.where(outbox.c.inbox_id.is_not(None))):
            replies[row.inbox_id] = replies.get(row.inbox_id, "") + " ".join(row.text.split())
            worked.setdefault(row.citizen, []).append(row.inbox_id)
    engine.dispose()
    result: Counter[str] = Counter(
        {"lost": 0, "answered_more_often": 0, "never_accepted": 0, "out_of_order": 0}
    )
    for citizen in citizens:
        everything = "\n".join(citizen.seen)
        order = worked.get(citizen.openid, [])
        result["out_of_order"] += order != sorted(order)
        for question in citizen.asked:
            result["sent"] += 1
            message = accepted.get((citizen.openid, question))
            if message is None:
                result["never_accepted"] += 1
                continue
            result["accepted"] += 1
            reply = replies.get(message, "")
            mark = marks[question] if marks[question] in reply else reply
            result["answered_otherwise"] += mark == reply
            found = everything.count(mark) if mark else 0
            result["answered_once"] += found == 1
            result["lost"] += found == 0
            result["answered_more_often"] += found > 1
            if found != 1:
                print(citizen.openid, question, message, repr(reply), citizen.seen, file=sys.stderr)
    return dict(result)


async def measure(stack: RunningStack, arguments: argparse.Namespace) -> dict[str, object]:
    """The whole run."""
    run, chance = Run(), random.Random(arguments.seed)
    limits = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
    base = stack.settings.base_url
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False, limits=limits) as client:
        platform = Platform(client, TOKEN, APPID, AES_KEY)
        questions = await check(platform)
        citizens = [Citizen(f"o-{number}") for number in range(arguments.citizens)]
        killing = (
            asyncio.create_task(kill(stack, run, arguments.kill_every, chance))
            if arguments.kill_every
            else None
        )
        started = time.monotonic()
        await load(platform, citizens, questions, arguments, run)
        loaded = time.monotonic() - started
        if killing:
            killing.cancel()
        drained = await drain(stack, platform, citizens)
    seconds = {f"p{p}": round(float(np.percentile(run.seconds, p)), 2) for p in (50, 95, 99)}
    return {
        "questions": len(questions),
        "kills": dict(run.kills),
        **judge(stack, citizens),
        "answered_at_once": run.at_once,
        "account_out_of_order_shown": run.unavailable,
        "exchange_s": seconds,
        "all_exchanges_over_after_s": round(loaded, 1),
        "all_done_after_further_s": round(drained, 1),
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--citizens", type=int, default=300)
    parser.add_argument("--kill-every", type=float, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a folder whose models are used")
    arguments = parser.parse_args()
    marks.update(answers())
    with tempfile.TemporaryDirectory() as folder:
        shared = arguments.home or Path(folder) / "shared"
        with RunningStack(Path(folder) / "home", shared, "--sample") as stack:
            result = asyncio.run(measure(stack, arguments))
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
