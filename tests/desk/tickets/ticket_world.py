"""A calendar of weekdays from nine to five, and tickets on the desk's world."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.engine import Connection

from desk.records import StaffMember
from desk.tickets import Ticket, TicketRequest, Tickets

SHANGHAI = ZoneInfo("Asia/Shanghai")
CITIZEN = "wechat:oQ7xLk3Wf82d"
OTHER = "web:another"


class Weekdays:
    """Works Monday to Friday, 9:00 to 17:00, everywhere."""

    def due(self, department: str, at: float, working_days: int) -> float:
        end = self._moved(at, working_days).date()
        return datetime.combine(end, time(17), SHANGHAI).timestamp()

    def shift(self, department: str, at: float, working_days: int) -> float:
        return self._moved(at, working_days).timestamp()

    def describe(self, at: float, now: float) -> str:
        local = datetime.fromtimestamp(at, SHANGHAI)
        return f"{local.month}月{local.day}日（周{'一二三四五六日'[local.weekday()]}）{local:%H:%M}"

    def _moved(self, at: float, days: int) -> datetime:
        moment, step = datetime.fromtimestamp(at, SHANGHAI), timedelta(days=1 if days > 0 else -1)
        while days:
            moment += step
            if moment.weekday() < 5:
                days -= 1 if days > 0 else -1
        return moment


@dataclass
class TicketWorld:
    """The tickets, the world around them, and short ways to put something into them."""

    world: Any
    tickets: Tickets
    wang: StaffMember  # 城管局
    li: StaffMember  # 城管局
    chen: StaffMember  # 综合受理
    zhao: StaffMember  # a supervisor of the default department

    def delivered(self) -> list[tuple[str, str]]:
        """What citizens were told."""
        return [(row.conversation_id, row.text) for row in self.world.outbox()]

    def open(self, **values: Any) -> Ticket:
        request = {
            "conversation_id": CITIZEN,
            "kind": "report",
            "subject": "路灯不亮",
            "details": "小区门口的路灯坏了三天",
            "department": "城管局",
        }
        return self.tickets.open(TicketRequest(**(request | values)))

    def now(self, number: str) -> Ticket:
        return self.tickets.get(number, self.zhao).ticket

    def events(self, number: str) -> list[str]:
        return [event.kind for event in self.tickets.get(number, self.zhao).events]

    def wait_until(self, day: str, hour: str = "09:00") -> None:
        """Move the clock to this moment in Shanghai."""
        self.world.clock.now = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=SHANGHAI).timestamp()


def deliver(
    connection: Connection, conversation_id: str, author: str, said: str, payload: Any = None
) -> None:
    statement = text("INSERT INTO test_outbox (conversation_id, author, text) VALUES (:c, :a, :t)")
    connection.execute(statement, {"c": conversation_id, "a": author, "t": said})
