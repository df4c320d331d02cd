"""What citizens are told, stored before it is delivered; each row is delivered once."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Engine

from bot.gateway.channels import traits
from bot.gateway.ports import DeskPort
from bot.gateway.render import Renderer
from bot.gateway.rows import HELD, OutboxMessage, Progress, Saying, announces, split_option
from bot.gateway.settings import Clock
from bot.gateway.tables import citizens, inbox, outbox
from bot.gateway.texts import Texts
from bot.gateway.wechat.budget import Charge
from bot.gateway.wechat.native.transfers import GIVEN
from bot.gateway.wechat.splitting import split

logger = logging.getLogger(__name__)

Waits = Callable[[Connection], bool]
"""`waits(connection)`: may a citizen be sent nothing before their next message?"""

Compose = Callable[[list[OutboxMessage], list[OutboxMessage]], tuple[str, list[int]]]
"""`compose(own, older)` gives the text of a passive reply and the ids of the rows in it."""


# Run at every message, so made once.
_LOCKED = select(inbox).where(inbox.c.id == bindparam("message")).with_for_update()
_REPLIED = (
    update(inbox)
    .where(inbox.c.id == bindparam("message"))
    .values(reply=bindparam("said"), reply_until=bindparam("now"), replied_at=bindparam("now"))
)
_CONFIRMED = (
    update(outbox)
    .where(outbox.c.carried_by == bindparam("carrier"), outbox.c.status == "replying")
    .values(status="delivered", delivered_at=bindparam("now"))
)
_ADD = insert(outbox)
_TAKEN = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("taken", expanding=True)))
    .values(status="replying", delivered_by="reply", carried_by=bindparam("carrier"))
)
_READ = select(outbox, inbox.c.text.label("question"), inbox.c.noticed).select_from(
    outbox.outerjoin(inbox, outbox.c.inbox_id == inbox.c.id)
)
# What a message's reply could carry: its own rows, and those of the conversation that no other request will carry.
_FREE = _READ.where(
    outbox.c.conversation_id == bindparam("conversation"),
    outbox.c.status == "pending",
    or_(
        outbox.c.inbox_id.is_(None),
        outbox.c.inbox_id == bindparam("message"),
        and_(outbox.c.inbox_id < bindparam("message"), inbox.c.reply_until <= bindparam("now")),
    ),
).order_by(outbox.c.id)


class Transferred(Exception):
    """The reply to this message is the transfer to the platform's own customer service (`wechat.native`)."""


class _NotNow(Exception):
    """Rolls a claim back."""


class Outbox:
    """All calls block for one short transaction; call them from a thread.

    Args:
        engine: the database, with `tables.metadata` in it. On SQLite its `begin()` takes the write lock.
        renderer: makes plain text of an Answer, for channels that show only text.
        texts: the gateway's texts.
        desk: says who owns a conversation at the moment of sending.
        clock: the present as epoch seconds.
    """

    def __init__(
        self,
        engine: Engine,
        renderer: Renderer,
        texts: Texts,
        desk: DeskPort,
        clock: Clock = time.time,
    ) -> None:
        self._engine = engine
        self._renderer = renderer
        self._texts = texts
        self._desk = desk
        self._clock = clock

    # Writing

    def add(
        self,
        connection: Connection,
        conversation_id: str,
        sayings: list[Saying],
        inbox_id: int | None = None,
    ) -> int | None:
        """Store in the caller's transaction. What is pushed becomes rows that the platform takes each as one message.

        Returns:
            The id of the last row: rows go out in their order, so once it has, all have. None without a row.
        """
        channel, _, citizen = conversation_id.partition(":")
        now = self._clock()
        rows: list[dict[str, Any]] = []
        for saying in sayings:
            payload = None
            if saying.payload is not None:
                # With the text, also where the payload itself does not say it: a menu begins with that.
                payload = json.dumps({"text": saying.text, **saying.payload}, ensure_ascii=False)
            parts = self._parts(channel, saying)
            for number, text in enumerate(parts):
                rows.append(
                    {
                        "conversation_id": conversation_id,
                        "channel": channel,
                        "citizen": citizen,
                        "inbox_id": inbox_id,
                        "author": saying.author,
                        "text": text,
                        # Options of a text in parts are in its last part, numbered: no menu is made of them.
                        "payload": payload if len(parts) == 1 else None,
                        "part": number,
                        "status": "pending" if traits(channel).pushed else "pull",
                        "created_at": now,
                        "attempts": 0,
                        "next_try_at": now,
                    }
                )
        last = None
        for row in rows:
            last = int(connection.execute(_ADD, row).inserted_primary_key[0])
        return last

    def _parts(self, channel: str, saying: Saying) -> list[str]:
        if not traits(channel).pushed:
            return [saying.text]
        text = self._renderer.render(saying.text, saying.payload, links=traits(channel).links)
        if saying.author == "staff":
            text = self._texts.say("parts.staff", text=text)
        return split(text)

    # Reading

    def of_message(self, inbox_id: int) -> list[OutboxMessage]:
        """What was said in answer to one message."""
        conversation = select(inbox.c.conversation_id).where(inbox.c.id == inbox_id).scalar_subquery()
        # By conversation first: that is what there is an index for.
        return self._read(and_(outbox.c.conversation_id == conversation, outbox.c.inbox_id == inbox_id))

    def newest(self) -> int:
        """The highest id, 0 when there is none."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(outbox.c.id))).scalar() or 0)

    def since(self, row_id: int) -> list[tuple[int, str]]:
        """Ids and conversations of the rows after this id."""
        query = select(outbox.c.id, outbox.c.conversation_id).where(outbox.c.id > row_id)
        with self._engine.connect() as connection:
            return [(row.id, row.conversation_id) for row in connection.execute(query.order_by(outbox.c.id))]

    def option_number(self, conversation_id: str, menu_option: str) -> int | None:
        """The number of a tapped option, where its menu is the last thing the bot said; None for an older menu."""
        row_id, number = split_option(menu_option)
        last = select(func.max(outbox.c.id)).where(
            outbox.c.conversation_id == conversation_id, outbox.c.author == "bot"
        )
        with self._engine.connect() as connection:
            return number if connection.execute(last).scalar() == row_id else None

    def is_out(self, connection: Connection, row_id: int) -> bool:
        """Whether the row was taken to be delivered, or is where the citizen's page fetches it."""
        status = connection.execute(select(outbox.c.status).where(outbox.c.id == row_id)).scalar()
        return status not in ("pending", "sending")

    def progress(self, row_ids: Sequence[int]) -> list[Progress]:
        """How far rows are."""
        wrote = select(func.max(inbox.c.received_at)).where(
            inbox.c.conversation_id == outbox.c.conversation_id, inbox.c.received_at > outbox.c.created_at
        )
        query = select(
            outbox.c.id,
            outbox.c.conversation_id,
            outbox.c.status,
            outbox.c.next_try_at,
            wrote.scalar_subquery().label("wrote_at"),
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(outbox.c.id.in_(row_ids)))
            return [
                Progress(row.id, row.conversation_id, row.status, row.next_try_at, row.wrote_at is not None)
                for row in rows
            ]

    def has_pending(self, conversation_id: str, inbox_id: int) -> bool:
        """Is anything else left that this message's reply could carry?"""
        with self._engine.connect() as connection:
            return any(row.inbox_id != inbox_id for row in self._free(connection, conversation_id, inbox_id))

    # Delivery in a reply

    def claim_reply(
        self, inbox_id: int, compose: Compose, notice: str | None = None, push: bool = False
    ) -> str | None:
        """Put rows into the reply to one request; the same text for every retry. See `confirm_reply`.

        Args:
            compose: chooses the rows.
            notice: told when the message is not done yet; without it nothing happens then.
            push: without a notice the answer then goes by customer message: no request carries it any more, which
                whoever finishes the message at the same moment sees.

        Returns:
            The text ("" for nothing to say), or None while the message is not done and no notice is given.

        Raises:
            Transferred: it is no text; nothing has changed.
        """
        now = self._clock()
        this = inbox.c.id == inbox_id
        with self._engine.begin() as connection:
            # Locked (on SQLite the whole transaction is): of two requests for one message the second waits.
            message = connection.execute(_LOCKED, {"message": inbox_id}).one()
            if message.transfer == GIVEN:
                raise Transferred
            if message.reply is not None:
                connection.execute(update(inbox).where(this).values(replied_at=now))
                return str(message.reply)
            if message.status != "done":
                # No reply carries what waited for this message, and what comes after it must not wait for that.
                self.let_go(connection, message.conversation_id)
                told = {} if notice is None else {"reply": notice, "noticed": 1}
                if told or push:
                    told["reply_until"] = now
                connection.execute(update(inbox).where(this).values(replied_at=now, **told))
                return notice
            rows = self._free(connection, message.conversation_id, inbox_id)
            rows = self._without_late(connection, rows)
            own = [row for row in rows if row.inbox_id == inbox_id]
            older = [row for row in rows if row.inbox_id != inbox_id]
            text, chosen = compose(own, older)
            if chosen:
                connection.execute(_TAKEN, {"taken": chosen, "carrier": inbox_id})
            connection.execute(_REPLIED, {"message": inbox_id, "said": text, "now": now})
            if len(chosen) < len(own) + len(older):
                self.let_go(connection, message.conversation_id)
            return text

    def transferred(self, inbox_id: int, push: bool) -> None:
        """The reply is the transfer, which carries no text: what was to be said goes by customer message.

        Args:
            push: whether it can. Else what tells of the handoff is dropped: with the next reply, which comes when an
                agent has ended the conversation, it would no longer be true.
        """
        now = self._clock()
        this = inbox.c.id == inbox_id
        with self._engine.begin() as connection:
            connection.execute(update(inbox).where(this).values(replied_at=now, reply_until=now))
            conversation_id = connection.execute(select(inbox.c.conversation_id).where(this)).scalar_one()
            self.let_go(connection, conversation_id)
            if not push:
                told = and_(outbox.c.inbox_id == inbox_id, outbox.c.status == "pending")
                values = {"status": "dropped", "error": "the reply was the transfer to customer service"}
                connection.execute(update(outbox).where(told).values(**values))

    def confirm_reply(self, inbox_id: int) -> None:
        """The reply to this message was handed to the platform: what it carries is delivered."""
        with self._engine.begin() as connection:
            connection.execute(_CONFIRMED, {"carrier": inbox_id, "now": self._clock()})

    def settle(self, before: float, last_try_after: float, tries: int) -> int:
        """Settle the replies that nobody confirmed, because this process died or the platform had let go.

        Another try would have asked for the reply again, so no further try means that it arrived. After the last one
        nothing is known: its rows wait for the next occasion, because a loss is worse than an answer given twice.

        Args:
            before: replies handed over after this (epoch seconds) are left alone.
            last_try_after: seconds after a message came from which on a try is its last.
            tries: requests the platform makes in all.

        Returns:
            How many rows wait again.
        """
        carrier = inbox.alias()
        lost = or_(carrier.c.tries >= tries, carrier.c.replied_at - carrier.c.received_at >= last_try_after)
        open_ = (
            select(outbox.c.id, outbox.c.inbox_id, lost.label("lost"))
            .select_from(outbox.join(carrier, outbox.c.carried_by == carrier.c.id))
            .where(outbox.c.status == "replying", carrier.c.replied_at <= before)
        )
        with self._engine.connect() as connection:
            rows = list(connection.execute(open_))
        if not rows:
            return 0
        again = [row for row in rows if row.lost]
        with self._engine.begin() as connection:
            connection.execute(self._delivered(outbox.c.id.in_([row.id for row in rows if not row.lost])))
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_([row.id for row in again]), outbox.c.status == "replying")
                .values(status="pending", delivered_by=None, carried_by=None, next_try_at=self._clock())
            )
            # Wherever it is told, it comes late now: with its question named.
            questions = [row.inbox_id for row in again if row.inbox_id is not None]
            connection.execute(update(inbox).where(inbox.c.id.in_(questions)).values(noticed=1))
        return len(again)

    def _delivered(self, rows: Any) -> Any:
        values = {"status": "delivered", "delivered_at": self._clock()}
        return update(outbox).where(rows, outbox.c.status == "replying").values(**values)

    # Delivery by customer message

    def due(self, channel: str, limit: int = 50) -> list[OutboxMessage]:
        """The next rows of a channel to send: no request will carry them any more, and their time has come.

        What comes after a row that waits is left out: it would only take the place of what can be sent.
        """
        now = self._clock()
        waiting = outbox.alias()
        behind = select(waiting.c.id).where(
            waiting.c.conversation_id == outbox.c.conversation_id,
            waiting.c.id < outbox.c.id,
            waiting.c.status == "pending",
            waiting.c.next_try_at > now,
        )
        return self._read(
            and_(
                outbox.c.status == "pending",
                outbox.c.channel == channel,
                outbox.c.next_try_at <= now,
                ~behind.exists(),
                or_(outbox.c.inbox_id.is_(None), inbox.c.reply_until <= now),
            ),
            limit,
        )

    def claim_send(
        self, row_ids: list[int], charge: Callable[[Connection], Charge], send_key: str
    ) -> Charge | None:
        """Take rows of one conversation to send them in one message.

        Args:
            send_key: names the message; kept with its rows until the platform has refused it.
            charge: counts the message; what it raises is raised, and nothing has changed.

        Returns:
            What it was counted as; None where someone else took a row, or an earlier one has to go first.
        """
        earlier = outbox.alias()
        conversation = select(outbox.c.conversation_id).where(outbox.c.id == row_ids[0]).scalar_subquery()
        before = select(earlier.c.id).where(
            earlier.c.conversation_id == conversation,
            earlier.c.id < min(row_ids),
            earlier.c.status.in_(("pending", "sending")),
        )
        try:
            with self._engine.begin() as connection:
                taken = connection.execute(
                    update(outbox)
                    .where(outbox.c.id.in_(row_ids), outbox.c.status == "pending")
                    .values(status="sending", attempts=outbox.c.attempts + 1)
                )
                if taken.rowcount < len(row_ids) or connection.execute(before).first() is not None:
                    raise _NotNow
                rows = self._select(connection, outbox.c.id.in_(row_ids))
                if len(kept := self._without_late(connection, rows)) < len(rows):
                    left = outbox.c.id.in_([row.id for row in kept])
                    connection.execute(update(outbox).where(left).values(status="pending"))
                    return None
                named = update(outbox).where(outbox.c.id.in_(row_ids))
                connection.execute(named.values(send_key=send_key))
                return charge(connection)
        except _NotNow:
            return None

    def sent(self, row_ids: list[int]) -> None:
        """They were delivered by customer message."""
        self._set(
            outbox.c.id.in_(row_ids),
            status="delivered",
            delivered_at=self._clock(),
            delivered_by="customer_message",
            error=None,
        )

    def put_back(self, row_ids: list[int], next_try_at: float, error: str, refused: bool = False) -> None:
        """They could not be sent: they, and what came after them, wait until then.

        Args:
            next_try_at: epoch seconds.
            refused: no attempt got there. Otherwise one may have, and it is sent again as the same message.
        """
        with self._engine.begin() as connection:
            self._put_back(connection, row_ids, next_try_at, error, refused)

    def hold(self, row_ids: list[int], error: str, waits: Waits, refused: bool = False) -> None:
        """Nothing more may be sent: they, and what came after them, wait for the citizen's next message.

        Args:
            waits: asked in the same transaction. False: that message has come meanwhile, and they are sent again.
            refused: as in `put_back`.
        """
        with self._engine.begin() as connection:
            until = HELD if waits(connection) else self._clock()
            self._put_back(connection, row_ids, until, error, refused)

    @staticmethod
    def _put_back(
        connection: Connection, row_ids: list[int], next_try_at: float, error: str, refused: bool
    ) -> None:
        forgotten = {"send_key": None} if refused else {}
        rows = update(outbox).where(outbox.c.id.in_(row_ids))
        connection.execute(rows.values(status="pending", error=error, **forgotten))
        conversation = select(outbox.c.conversation_id).where(outbox.c.id == row_ids[0]).scalar_subquery()
        pending = and_(outbox.c.conversation_id == conversation, outbox.c.status == "pending")
        connection.execute(update(outbox).where(pending).values(next_try_at=next_try_at))

    def drop(self, conversation_id: str, error: str, connection: Connection | None = None) -> None:
        """The citizen cannot be reached any more: nothing pending is sent."""
        statement = (
            update(outbox)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.status.in_(("pending", "sending")))
            .values(status="dropped", error=error)
        )
        if connection is not None:
            connection.execute(statement)
            return
        with self._engine.begin() as own:
            own.execute(statement)

    def give_way(self, conversation_id: str, error: str) -> None:
        """A person in the platform's own customer service has the conversation: nobody talks over them.

        What the bot still had to say is dropped, and noted for staff; what staff or the desk say waits for the
        citizen's next message.
        """
        open_ = and_(outbox.c.conversation_id == conversation_id, outbox.c.status.in_(("pending", "sending")))
        with self._engine.begin() as connection:
            rows = self._select(connection, open_)
            late = [row for row in rows if row.author == "bot" and not announces(row.payload)]
            for row in late:
                self._desk.dropped(connection, row.conversation_id, row.text)
            dropped = update(outbox).where(outbox.c.id.in_([row.id for row in late]))
            connection.execute(dropped.values(status="dropped", error=error))
            held = {"status": "pending", "next_try_at": HELD, "send_key": None, "error": error}
            connection.execute(update(outbox).where(open_).values(**held))

    def let_go(self, connection: Connection, conversation_id: str) -> None:
        """The citizen has written: what waited for that may be sent now.

        In the transaction that stores what they wrote: `hold` at the same moment comes before it or after it.
        """
        citizen = select(citizens.c.conversation_id).where(citizens.c.conversation_id == conversation_id)
        connection.execute(citizen.with_for_update())
        held = update(outbox).where(self._held(conversation_id))
        connection.execute(held.values(next_try_at=self._clock()))

    def not_arrived(
        self,
        conversation_id: str,
        send_key: str,
        error: str,
        waits: Callable[[Connection, float], bool] | None,
    ) -> int:
        """The platform took a message and could not deliver it.

        Args:
            waits: asked in the same transaction, with when it was sent (epoch seconds), whether it waits for the
                citizen's next message; else it is sent again. None: the citizen does not want it.

        Returns:
            How many rows were in it.
        """
        same = and_(
            outbox.c.conversation_id == conversation_id,
            outbox.c.send_key == send_key,
            outbox.c.status == "delivered",
        )
        with self._engine.begin() as connection:
            sent_at = connection.execute(select(func.min(outbox.c.delivered_at)).where(same)).scalar()
            if sent_at is None:
                return 0
            values: dict[str, Any] = {"status": "dropped"}
            if waits is not None:
                until = HELD if waits(connection, sent_at) else self._clock()
                values = {"status": "pending", "delivered_at": None, "next_try_at": until}
            failed = update(outbox).where(same).values(**values, error=error, send_key=None)
            return int(connection.execute(failed).rowcount)

    def recover(self) -> int:
        """At start: what was being sent when the process ended is sent again. How many rows that were."""
        with self._engine.begin() as connection:
            done = connection.execute(
                update(outbox).where(outbox.c.status == "sending").values(status="pending")
            )
            return int(done.rowcount)

    # Helpers

    def _without_late(self, connection: Connection, rows: list[OutboxMessage]) -> list[OutboxMessage]:
        """Drops what the bot said before staff took the conversation over; nobody talks over a person."""
        late = [row for row in rows if row.author == "bot" and not announces(row.payload)]
        if not late or self._desk.owner(late[0].conversation_id, connection) != "staff":
            return rows
        for row in late:
            logger.warning("dropped outbox %d at the moment of sending: staff own the conversation", row.id)
            values = {"status": "dropped", "error": "staff own the conversation"}
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
            self._desk.dropped(connection, row.conversation_id, row.text)
        return [row for row in rows if row not in late]

    def _held(self, conversation_id: str) -> Any:
        return and_(
            outbox.c.conversation_id == conversation_id,
            outbox.c.status == "pending",
            outbox.c.next_try_at == HELD,
        )

    def _free(self, connection: Connection, conversation_id: str, inbox_id: int) -> list[OutboxMessage]:
        values = {"conversation": conversation_id, "message": inbox_id, "now": self._clock()}
        return [_message(row) for row in connection.execute(_FREE, values)]

    def _read(self, condition: Any, limit: int | None = None) -> list[OutboxMessage]:
        with self._engine.connect() as connection:
            return self._select(connection, condition, limit)

    def _select(
        self, connection: Connection, condition: Any, limit: int | None = None
    ) -> list[OutboxMessage]:
        query = _READ.where(condition).order_by(outbox.c.id).limit(limit)
        return [_message(row) for row in connection.execute(query)]

    def _set(self, rows: Any, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(outbox).where(rows).values(**values))


def _message(row: Any) -> OutboxMessage:
    return OutboxMessage(
        row.id,
        row.conversation_id,
        row.channel,
        row.citizen,
        row.inbox_id,
        row.author,
        row.text,
        json.loads(row.payload) if row.payload else None,
        row.part,
        row.status,
        row.created_at,
        row.attempts,
        row.question or "",
        bool(row.noticed),
        row.send_key,
    )
