"""One message of a citizen, from the inbox to the outbox."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.engine import Connection, Engine

from bot.gateway.channels import traits
from bot.gateway.inbox import INSTEAD, SESSIONS, Inbox, InboxMessage
from bot.gateway.outbox import Outbox
from bot.gateway.ports import DeskPort, Expect, IsCrisis, Line, Locate, Recipient
from bot.gateway.rasa_client import BotMessage, RasaClient
from bot.gateway.rows import CRISIS, HANDOFF, Saying, announces
from bot.gateway.texts import Texts
from bot.gateway.wechat.native import Transfers

logger = logging.getLogger(__name__)


class _BotHasItBack(Exception):
    """Rolls back: the conversation was the desk's a moment ago, and the message is the bot's now."""


class Turn:
    """
    Args:
        engine: the database.
        inbox, outbox: its tables.
        desk: says who owns the conversation.
        rasa: the dialogue.
        locate: takes where a citizen is.
        texts: the gateway's texts.
        max_chars: longest message, named in the text about longer ones.
        is_crisis: whether what a citizen writes tells of danger to life.
        expect: told what the dialogue is about to be told.
        answered: told, on the event loop, what the dialogue said to a message, once that is stored.
        transfers: to the platform's own customer service; None where it is not used.
    """

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        outbox: Outbox,
        desk: DeskPort,
        rasa: RasaClient,
        locate: Locate,
        texts: Texts,
        max_chars: int,
        is_crisis: IsCrisis,
        expect: Expect,
        answered: Callable[[InboxMessage, list[BotMessage]], None],
        transfers: Transfers | None = None,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._outbox = outbox
        self._desk = desk
        self._rasa = rasa
        self._locate = locate
        self._texts = texts
        self._max_chars = max_chars
        self._is_crisis = is_crisis
        self._expect = expect
        self._answered = answered
        self._transfers = transfers
        self._continue_words = frozenset(texts.get("commands.continue"))

    async def run(self, message: InboxMessage, again: bool = False) -> None:
        """Process one message: its replies are stored in one transaction with "done".

        Args:
            again: an earlier try may have got anywhere: the dialogue must not hear it twice.

        Raises:
            RasaAway: the dialogue did not take it.
            Exception: nothing was stored; it can be tried again.
        """
        if message.kind in SESSIONS:
            await asyncio.to_thread(self._session, message)
            return
        if message.kind == "unsubscribe" or (message.kind == "subscribe" and not message.text):
            await asyncio.to_thread(self._follow, message, [])
            return
        recipient = await asyncio.to_thread(self._before, message)
        if recipient is None:
            return
        if recipient == "desk" and message.kind == "subscribe":
            await asyncio.to_thread(self._follow, message, [])
            return
        if recipient == "desk":
            if self._transfers and message.transfer:
                await self._transfers.look(message.conversation_id)
            with suppress(_BotHasItBack):
                await asyncio.to_thread(self._to_desk, message)
                return
            if await asyncio.to_thread(self._before, message) == "desk":
                raise RuntimeError(f"the desk neither takes message {message.id} nor leaves it to the bot")
        if message.kind in INSTEAD or not message.text:
            await asyncio.to_thread(self._after, message, [self._instead(message)], "notice")
            return
        if message.kind == "location":
            where = (message.conversation_id, message.text, str(message.id))
            answer = await asyncio.to_thread(self._locate, *where)
            await asyncio.to_thread(self._after, message, [Saying("bot", answer["text"], answer)])
            return
        text = message.text
        if message.menu_option:
            text = await asyncio.to_thread(self._tapped, message.conversation_id, message.menu_option) or text
        self._expect(text)
        said = await self._rasa.say(message.conversation_id, text, str(message.id), again)
        if message.kind == "subscribe":
            await asyncio.to_thread(self._follow, message, said)
        else:
            sayings = [Saying("bot", one.text, one.payload) for one in said]
            await asyncio.to_thread(self._after, message, sayings)
        self._answered(message, said)

    def _tapped(self, conversation_id: str, menu_option: str) -> str:
        """The number of a tapped option of the last menu; "" for an older one, whose words then ask again."""
        number = self._outbox.option_number(conversation_id, menu_option)
        return "" if number is None else str(number)

    def _before(self, message: InboxMessage) -> Recipient | None:
        """Who the message is for; None if it only asked for the rest of an answer."""
        wants_rest = traits(message.channel).pushed and message.text in self._continue_words
        if wants_rest and self._outbox.has_pending(message.conversation_id, message.id):
            self._store(message, [], "continued")
            return None
        return self._desk.recipient(message.conversation_id, self._for_staff(message))

    def _after(self, message: InboxMessage, sayings: list[Saying], outcome: str = "answered") -> None:
        """Store what the bot said, unless the conversation has become somebody else's meanwhile."""
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, outcome):
                return
            owner = self._desk.owner(message.conversation_id, connection)
            if owner != "bot":
                late = [saying for saying in sayings if not announces(saying.payload)]
                sayings = [saying for saying in sayings if announces(saying.payload)]
                for saying in late:
                    logger.warning("dropped a late bot message to message %d: owner is %s", message.id, owner)
                    self._desk.dropped(connection, message.conversation_id, saying.text)
            if owner != "bot" and not sayings:
                self._receive(connection, message)
                return
            self._write(connection, message, sayings)
            # What somebody in danger is told has to be the reply, whoever has them meanwhile.
            if self._transfers and owner == "staff" and not any(map(_is_for_danger, sayings)):
                self._transfers.decide(connection, message, opened=True)
            elif self._transfers:
                self._transfers.refrain(connection, message)

    def stay_silent(self, message: InboxMessage) -> None:
        """The dialogue has nothing to say to the message, however often it is asked: tell the citizen so."""
        self._after(message, [Saying("bot", self._texts.say("replies.silent"))])

    def is_urgent(self, message: InboxMessage) -> bool:
        """Whether somebody is in danger: nothing is waited for then."""
        return self._is_crisis(message.text)

    def give_up(self, message: InboxMessage) -> None:
        """The dialogue did not take the message for too long: say so, and hand the citizen to staff."""
        urgent = self.is_urgent(message)
        reason, key = (CRISIS, "gave_up_crisis") if urgent else ("error", "gave_up")
        names = {"question": shorten(message.text)}
        try:
            receipt = self._desk.open_handoff(message.conversation_id, reason, None, message.text)
            if receipt.ticket is not None and not urgent:
                names |= {"number": receipt.ticket.number, "due": receipt.ticket.due_text}
                key = "gave_up_ticket"
        except Exception:
            logger.exception("no handoff could be opened for message %d", message.id)
            key += "_alone"
        text = self._texts.say(f"replies.{key}", **names)
        self._store(message, [Saying("bot", text, {"status": HANDOFF, "reason": reason})], "gave_up")

    def _to_desk(self, message: InboxMessage) -> None:
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, "to_desk"):
                return
            self._receive(connection, message)

    def _receive(self, connection: Connection, message: InboxMessage) -> None:
        told = self._desk.receive(message.conversation_id, self._for_staff(message), connection)
        if told is None:
            raise _BotHasItBack
        sayings = [Saying("system", text) for text in told]
        self._outbox.add(connection, message.conversation_id, sayings, message.id)
        if self._transfers:
            self._transfers.decide(connection, message, opened=False)

    def _session(self, message: InboxMessage) -> None:
        """An event of the platform's own customer service."""
        with self._engine.begin() as connection:
            if self._inbox.finish(connection, message.id, "nothing") and self._transfers:
                self._transfers.session(connection, message)

    def _follow(self, message: InboxMessage, said: list[BotMessage]) -> None:
        """A citizen follows, or no longer does; the answer to a scanned code's question comes after the welcome."""
        followed = message.kind == "subscribe"
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, "notice" if followed else "nothing"):
                return
            self._inbox.follow(connection, message.conversation_id, followed)
            if not followed:
                self._outbox.drop(message.conversation_id, "unsubscribed", connection)
                return
            sayings = [Saying("bot", self._texts.say("wechat.welcome"))]
            sayings += [Saying("bot", one.text, one.payload) for one in said]
            self._outbox.add(connection, message.conversation_id, sayings, message.id)

    def _store(self, message: InboxMessage, sayings: list[Saying], outcome: str) -> None:
        with self._engine.begin() as connection:
            if self._inbox.finish(connection, message.id, outcome):
                self._write(connection, message, sayings)
                if self._transfers:
                    self._transfers.refrain(connection, message)

    def _write(self, connection: Connection, message: InboxMessage, sayings: list[Saying]) -> None:
        self._outbox.add(connection, message.conversation_id, sayings, message.id)
        said: list[Line] = [("citizen", self._for_staff(message), None)]
        said += [("bot", saying.text, saying.payload) for saying in sayings]
        self._desk.record(message.conversation_id, *said, connection=connection)

    def _for_staff(self, message: InboxMessage) -> str:
        """What staff read: the citizen's words, or what kind of message it was."""
        kind = message.kind if message.text else "empty"
        if kind not in INSTEAD | {"location", "empty"}:
            return message.text
        return self._say(message.channel, f"parts.desk.{kind}", text=message.text)

    def _instead(self, message: InboxMessage) -> Saying:
        """What is said to a message the dialogue cannot take."""
        key = message.kind if message.kind in INSTEAD else "empty"
        return Saying("bot", self._say(message.channel, f"replies.{key}"))

    def _say(self, channel: str, key: str, **values: str) -> str:
        """A text in the channel's own words, where it has any."""
        own = f"{channel}.{key}"
        return self._texts.say(own if self._texts.has(own) else key, limit=self._max_chars, **values)


def _is_for_danger(saying: Saying) -> bool:
    return (saying.payload or {}).get("reason") == CRISIS


def shorten(text: str, limit: int = 30) -> str:
    """A question short enough to name it."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
