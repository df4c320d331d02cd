"""What an inbound message means for us: a question, an event, or something only a text can answer."""

from dataclasses import dataclass

from bot.gateway.texts import Texts
from bot.gateway.wechat.menu import asked_by
from bot.gateway.wechat.messages import Inbound


@dataclass(frozen=True)
class Reading:
    """What goes into the inbox."""

    kind: str
    text: str


class Reader:
    """
    Args:
        texts: names of the kinds, and what the keys of a menu say that was not made by `wechat menu push`.
    """

    def __init__(self, texts: Texts) -> None:
        self._kinds: dict[str, str] = texts.get("parts.unsupported_kinds")
        self._menu: dict[str, str] = texts.get("wechat.menu")

    def read(self, inbound: Inbound) -> Reading | None:
        """None for an event that needs no answer."""
        if inbound.type == "event":
            return self._event(inbound)
        if inbound.type == "text":
            return Reading("text", inbound.fields.get("Content", ""))
        if inbound.type == "voice":
            heard = inbound.fields.get("Recognition", "")
            return Reading("text", heard) if heard else Reading("unheard", self._kinds["voice"])
        name = self._kinds.get(inbound.type) or self._kinds["other"].format(kind=inbound.type[:20])
        return Reading("unsupported", name)

    def _event(self, inbound: Inbound) -> Reading | None:
        if inbound.event == "subscribe":
            return Reading("subscribe", "")
        if inbound.event == "unsubscribe":
            return Reading("unsubscribe", "")
        if inbound.event == "click":
            key = inbound.fields.get("EventKey", "")
            # A menu item without words of its own gets what any empty message gets: how to ask.
            return Reading("text", asked_by(key) or self._menu.get(key, ""))
        return None
