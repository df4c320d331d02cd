"""What a citizen, or an agent, can do in WeChat, by name, for the terminal and the page; with made-up media."""

from collections.abc import Callable
from typing import Any

from bot.gateway.wechat.simulator.platform import Exchange, Platform
from bot.gateway.wechat.simulator.service import CustomerService
from bot.gateway.wechat.simulator.wire import Fields

PLACE: Fields = {"Location_X": 23.134521, "Location_Y": 113.358803, "Scale": 20}
"""Latitude, longitude and zoom of the place that is sent."""
_PICTURE = "https://mmbiz.qpic.example/picture.jpg"
_CODE = "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9x"

_MESSAGES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "image": ("image", lambda _text: {"PicUrl": _PICTURE, "MediaId": "media-image"}),
    "voice": (
        "voice",
        lambda text: {"MediaId": "media-voice", "Format": "amr", "Recognition": text},
    ),
    "video": ("video", lambda _text: {"MediaId": "media-video", "ThumbMediaId": "media-thumb"}),
    "shortvideo": ("shortvideo", lambda _text: {"MediaId": "media-video", "ThumbMediaId": "media-thumb"}),
    "location": ("location", lambda text: {**PLACE, "Label": text}),
    "link": ("link", lambda text: {"Title": text, "Description": "", "Url": text}),
}
AGENT = "kf2001@gh_simulator"
"""The agent of the platform's own customer service, where none is named."""
AGENT_ACTS = frozenset(
    {"agent-come", "agent-go", "agent-accept", "agent-say", "agent-switch", "agent-close", "agent-waits"}
)
ACTS = frozenset(
    {*_MESSAGES, *AGENT_ACTS, "text", "tap", "follow", "leave", "scan", "click", "view", "whereabouts"}
)


async def act(platform: Platform, openid: str, name: str, text: str = "", key: str = "") -> Exchange:
    """Do one of ACTS.

    Args:
        text: what is typed, heard (`voice`; empty: not recognised), tapped, said by the agent, or the place's name or
            link's address.
        key: the option's id (`tap`), the code's scene (`follow`, `scan`), the entry's key or address (`click`, `view`),
            the agent (`agent-…`).

    Raises:
        ValueError: the reply is not one the platform would take.
        KeyError: not one of ACTS.
        Refused: nobody of the customer service can do this now.
    """
    if name in AGENT_ACTS:
        if platform.service:
            _agent_act(platform.service, openid, name, text, key)
        return Exchange()
    if name in _MESSAGES:
        kind, fields = _MESSAGES[name]
        return await platform.send(openid, kind, fields(text))
    if name in ("text", "tap"):
        return await platform.say(openid, text, option=key)
    if name == "follow":
        return await platform.event(
            openid, "subscribe", f"qrscene_{key}" if key else "", _CODE if key else ""
        )
    if name == "whereabouts":
        fields_of_place: Fields = {"Latitude": 23.134521, "Longitude": 113.358803, "Precision": 65.0}
        return await platform.send(openid, "event", {"Event": "LOCATION", **fields_of_place})
    event = {"leave": "unsubscribe", "scan": "SCAN", "click": "CLICK", "view": "VIEW"}[name]
    return await platform.event(openid, event, key, _CODE if name == "scan" else "")


def _agent_act(service: CustomerService, openid: str, name: str, text: str, agent: str) -> None:
    if name in ("agent-come", "agent-go"):
        service.set_online(agent or AGENT, name == "agent-come")
    elif name == "agent-waits":  # who comes from now on waits until an agent accepts
        service.accepts = False
    elif name == "agent-accept":
        service.accept(openid, agent)
    elif name == "agent-say":
        service.say(openid, text)
    elif name == "agent-switch":
        service.switch(openid, agent)
    else:
        service.close(openid)
