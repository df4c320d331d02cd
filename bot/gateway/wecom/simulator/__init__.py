"""A stand-in for WeCom's customer service: for trying the channel without a tenant, and for tests.

`platform` calls the callback and does what citizens and persons at WeCom's desk do; `api` is its server API; `standing`
is who has a conversation, and what may be sent in it.
"""

from bot.gateway.wecom.simulator.api import KfServer
from bot.gateway.wecom.simulator.platform import KfPlatform

__all__ = ["KfPlatform", "KfServer"]
