"""Tickets on the desk's world."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from ticket_world import TicketWorld, Weekdays, deliver

from desk.tickets import Tickets


@pytest.fixture
def make_tickets(engine: Engine) -> Callable[..., Tickets]:
    def make(**values: Any) -> Tickets:
        return Tickets(engine, **({"calendar": Weekdays(), "deliver": deliver} | values))

    return make


@pytest.fixture
def desk(world: Any, make_tickets: Callable[..., Tickets]) -> TicketWorld:
    return TicketWorld(
        world,
        make_tickets(clock=world.clock),
        wang=world.staff("wang", "王敏", department="城管局"),
        li=world.staff("li", "李强", department="城管局"),
        chen=world.staff("chen", "陈静", department="综合受理"),
        zhao=world.staff("zhao", "赵军", department="综合受理", role="supervisor"),
    )
