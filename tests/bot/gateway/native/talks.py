"""What the tests of the platform's own customer service share."""

from dataclasses import replace
from typing import Any

from bot.gateway.ports import conversation_id

from ..support import CITIZEN, until
from .city import NATIVE, City

TALK = conversation_id("wechat", CITIZEN)
LI, WANG = "li@gh", "wang@gh"
TRANSFER = "transfer_customer_service"
PUSHING = replace(NATIVE, customer_messages=True)
HELD = ("staff", "公众平台客服")


def kind(exchange: Any) -> str | None:
    """Of the passive reply; None for `success`."""
    return exchange.reply.kind if exchange.reply else None


async def waits(c: City) -> None:
    """A citizen is with the agents, and none has taken them yet."""
    c.api.service.set_online(LI, True)
    c.api.service.accepts = False
    assert kind(await c.platform.say(CITIZEN, "转人工")) == TRANSFER


async def talks(c: City) -> None:
    """A citizen and an agent talk, and the event of it has come."""
    await waits(c)
    c.api.service.accept(CITIZEN, LI)
    [told] = await c.platform.deliver_events()
    assert told.statuses == [200]
    await until(lambda: c.inbox()[-1].status == "done")
