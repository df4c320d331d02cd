"""Merging what is to be said into the messages the platform takes: a reply, a text, a menu of options."""

from collections.abc import Callable
from typing import Any

from bot.gateway.channels import traits
from bot.gateway.render import Renderer
from bot.gateway.rows import OutboxMessage, option_id
from bot.gateway.texts import Texts
from bot.gateway.turn import shorten
from bot.gateway.wechat.splitting import LIMIT_BYTES, size


class Composer:
    """
    Args:
        renderer: makes plain text of an Answer.
        texts: the gateway's texts.
        fits: whether the platform takes this menu, which is not too long as a text.
    """

    def __init__(
        self, renderer: Renderer, texts: Texts, fits: Callable[[dict[str, Any]], bool] = lambda _menu: True
    ) -> None:
        self._renderer = renderer
        self._texts = texts
        self._fits = fits

    def compose(
        self, own: list[OutboxMessage], older: list[OutboxMessage], push: bool, menus: bool = False
    ) -> tuple[str, list[int]]:
        """Choose rows that fit into a reply, each whole, those of one message in their order.

        Args:
            own: what answers the message this reply is for.
            older: what answers earlier messages, or came from staff, and was not delivered yet.
            push: whether the rest follows by customer message.
            menus: leave out what can follow as a menu.

        Returns:
            The text and the ids of the rows in it. Everything in order where it fits; else what answers this
            message goes first, and the text ends by saying how to get the rest. Emergency numbers always go first.
        """
        urgent = any(row.is_urgent for row in own)
        if menus and not urgent:
            # A menu goes last: nothing that was said after it may come before it.
            said = [*older, *own]
            first = next((row.id for row in said if self.menu(row)), None)
            if first is not None:
                own = [row for row in own if row.id < first]
                older = [row for row in older if row.id < first]
        labelled = [(row.id, self.label(row)) for row in older]
        mine = [(row.id, row.text) for row in own]
        every = mine + labelled if urgent else labelled + mine
        whole = "\n\n".join(text for _, text in every)
        if size(whole) <= LIMIT_BYTES:
            return whole, [row_id for row_id, _ in every]
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
        return self._answer_to(row) + "\n" + row.text

    def fitting(self, rows: list[OutboxMessage], menus: bool) -> list[OutboxMessage]:
        """The first of these rows that go into one customer message: one menu, or all the texts that fit."""
        if menus and self.menu(rows[0]):
            return rows[:1]
        chosen = rows[:1]
        for row in rows[1:]:
            if (menus and self.menu(row)) or size(self.together([*chosen, row])) > LIMIT_BYTES:
                break
            chosen = [*chosen, row]
        return chosen

    def together(self, rows: list[OutboxMessage]) -> str:
        """The rows as one text; the question is named where the citizen was told to wait for the answer."""
        return "\n\n".join(self.label(row) if row.noticed and row.part == 0 else row.text for row in rows)

    def menu(self, row: OutboxMessage) -> dict[str, Any] | None:
        """The row as `msgmenu`, where it offers options and fits; its options are named by :func:`option_id`."""
        if not row.options or row.payload is None:
            return None
        links = traits(row.channel).links
        head = self._renderer.body(str(row.payload.get("text") or ""), row.payload, links=links)
        if row.noticed and row.inbox_id is not None:
            head = self._answer_to(row) + "\n" + head
        key = "render.menu_choose" if len(row.options) > 1 else "render.menu_confirm"
        options = [
            {"id": option_id(row.id, number), "content": option["label"]}
            for number, option in enumerate(row.options, start=1)
        ]
        tail = str(row.payload.get("choose") or self._texts.say(key))
        if size(head + tail + "".join(each["content"] for each in options)) > LIMIT_BYTES:
            return None
        menu = {"head_content": head, "list": options, "tail_content": tail}
        return menu if self._fits(menu) else None

    def _answer_to(self, row: OutboxMessage) -> str:
        return self._texts.say("parts.answer_to", question=shorten(row.question))
