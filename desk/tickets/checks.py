"""Checks what people typed, against the limits of the rules."""

from desk.texts import Texts
from desk.tickets.errors import BadField
from desk.tickets.rules import Rules


class Checks:
    """Args: the rules with the limits, and the tickets' Chinese texts."""

    def __init__(self, rules: Rules, texts: Texts) -> None:
        self._limits = rules.limits
        self._texts = texts

    def filled(self, field: str, value: str, limit: str | None = None) -> str:
        """The text without blanks around it.

        Args:
            limit: the entry of `limits` that holds for it; `None` is the one named like the field.

        Raises:
            BadField: it is empty, or longer than its limit.
        """
        text = self.optional(field, value, limit)
        if not text:
            raise BadField(field, self._texts.say("errors.empty", field=self._name(field)))
        return text

    def optional(self, field: str, value: str | None, limit: str | None = None) -> str:
        """The same for a text that may be empty or missing."""
        text = (value or "").replace("\r\n", "\n").strip()
        most = self._limits[limit or field]
        if len(text) > most:
            name = self._name(field)
            raise BadField(
                field, self._texts.say("errors.too_long", field=name, length=len(text), limit=most)
            )
        return text

    def _name(self, field: str) -> str:
        return self._texts.label("fields", field)
