"""One WeChat turn, start to first answer, memory: the real processes on the sample city.

    .venv/bin/python -m benchmarks.stack [--turns 300]

The peer in the same run is Rasa alone: the same dialogue asked over its REST channel with small talk, no retrieval.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import numpy as np

from bot.gateway.wechat.simulator import Platform
from tests.stack.running import AES_KEY, APPID, TOKEN, RunningStack
from wenzheng.dialogue import train
from wenzheng.golden import read_golden
from wenzheng.settings import PROJECT_ROOT, load_settings


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """p50 and p95."""
    return {f"p{p}": round(float(np.percentile(milliseconds, p)), 1) for p in (50, 95)}


def memory(pid: int) -> dict[str, float]:
    """Resident and proportional set size of a process in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {
        name.lower(): round(int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1]) / 1024, 1)  # type: ignore[index]
        for name in ("Rss", "Pss")
    }


async def timed(turn: Callable[[int], Awaitable[None]], turns: int) -> dict[str, float]:
    """Milliseconds of ``turns`` calls, one after another, after ten to warm up."""
    for number in range(10):
        await turn(-1 - number)
    spent: list[float] = []
    for number in range(turns):
        started = time.perf_counter()
        await turn(number)
        spent.append((time.perf_counter() - started) * 1000)
    return percentiles(spent)


async def turns(stack: RunningStack, count: int) -> dict[str, dict[str, float]]:
    """WeChat turns with citizens' questions, with a greeting, and the peer's greeting."""
    golden = read_golden(PROJECT_ROOT / "sample" / "golden.csv")
    questions = [each.question for each in golden if each.kind == "answerable"]
    async with httpx.AsyncClient(base_url=stack.settings.base_url, timeout=20, trust_env=False) as client:
        platform = Platform(client, TOKEN, APPID, AES_KEY)

        async def question(number: int) -> None:
            # A citizen of its own for each, so that no handoff takes the next one away from the bot.
            exchange = await platform.say(f"o-question-{number}", questions[number % len(questions)])
            assert exchange.statuses == [200], exchange

        async def greeting(number: int) -> None:
            exchange = await platform.say(f"o-greeting-{number}", "你好")
            assert exchange.statuses == [200], exchange

        async def rasa_alone(number: int) -> None:
            url = f"{stack.settings.rasa_url}/webhooks/rest/webhook"
            reply = await client.post(url, json={"sender": f"terminal:peer-{number}", "message": "你好"})
            assert reply.json()

        return {
            "wechat_question_ms": await timed(question, count),
            "wechat_greeting_ms": await timed(greeting, count),
            "rasa_alone_greeting_ms": await timed(rasa_alone, count),
        }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder) / "shared"
        started = time.perf_counter()
        train(load_settings(home=shared), force=True)
        result: dict[str, object] = {"train_s": round(time.perf_counter() - started, 1)}
        with RunningStack(Path(folder) / "home", shared, "--sample") as stack:
            result["first_start_s"] = round(stack.seconds_to_ready, 1)
        stack = RunningStack(Path(folder) / "home", shared)
        with stack:
            started = time.perf_counter()
            stack.say("o-first", "公积金贷款最高多少")
            first = time.perf_counter() - started
            result["start_to_first_answer_s"] = round(stack.seconds_to_ready + first, 1)
            time.sleep(40)  # until the web process that stands by has loaded everything
            used = {name: memory(pid) for name, pid in stack.pids().items()}
            result["memory_mb"] = used | {
                "total": {
                    kind: round(sum(each[kind] for each in used.values()), 1) for kind in ("rss", "pss")
                }
            }
            result |= asyncio.run(turns(stack, arguments.turns))
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
