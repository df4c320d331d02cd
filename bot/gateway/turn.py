"""One message of a citizen, from the inbox to the outbox."""

import asyncio
import logging
from typing import Any

from sqlalchemy.engine import Engine

from bot.gateway.inbox import Inbox, InboxMessage
from bot.gateway.outbox import Outbox, Saying
from bot.gateway.ports import DeskPort, Owner
from bot.gateway.rasa_client import BotMessage, RasaClient
from bot.gateway.texts import Texts

logger = logging.getLogger(__name__)


class Turn:
    """
    Args:
        engine: the database.
        inbox, outbox: its tables.
        desk: says who owns the conversation.
        rasa: the dialogue.
        texts: the gateway's texts.
        max_chars: longest message, named in the text about longer ones.
    """

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        outbox: Outbox,
        desk: DeskPort,
        rasa: RasaClient,
        texts: Texts,
        max_chars: int,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._outbox = outbox
        self._desk = desk
        self._rasa = rasa
        self._texts = texts
        self._max_chars = max_chars
        self._continue_words = frozenset(texts.get("commands.continue"))

    async def run(self, message: InboxMessage) -> None:
        """Process one message: its replies are stored in one transaction with "done".

        Raises:
            Exception: nothing was stored; it can be tried again.
        """
        if message.kind in ("subscribe", "unsubscribe"):
            await asyncio.to_thread(self._follow, message)
            return
        owner = await asyncio.to_thread(self._before, message)
        if owner is None:
            return
        if owner != "bot":
            await asyncio.to_thread(self._to_desk, message)
            return
        if message.kind != "text" or not message.text:
            await asyncio.to_thread(self._store, message, [self._instead(message)], "notice")
            return
        said = await self._rasa.say(message.conversation_id, message.text)
        await asyncio.to_thread(self._after, message, said)

    def _before(self, message: InboxMessage) -> Owner | None:
        """Who the message is for; None if it only asked for the rest of an answer."""
        wants_rest = message.channel == "wechat" and message.text in self._continue_words
        if wants_rest and self._outbox.has_pending(message.conversation_id, message.id):
            self._store(message, [], "continued")
            return None
        return self._desk.owner(message.conversation_id)

    def _after(self, message: InboxMessage, said: list[BotMessage]) -> None:
        owner = self._desk.owner(message.conversation_id)
        if owner != "bot":
            announced = [one for one in said if owner == "queue" and _status(one) == "handoff"]
            if len(announced) < len(said):
                logger.warning(
                    "dropped %d late bot messages to message %d: owner is %s",
                    len(said) - len(announced),
                    message.id,
                    owner,
                )
            if not announced:
                self._to_desk(message)
                return
            said = announced
        sayings = [Saying("bot", one.text, one.payload) for one in said if one.text or one.payload]
        if not sayings:
            logger.error("the dialogue said nothing to message %d", message.id)
            sayings = [Saying("bot", self._texts.say("replies.silent"))]
        self._store(message, sayings, "answered")

    def give_up(self, message: InboxMessage) -> None:
        """The dialogue did not take the message for too long: say so, and hand the citizen to staff."""
        question = shorten(message.text)
        key = "replies.gave_up"
        try:
            self._desk.open_handoff(message.conversation_id, "error", None, message.text)
        except Exception:
            logger.exception("no handoff could be opened for message %d", message.id)
            key = "replies.gave_up_alone"
        self._store(message, [Saying("bot", self._texts.say(key, question=question))], "gave_up")

    def _to_desk(self, message: InboxMessage) -> None:
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, "to_desk"):
                return
            told = self._desk.receive(message.conversation_id, message.text, connection)
            sayings = [Saying("system", text) for text in told]
            self._outbox.add(connection, message.conversation_id, sayings, message.id)

    def _follow(self, message: InboxMessage) -> None:
        followed = message.kind == "subscribe"
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, "notice" if followed else "nothing"):
                return
            self._inbox.follow(connection, message.conversation_id, followed)
            if not followed:
                self._outbox.drop(message.conversation_id, "unsubscribed", connection)
                return
            sayings = [Saying("bot", self._texts.say("wechat.welcome"))]
            self._outbox.add(connection, message.conversation_id, sayings, message.id)

    def _store(self, message: InboxMessage, sayings: list[Saying], outcome: str) -> None:
        with self._engine.begin() as connection:
            if not self._inbox.finish(connection, message.id, outcome):
                return
            self._outbox.add(connection, message.conversation_id, sayings, message.id)
            self._desk.record(message.conversation_id, "citizen", message.text, connection=connection)
            for saying in sayings:
                self._desk.record(
                    message.conversation_id, "bot", saying.text, saying.payload, connection=connection
                )

    def _instead(self, message: InboxMessage) -> Saying:
        """What is said to a message the dialogue cannot take."""
        keys = {"too_long": "too_long", "unsupported": "unsupported", "unheard": "voice_unheard"}
        key = "replies." + keys.get(message.kind, "empty")
        return Saying("bot", self._texts.say(key, limit=self._max_chars))


def shorten(text: str, limit: int = 30) -> str:
    """A question short enough to name it."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _status(message: BotMessage) -> Any:
    return (message.payload or {}).get("status")
