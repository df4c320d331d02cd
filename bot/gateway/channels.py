"""What the channels differ in, for the parts that serve all of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Channel:
    """
    Args:
        pushed: its rows of the outbox are sent by a courier, cut to what the platform takes; else a page fetches them.
        links: it shows `<a href>`; else addresses are written out.
    """

    pushed: bool = False
    links: bool = False


CHANNELS = {
    "wechat": Channel(pushed=True, links=True),
    "kf": Channel(pushed=True),
    "web": Channel(),
    "terminal": Channel(),
}


def channel_of(conversation_id: str) -> str:
    """The channel's name in a conversation's id."""
    return conversation_id.partition(":")[0]


def traits(channel: str) -> Channel:
    """What is special about a channel; nothing about one that is not of the gateway."""
    return CHANNELS.get(channel, Channel())
