"""Merging what is to be said into the one text a passive reply holds."""

from bot.gateway.outbox import OutboxMessage
from bot.gateway.texts import Texts
from bot.gateway.turn import shorten
from bot.gateway.wechat.splitting import LIMIT_BYTES, size


class Composer:
    """
    Args:
        texts: the gateway's texts.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def compose(
        self, own: list[OutboxMessage], older: list[OutboxMessage], push: bool
    ) -> tuple[str, list[int]]:
        """Choose rows that fit, each whole, those of one message in their order.

        Args:
            own: what answers the message this reply is for.
            older: what answers earlier messages, or came from staff, and was not delivered yet.
            push: whether the rest follows by customer message.

        Returns:
            The text and the ids of the rows in it. Everything in order where it fits; else what answers this
            message goes first, and the text ends by saying how to get the rest.
        """
        labelled = [(row.id, self.label(row)) for row in older]
        mine = [(row.id, row.text) for row in own]
        whole = "\n\n".join(text for _, text in labelled + mine)
        if size(whole) <= LIMIT_BYTES:
            return whole, [row_id for row_id, _ in labelled + mine]
        more = "" if push else "\n\n" + self._texts.say("replies.more")
        text, chosen = "", []
        for rows in (mine, labelled):
            for row_id, part in rows:
                longer = f"{text}\n\n{part}" if text else part
                if size(longer + more) > LIMIT_BYTES:
                    break
                text = longer
                chosen.append(row_id)
        return text + more, chosen

    def label(self, row: OutboxMessage) -> str:
        """A row that comes later than its question, with the question named."""
        if row.inbox_id is None:
            return row.text
        if row.part > 0:
            return self._texts.say("parts.continued") + "\n" + row.text
        return self._texts.say("parts.answer_to", question=shorten(row.question)) + "\n" + row.text
