"""Turns the desk's records into HTML with the Jinja templates."""

import hashlib
import math
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from desk.console import navigation
from desk.records import Conversation, StaffMember
from desk.texts import Texts

FOLDER = Path(__file__).parents[1]
STATIC = {file.name: file for file in sorted((FOLDER / "static").iterdir()) if file.is_file()}
STATIC_VERSION = hashlib.sha256(b"".join(file.read_bytes() for file in STATIC.values())).hexdigest()[:12]
"""In the address of every static file: scripts import one another by relative addresses, which then have it too."""


class Views:
    """The templates with the filters they need.

    Args:
        texts: the desk's Chinese texts, `say` and `label` in templates.
        zone: the city's time zone, in which times are shown.
    """

    def __init__(self, texts: Texts, zone: tzinfo) -> None:
        self._texts = texts
        self._zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            say=texts.say, label=texts.label, static=static_url, destinations=navigation.open_to
        )
        self._environment.filters.update(
            clock=self._clock, waited=self._waited, citizen=citizen_name, web=web_address, query=quote_all
        )
        self._environment.filters.update(
            duration=self._duration, percent=self._percent, day=self._day, second=self._second
        )

    def render(self, template: str, **values: Any) -> str:
        """One template as HTML; a name it uses and is not given is an error."""
        return self._environment.get_template(template).render(**values)

    def _clock(self, moment: datetime, now: float) -> str:
        """The time of day, with the date unless it is today's."""
        local, today = moment.astimezone(self._zone), datetime.fromtimestamp(now, self._zone).date()
        if local.date() == today:
            return local.strftime("%H:%M")
        return self._texts.say("times.date", month=local.month, day=local.day, time=local.strftime("%H:%M"))

    def _waited(self, since: datetime, now: float) -> str:
        """How long ago, in the largest fitting unit."""
        minutes = int(max(0.0, now - since.timestamp()) // 60)
        if minutes < 1:
            return self._texts.say("times.just_now")
        if minutes < 60:
            return self._texts.say("times.minutes", minutes=minutes)
        if minutes < 24 * 60:
            return self._texts.say("times.hours", hours=minutes // 60, minutes=minutes % 60)
        return self._texts.say("times.days", days=minutes // (24 * 60), hours=minutes // 60 % 24)

    def _duration(self, seconds: float | None) -> str:
        """Seconds in the two largest fitting units; a dash where there is nothing to tell."""
        if seconds is None:
            return self._texts.say("times.none")
        whole = round(seconds)
        if whole < 60:
            return self._texts.say("times.seconds", seconds=whole)
        if whole < 3600:
            key = "times.minutes_seconds" if whole % 60 else "times.minutes"
            return self._texts.say(key, minutes=whole // 60, seconds=whole % 60)
        minutes = round(seconds / 60)
        if minutes < 24 * 60:
            return self._texts.say("times.hours", hours=minutes // 60, minutes=minutes % 60)
        return self._texts.say("times.days", days=minutes // (24 * 60), hours=minutes // 60 % 24)

    def _percent(self, share: float | None) -> str:
        """A share as whole per cent, never rounded up to a promise that was not kept."""
        return self._texts.say("times.none") if share is None else f"{math.floor(share * 100 + 1e-9)}%"

    def _day(self, day: date) -> str:
        return self._texts.say("times.day", year=day.year, month=day.month, day=day.day)

    def _second(self, moment: datetime) -> str:
        """The day and the time to the second, in the city's zone."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def mode(conversation: Conversation, staff: StaffMember, takes: bool) -> str:
    """What this member of staff may do here: `mine`, `queue` (claim it), `elsewhere` (not), `other` or `closed`.

    Args:
        takes: whether they may claim what waits for the conversation's department.
    """
    if conversation.owner == "queue":
        return "queue" if takes else "elsewhere"
    if conversation.owner == "staff":
        return "mine" if conversation.staff_id == staff.id else "other"
    return "closed"


def citizen_name(conversation_id: str) -> str:
    """The last four characters of the citizen's id: enough to tell two apart, too little to name one."""
    return conversation_id.partition(":")[2][-4:]


def web_address(url: object) -> str:
    """The address if it is a web page's; content must not bring other schemes into a link."""
    return str(url) if urlsplit(str(url or "")).scheme in ("http", "https") else ""


def quote_all(text: str) -> str:
    """Text for a query string, `/` and `:` escaped too."""
    return quote(text, safe="")


def static_url(name: str) -> str:
    """The address of a static file; another version's is another one, so browsers fetch what changed."""
    return f"/console/desk/static/{STATIC_VERSION}/{STATIC[name].name}"
