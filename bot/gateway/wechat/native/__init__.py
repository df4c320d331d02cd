"""The platform's own customer service (微信客服工具, 网页客服) as staff outside the desk.

Source: the platform's pages 消息转发到客服, 获取在线客服列表, 会话控制 (`kfsession`) and its session events. A message,
never an event, is transferred by the reply to it. While the citizen waits for an agent the callback goes on getting
their messages; while an agent has them it gets none, until the agent ends it, or the platform after 30 minutes.
"""

from bot.gateway.wechat.native.agents import Agents
from bot.gateway.wechat.native.sessions import Sessions
from bot.gateway.wechat.native.transfers import Transfers

__all__ = ["Agents", "Sessions", "Transfers"]
