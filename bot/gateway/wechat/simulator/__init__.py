"""A stand-in for the WeChat platform: for trying the whole bridge without an account, and for tests.

`platform` calls the callback as the platform does; `api` is its server API; `ledger` is who may be written to, and how
often; `service` is its own customer service; `transcript` is what each citizen sees; `acts` is what a citizen can do;
`page` shows all of it as a phone.
"""

from bot.gateway.wechat.simulator.api import PlatformApi
from bot.gateway.wechat.simulator.platform import Exchange, Platform
from bot.gateway.wechat.simulator.transcript import Entry, Transcript

__all__ = ["Entry", "Exchange", "Platform", "PlatformApi", "Transcript"]
