"""The rating at the end of a human service, with the real desk: what a WeChat citizen is asked, and with what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.gateway.settings import WeChatSettings
from desk.accounts.service import Accounts
from desk.service import Desk
from desk.tables import metadata, ratings

from .support import CITIZEN, PLAIN, PUSHING, World, open_engine, until, world

CONVERSATION = f"wechat:{CITIZEN}"


@asynccontextmanager
async def served(path: Path, account: WeChatSettings) -> AsyncIterator[tuple[World, Desk]]:
    """A citizen whose conversation staff have just ended."""
    engine = open_engine(path / "gateway.db")
    metadata.create_all(engine)
    gateways: list[Any] = []

    def deliver(*said: Any) -> Any:
        return gateways[0].deliver(*said)

    def told(*row: Any) -> Any:
        return gateways[0].told(*row)

    desk = Desk(engine, None, deliver, lambda _conversation_id: None, told=told)
    async with world(path, account, desk=desk, enforce=account.customer_messages) as w:  # type: ignore[arg-type]
        gateways.append(w.gateway)
        await w.platform.say(CITIZEN, "你好")
        staff = Accounts(engine).create("wang", "correct horse battery", "王敏", "市民政局")
        desk.claim(desk.open_handoff(CONVERSATION, "complex", None, "低保怎么申请").number, staff)
        desk.resolve(CONVERSATION, staff)
        yield w, desk
    engine.dispose()


def reason(w: World) -> Any:
    with w.engine.connect() as connection:
        return connection.execute(select(ratings.c.score, ratings.c.reason)).one()


async def test_score_and_reason_are_tapped_below_their_questions(tmp_path: Path) -> None:
    async with served(tmp_path, PUSHING) as (w, _desk):
        options = w.api.transcript.last_options
        await until(lambda: len(options(CITIZEN)) == 5)
        assert "受理编号" in w.api.sent[-1][1]
        assert "满意吗？\n非常满意\n" in w.api.sent[-1][1]
        worst = options(CITIZEN)[-1]
        assert (await w.platform.say(CITIZEN, worst.label, option=worst.id)).text is None
        await until(lambda: len(options(CITIZEN)) == 6)
        assert "主要是哪里没做好？\n问题没有解决\n" in w.api.sent[-1][1]
        assert w.api.sent[-1][1].endswith("不想说也没关系。")
        slow = options(CITIZEN)[1]
        assert "我们会改进" in ((await w.platform.say(CITIZEN, slow.label, option=slow.id)).text or "")
        assert tuple(reason(w)) == (1, "等得太久")


async def test_where_nothing_can_be_pushed_both_are_numbered_in_the_replies(tmp_path: Path) -> None:
    async with served(tmp_path, PLAIN) as (w, _desk):
        asked = (await w.platform.say(CITIZEN, "谢谢")).text or ""
        assert "5. 非常不满意" in asked
        why = (await w.platform.say(CITIZEN, "5")).text or ""
        assert why.startswith("很抱歉没让您满意")
        assert "2. 等得太久" in why
        assert "我们会改进" in ((await w.platform.say(CITIZEN, "2")).text or "")
        assert tuple(reason(w)) == (1, "等得太久")
