"""What an inbound message means for us: a question, an event, or something only a text can answer."""

from dataclasses import dataclass

from bot.gateway.texts import Texts
from bot.gateway.wechat.budget import Window
from bot.gateway.wechat.menu import asked_by
from bot.gateway.wechat.messages import Inbound

_KINDS = {"image": "image", "video": "video", "shortvideo": "video", "link": "link"}
_SESSIONS = {
    "kf_create_session": ("session", "KfAccount"),
    "kf_switch_session": ("session", "ToKfAccount"),
    "kf_close_session": ("session_end", "KfAccount"),
}
"""Events of the platform's own customer service: the kind, and which field names the agent."""
_SCENE = "qrscene_"
"""What the platform puts in front of a code's scene where scanning it was following."""


@dataclass(frozen=True)
class Reading:
    """What goes into the inbox. `window`: which window of customer messages the citizen's act opens."""

    kind: str
    text: str
    window: Window | None = "message"
    menu_option: str | None = None


class Reader:
    """
    Args:
        texts: names of the kinds, and what the keys of a menu say that was not made by `wechat menu push`.
        native_staff: whether the platform's own customer service is used.
    """

    def __init__(self, texts: Texts, native_staff: bool = False) -> None:
        self._native_staff = native_staff
        self._kinds: dict[str, str] = texts.get("parts.unsupported_kinds")
        self._menu: dict[str, str] = texts.get("wechat.menu")

    def read(self, inbound: Inbound) -> Reading | None:
        """None for an event that needs no answer."""
        fields = inbound.fields
        if inbound.type == "event":
            return self._event(inbound)
        if inbound.type == "text":
            if option := fields.get("bizmsgmenuid"):
                return Reading("text", fields.get("Content", ""), "tap", option[:20])
            return Reading("text", fields.get("Content", ""))
        if inbound.type == "voice":
            heard = fields.get("Recognition", "")
            return Reading("text", heard) if heard else Reading("unheard", self._kinds["voice"])
        if inbound.type == "location":
            place = fields.get("Label", "")
            return Reading("location", place) if place else Reading("unplaced", self._kinds["location"])
        name = self._kinds.get(inbound.type) or self._kinds["other"].format(kind=inbound.type[:20])
        if inbound.type == "link" and (title := fields.get("Title", "")):
            name = f"{name} {title[:100]}"
        return Reading(_KINDS.get(inbound.type, "unsupported"), name)

    def _event(self, inbound: Inbound) -> Reading | None:
        key = inbound.fields.get("EventKey", "")
        if inbound.event == "subscribe":
            return Reading("subscribe", asked_by(key.removeprefix(_SCENE)) or "", "tap")
        if inbound.event == "unsubscribe":
            return Reading("unsubscribe", "")
        if inbound.event == "scan":
            # A code whose scene asks nothing is for others to make sense of.
            asked = asked_by(key)
            return Reading("text", asked, "tap") if asked else None
        if inbound.event == "click":
            # A menu item without words of its own gets what any empty message gets: how to ask.
            return Reading("text", asked_by(key) or self._menu.get(key, ""), "tap")
        if self._native_staff and inbound.event in _SESSIONS:
            kind, agent = _SESSIONS[inbound.event]
            return Reading(kind, inbound.fields.get(agent, "")[:128], None)
        return None
