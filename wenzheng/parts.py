"""Build each part from the settings: the one place where they are wired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine import Connection, Engine

from bot.gateway.rasa_client import RasaClient
from bot.gateway.service import Gateway
from bot.gateway.settings import GatewaySettings, WeChatSettings, WeComSettings
from bot.gateway.texts import load_texts
from bot.gateway.wechat.crypto import is_key
from bot.nlu.alarm import is_crisis
from bot.nlu.spelling import normalise
from desk import Accounts, Desk, Maker, Reach, Tickets
from desk.calendar import CalendarError, WorkingCalendar
from desk.changes import conversation_topic
from desk.ports import OutsideTool, Passing, Ports
from desk.records import moment
from desk.rules import Rules, RulesError, load_rules
from knowledge.config import DEFAULT_FILE, load_search_config
from knowledge.embedding import Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.embedder import BUNDLED
from knowledge.service import KnowledgeService
from wenzheng.settings import Settings, SettingsError
from wenzheng.staff_knowledge import StaffKnowledge


@dataclass(frozen=True)
class Parts:
    """The services of the web process."""

    knowledge: KnowledgeService
    desk: Desk
    tickets: Tickets
    accounts: Accounts
    gateway: Gateway
    calendar: WorkingCalendar
    ports: Ports


def build_embedder(settings: Settings) -> Int8Embedder | SentenceTransformerEmbedder:
    """The configured embedding model; it is loaded at its first use. Raises SettingsError."""
    bundled = settings.embedding_model == BUNDLED
    precision = settings.embedding_precision or ("int8" if bundled else "float32")
    query_prefix, passage_prefix = settings.embedding_query_prefix, settings.embedding_passage_prefix
    if precision != "int8":
        return SentenceTransformerEmbedder(
            settings.embedding_model,
            settings.models,
            query_prefix=query_prefix,
            passage_prefix=passage_prefix,
            precision=precision,
        )
    if not bundled:
        raise SettingsError(
            "WENZHENG_EMBEDDING_PRECISION=int8 只适用于自带的模型；"
            f"WENZHENG_EMBEDDING_MODEL={settings.embedding_model} 请用 float32 或 bfloat16。"
        )
    return Int8Embedder(settings.models, query_prefix=query_prefix, passage_prefix=passage_prefix)


def build_knowledge(settings: Settings, engine: Engine) -> KnowledgeService:
    """The knowledge service on ``engine``."""
    config = load_search_config(settings.search_config or DEFAULT_FILE)
    return KnowledgeService(engine, settings.home_dir, build_embedder(settings), config)


def build_accounts(engine: Engine) -> Accounts:
    """The staff's accounts on ``engine``."""
    return Accounts(engine)


def load_desk_rules(settings: Settings) -> Rules:
    """How the desk receives citizens. Raises SettingsError with what is wrong in its file."""
    try:
        return load_rules(settings.desk_rules)
    except RulesError as error:
        raise SettingsError(f"WENZHENG_DESK_RULES：{error}") from error


def load_calendar(settings: Settings) -> WorkingCalendar:
    """The working calendar. Raises SettingsError with everything that is wrong in its file."""
    try:
        return WorkingCalendar.load(settings.calendar)
    except CalendarError as error:
        named = f"WENZHENG_CALENDAR={settings.calendar}：" if settings.calendar else ""
        raise SettingsError(f"{named}{error}") from error


def build_parts(settings: Settings, engine: Engine) -> Parts:
    """All services. The desk puts replies of staff into the gateway's outbox, in its own transaction."""
    calendar = load_calendar(settings)
    rasa = RasaClient(settings.rasa_url, settings.token)

    def deliver(
        connection: Connection,
        conversation_id: str,
        author: Literal["staff", "system"],
        text: str,
        payload: dict[str, Any] | None = None,
    ) -> int | None:
        return gateway.deliver(connection, conversation_id, author, text, payload)

    def told(connection: Connection, outbox_id: int) -> bool:
        return gateway.told(connection, outbox_id)

    def look_outside(conversation_id: str) -> None:
        gateway.look_outside(conversation_id)

    def passing(connection: Connection, conversation_id: str) -> Passing:
        return gateway.passing(connection, conversation_id)

    def begin_anew(conversation_id: str) -> None:
        knowledge.forget(conversation_id)
        rasa.restart(conversation_id)

    def reach(conversation_id: str) -> Reach | None:
        budget = gateway.budget(conversation_id)
        if budget is None:
            return None
        return Reach(budget.left, moment(budget.until) if budget.left else None)

    knowledge = build_knowledge(settings, engine)
    rules = load_desk_rules(settings)
    gateway_settings, texts = _gateway_settings(settings), load_texts(city=settings.city)
    outside = None
    if settings.wechat_native_staff:
        outside = OutsideTool(texts.say("wechat.native_staff"), look_outside, passing)
    tickets = Tickets(
        engine, calendar, deliver, zone=calendar.zone, default_department=rules.default_department
    )
    desk = Desk(
        engine,
        None,
        deliver,
        begin_anew,
        zone=calendar.zone,
        reach=reach,
        rules=rules,
        hours=calendar,
        tickets=Maker(tickets),
        is_crisis=is_crisis,
        told=told,
        simplify=normalise,
        outside=outside,
    )

    def locate(conversation_id: str, place: str, message_id: str) -> dict[str, Any]:
        given = knowledge.log.given_to(conversation_id, message_id)
        return given or knowledge.locate(conversation_id, place, message_id).to_dict()

    def moved(conversation_id: str) -> None:
        desk.changes.bump(conversation_topic(conversation_id))

    gateway = Gateway(
        *(engine, desk, rasa, locate, gateway_settings, texts),
        moved=moved,
        is_crisis=is_crisis,
        expect=knowledge.expect,
        outside=desk.outside,
    )
    ports = Ports(StaffKnowledge(knowledge), gateway.deliveries.of, gateway.show_staff_typing)
    return Parts(knowledge, desk, tickets, build_accounts(engine), gateway, calendar, ports)


def check_native_staff(settings: Settings) -> None:
    """Raises SettingsError where the platform's own customer service is wanted and cannot be asked who is there."""
    if settings.wechat_native_staff and not (
        settings.wechat_token and settings.wechat_appid and settings.wechat_secret
    ):
        raise SettingsError(
            "WENZHENG_WECHAT_NATIVE_STAFF=true 需要同时设置 WENZHENG_WECHAT_TOKEN、WENZHENG_WECHAT_APPID 和 "
            "WENZHENG_WECHAT_SECRET：转接前要向微信平台查询是否有客服在线。"
        )


def check_keys(settings: Settings) -> None:
    """Raises SettingsError where the EncodingAESKey of an account that is connected is not one."""
    problems = [problem for problem in (wechat_key_problem(settings), wecom_key_problem(settings)) if problem]
    if problems:
        raise SettingsError("\n".join(problems))


def wechat_key_problem(settings: Settings) -> str:
    """What is wrong with the official account's EncodingAESKey; "" for nothing, or where none is needed."""
    needed = settings.wechat_token and settings.wechat_mode != "plain"
    return _key_problem("WENZHENG_WECHAT_AES_KEY", settings.wechat_aes_key) if needed else ""


def wecom_key_problem(settings: Settings) -> str:
    """The same for WeCom's."""
    needed = not settings.wecom_missing()
    return _key_problem("WENZHENG_WECOM_AES_KEY", settings.wecom_aes_key) if needed else ""


def _key_problem(name: str, key: str) -> str:
    return (
        ""
        if is_key(key)
        else f"{name} 无效：应为后台给出的 EncodingAESKey，43 位字母和数字。请改正后重新启动。"
    )


def _gateway_settings(settings: Settings) -> GatewaySettings:
    check_native_staff(settings)
    check_keys(settings)
    wechat = None
    if settings.wechat_token:
        wechat = WeChatSettings(
            token=settings.wechat_token,
            appid=settings.wechat_appid,
            secret=settings.wechat_secret,
            aes_key=settings.wechat_aes_key,
            mode=settings.wechat_mode,
            api_base=settings.wechat_api_base,
            customer_messages=settings.wechat_customer_messages,
            menus=settings.wechat_menus,
            native_staff=settings.wechat_native_staff,
        )
    wecom = None
    if not settings.wecom_missing():
        wecom = WeComSettings(
            corpid=settings.wecom_corpid,
            secret=settings.wecom_secret,
            token=settings.wecom_token,
            aes_key=settings.wecom_aes_key,
            open_kfid=settings.wecom_open_kfid,
            api_base=settings.wecom_api_base,
            menus=settings.wecom_menus,
        )
    return GatewaySettings(
        city=settings.city,
        wechat=wechat,
        wecom=wecom,
        secure_cookie=settings.secure_cookies,
        pictures=settings.home_dir / "pictures",
    )
