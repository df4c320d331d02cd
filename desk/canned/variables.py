"""The variables of canned replies: `{姓名}` and so on, by the names that `texts.yml` gives them."""

import re
from datetime import datetime, tzinfo

from desk.records import Handoff, StaffMember
from desk.texts import Texts

_VARIABLE = re.compile(r"\{([^{}]*)\}")


class Variables:
    """
    Args:
        texts: the desk's Chinese texts (`canned.…`).
        zone: the city's time zone, whose hour chooses the greeting.
    """

    def __init__(self, texts: Texts, zone: tzinfo) -> None:
        self._texts = texts
        self._zone = zone
        self._names: dict[str, str] = texts.group("canned.variables")

    @property
    def names(self) -> list[str]:
        """What may stand between braces."""
        return list(self._names.values())

    def unknown(self, text: str) -> list[str]:
        """The variables of a text that there are not."""
        return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in self.names]

    def fill(self, text: str, staff: StaffMember, handoff: Handoff | None, at: float) -> str:
        """The text as it is said now. Without a handoff its number stays to be filled in by hand."""
        values = {
            "citizen": self._texts.say("canned.citizen"),
            "name": staff.display_name,
            "department": staff.department,
            "greeting": self._greeting(at),
        }
        if handoff is not None:
            values["number"] = handoff.number
        filled = {self._names[key]: value for key, value in values.items()}
        return _VARIABLE.sub(lambda found: filled.get(found[1], found[0]), text)

    def _greeting(self, at: float) -> str:
        hour = datetime.fromtimestamp(at, self._zone).hour
        greetings = self._texts.group("canned.greetings")
        begun = [words for from_hour, words in greetings.items() if int(from_hour) <= hour]
        return begun[-1] if begun else list(greetings.values())[-1]
