"""What the gateway is told from outside. It reads no environment by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.gateway.channels import CHANNELS

Clock = Callable[[], float]
"""The present as epoch seconds."""

WeChatMode = Literal["plain", "compatible", "secure"]


@dataclass(frozen=True)
class WeChatSettings:
    """One official account.

    Args:
        mode: `plain`, `compatible` or `secure`, as chosen in the platform's console.
        customer_messages: whether the account may send customer messages (verified accounts).
        menus: show options as a menu to tap, where customer messages can be sent.
        timestamp_window: seconds a signed request stays valid.
        reply_within: seconds until a request is answered without the answer; the platform waits 5.
        hold_for: seconds the first two tries are held when no customer message can be sent. A reply of
            `success` would end the platform's retries, so the platform has to run into its own 5 seconds.
        retry_window: seconds in which the same message counts as the platform's retry.
        tries: requests the platform makes in all.
        max_body: bytes of a callback body.
        typing_after: seconds until the citizen is shown that an answer is being written.
        card_after: seconds from an answer to the first look whether it was delivered, for its card to follow.
        starting: seconds after the start in which requests may have waited for this process, and are answered
            sooner.
        native_staff: handoffs go to the platform's own customer service while agents are online there; needs `appid`
            and `secret`.
        agents_known_for: seconds for which it is taken as known whether agents are online.
        agents_asked_within: seconds after which the platform is no longer waited for to say so.
        look_every: seconds between looks at the conversations that agents have.
        close_every: seconds between looks for conversations there that somebody at the desk has taken over; until one
            that could not be closed is tried again, doubled each time up to a minute.
        close_within: seconds for which that is tried where the desk has ended the conversation, too.
        arrives_within: seconds after which a citizen who was transferred is known to the platform as waiting.
        settle_after: seconds until a reply that nobody confirmed is settled: the platform's 5 and time for its
            next try to get here.
    """

    token: str
    appid: str = ""
    secret: str = ""
    aes_key: str = ""
    mode: WeChatMode = "secure"
    api_base: str = "https://api.weixin.qq.com"
    customer_messages: bool = False
    menus: bool = True
    native_staff: bool = False
    timestamp_window: float = 300.0
    reply_within: float = 4.2
    hold_for: float = 5.6
    retry_window: float = 30.0
    tries: int = 3
    max_body: int = 64 * 1024
    typing_after: float = 1.0
    settle_after: float = 12.0
    card_after: float = 1.0
    starting: float = 5.0
    agents_known_for: float = 5.0
    agents_asked_within: float = 1.5
    look_every: float = 20.0
    close_every: float = 2.0
    close_within: float = 300.0
    arrives_within: float = 20.0


@dataclass(frozen=True)
class WeComSettings:
    """One customer service account (微信客服) of a WeCom tenant.

    Args:
        corpid, secret: the tenant, and the application that may call the interface of 微信客服.
        token, aes_key: of the callback.
        open_kfid: the customer service account that is served.
        menus: show options as a menu to tap.
        timestamp_window: seconds a signed request stays valid.
        pull_every: seconds between pulls that no callback asked for; without its token WeCom limits them strictly.
        pull_again_after: seconds until a pull that failed is tried again, doubled up to `pull_every` while there is no
            callback.
        history: seconds before the very first start from which on messages are answered; clocks differ.
        welcome_within: seconds in which somebody who enters can be welcomed; WeCom allows 20.
    """

    corpid: str
    secret: str
    token: str
    aes_key: str
    open_kfid: str
    api_base: str = "https://qyapi.weixin.qq.com"
    menus: bool = True
    timestamp_window: float = 300.0
    pull_every: float = 300.0
    pull_again_after: float = 2.0
    history: float = 60.0
    welcome_within: float = 18.0


@dataclass(frozen=True)
class GatewaySettings:
    """
    Args:
        city: the city's name, for the page's title and the texts.
        wechat: the official account; None where there is none.
        wecom: the customer service account in WeCom; None where there is none.
        max_chars: longest message of a citizen.
        concurrency: messages worked on at the same time (each citizen's one by one). A few for each core: more only
            keep the replies to the platform waiting.
        give_up_after: seconds until a message Rasa does not take is answered with an error and a handoff.
        silent_after: seconds until a message to which the dialogue says nothing is told so. Until then it is
            tried again: silence is what remains of a turn whose action server died.
        backoff: first pause after a failure, doubled up to `backoff_max`.
        poll_every: seconds between looks for new outbox rows (replies of staff become visible by it).
        max_waiting: unanswered messages one visitor of the web page may have.
        secure_cookie: send the visitor's cookie over HTTPS only.
        send_after_error: seconds until a failed customer message is tried again, doubled each time.
        pictures: the folder of service guides' pictures; None where there is none.
    """

    city: str
    wechat: WeChatSettings | None = None
    wecom: WeComSettings | None = None
    max_chars: int = 500
    concurrency: int = 8
    give_up_after: float = 600.0
    silent_after: float = 20.0
    backoff: float = 0.5
    backoff_max: float = 15.0
    poll_every: float = 0.4
    max_waiting: int = 20
    secure_cookie: bool = False
    send_after_error: float = 10.0
    pictures: Path | None = None
    channels: frozenset[str] = field(default=frozenset(CHANNELS))
