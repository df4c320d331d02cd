"""What a citizen's message means for us: a question, or something only a text can answer."""

from dataclasses import dataclass

from bot.gateway.texts import Texts
from bot.gateway.wecom.messages import KfMessage, text_of

_KINDS = {"image": "image", "video": "video", "link": "link", "voice": "unheard"}


@dataclass(frozen=True)
class Reading:
    """What goes into the inbox."""

    kind: str
    text: str
    menu_option: str | None = None


class Reader:
    """
    Args:
        texts: names of the kinds.
    """

    def __init__(self, texts: Texts) -> None:
        self._kinds: dict[str, str] = texts.get("parts.unsupported_kinds")
        self._own: dict[str, str] = texts.get("kf.kinds")

    def read(self, message: KfMessage) -> Reading:
        """A message of a citizen. WeCom does not say what was said in a voice message."""
        fields = message.fields
        if message.type == "text":
            option = text_of(fields.get("menu_id"))
            return Reading("text", text_of(fields.get("content")), option[:20] or None)
        if message.type == "location":
            place = text_of(fields.get("address")) or text_of(fields.get("name"))
            return Reading("location", place) if place else Reading("unplaced", self._kinds["location"])
        name = self._own.get(message.type) or self._kinds.get(message.type)
        name = name or self._kinds["other"].format(kind=message.type[:20])
        if message.type == "link" and (title := text_of(fields.get("title"))):
            name = f"{name} {title[:100]}"
        return Reading(_KINDS.get(message.type, "unsupported"), name)
