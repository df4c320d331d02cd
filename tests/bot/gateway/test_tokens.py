"""One access token for all processes, fetched by one of them."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from bot.gateway.tables import access_tokens
from bot.gateway.wechat.api import ApiError, Connection, Unreachable
from bot.gateway.wechat.simulator import PlatformApi
from bot.gateway.wechat.tokens import StableToken

from .support import Now, open_engine


class Counting(PlatformApi):
    """Counts the fetches, and takes a moment for each."""

    def __init__(self) -> None:
        super().__init__()
        self.fetches: list[bool] = []

    def connection(self) -> Connection:
        async def handle(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.05)
            self.fetches.append(b'"force_refresh": true' in request.content)
            return httpx.Response(200, json={"access_token": f"t{len(self.fetches)}", "expires_in": 7200})

        return Connection("http://platform", httpx.MockTransport(handle))


def processes(path: Path, platform: Counting, count: int, clock: Now) -> list[StableToken]:
    """As many processes as this, on one database."""
    return [
        StableToken(open_engine(path / "a.db"), platform.connection(), "wx", "s", clock) for _ in range(count)
    ]


async def test_many_processes_at_once_fetch_one_token(tmp_path: Path) -> None:
    platform = Counting()
    sources = processes(tmp_path, platform, 4, Now())
    assert set(await asyncio.gather(*(source.get() for source in sources for _ in range(5)))) == {"t1"}
    assert platform.fetches == [False]


async def test_it_is_fetched_five_minutes_early_while_the_present_one_is_still_used(tmp_path: Path) -> None:
    platform, clock = Counting(), Now()
    one, other = processes(tmp_path, platform, 2, clock)
    await one.get()
    clock.offset = 7200 - 299.0
    assert set(await asyncio.gather(one.get(), other.get())) == {"t1", "t2"}, "nobody waits for the next one"
    assert await other.get() == "t2"
    assert len(platform.fetches) == 2


async def test_one_that_was_refused_is_replaced_once_for_all(tmp_path: Path) -> None:
    platform = Counting()
    one, other = processes(tmp_path, platform, 2, Now())
    await one.get()
    assert await asyncio.gather(one.get(instead_of="t1"), other.get(instead_of="t1")) == ["t2", "t2"]
    assert platform.fetches == [False, True]


async def test_a_process_that_died_fetching_keeps_the_others_back_for_a_moment_only(tmp_path: Path) -> None:
    platform, clock = Counting(), Now()
    (source,) = processes(tmp_path, platform, 1, clock)
    await source.get()
    engine = open_engine(tmp_path / "a.db")
    with engine.begin() as connection:
        connection.execute(update(access_tokens).values(token="", fetching_until=clock() + 15.0))
    waiting = asyncio.create_task(source.get())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    clock.offset = 16.0
    assert await waiting == "t2"


@pytest.mark.parametrize("answer", [{}, {"access_token": "x", "expires_in": "soon"}])
async def test_an_answer_without_a_token_is_an_error_and_the_next_try_may_fetch(
    tmp_path: Path, answer: dict[str, str]
) -> None:
    replies = [answer, {"access_token": "good", "expires_in": 7200}]
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=replies.pop(0)))
    source = StableToken(open_engine(tmp_path / "a.db"), Connection("http://p", transport), "wx", "s")
    with pytest.raises(Unreachable):
        await source.get()
    assert await source.get() == "good"


async def test_a_refusal_of_the_platform_is_passed_on(tmp_path: Path) -> None:
    transport = httpx.MockTransport(
        lambda _request: httpx.Response(200, json={"errcode": 40164, "errmsg": "ip"})
    )
    source = StableToken(open_engine(tmp_path / "a.db"), Connection("http://p", transport), "wx", "s")
    for _ in range(2):
        with pytest.raises(ApiError, match="40164"):
            await source.get()
