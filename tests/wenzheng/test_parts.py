"""What the settings name is what is wired, and parts rely on one another."""

from pathlib import Path

import pytest

from bot.gateway.rasa_client import RasaClient
from bot.gateway.tables import inbox, outbox
from desk.changes import conversation_topic
from desk.ports import AnswerUnknown, KnowledgeAway
from knowledge.embedding import Int8Embedder, SentenceTransformerEmbedder
from tests.conftest import ALWAYS_OPEN
from wenzheng.database import migrate, open_engine
from wenzheng.parts import build_embedder, build_parts
from wenzheng.settings import SettingsError, load_settings


@pytest.mark.parametrize("precision", ["", "int8"])
def test_the_bundled_model_runs_in_int8(tmp_path: Path, precision: str) -> None:
    settings = load_settings(home=tmp_path, embedding_precision=precision, embedding_query_prefix="问：")
    embedder = build_embedder(settings)
    assert isinstance(embedder, Int8Embedder)
    assert embedder.fingerprint == Int8Embedder(tmp_path, query_prefix="问：").fingerprint


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_bundled_model_runs_in_other_precisions_on_request(tmp_path: Path, precision: str) -> None:
    embedder = build_embedder(load_settings(home=tmp_path, embedding_precision=precision))
    same = SentenceTransformerEmbedder("bundled", tmp_path, precision=precision)
    assert embedder.fingerprint == same.fingerprint


def test_another_model_runs_in_float32(tmp_path: Path) -> None:
    embedder = build_embedder(load_settings(home=tmp_path, embedding_model="BAAI/bge-small-zh-v1.5"))
    same = SentenceTransformerEmbedder("BAAI/bge-small-zh-v1.5", tmp_path, precision="float32")
    assert embedder.fingerprint == same.fingerprint


def test_another_model_has_no_int8(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, embedding_model="BAAI/bge-m3", embedding_precision="int8")
    with pytest.raises(SettingsError, match=r"WENZHENG_EMBEDDING_PRECISION.*bge-m3"):
        build_embedder(settings)


def test_a_conversation_that_returns_from_staff_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarted: list[str] = []
    monkeypatch.setattr(RasaClient, "restart", lambda _self, conversation: restarted.append(conversation))
    settings = load_settings(home=tmp_path, calendar=ALWAYS_OPEN)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    parts.knowledge.citizens.live_in("web:1", "临港区")
    parts.knowledge.citizens.live_in("web:2", "临港区")
    receipt = parts.desk.open_handoff("web:1", "asked_for_human", None, "人工", None)
    parts.desk.receive("web:1", "返回")
    assert parts.desk.recipient("web:1", "公积金怎么提取") == "bot"
    assert receipt.number
    assert restarted == ["web:1"]
    assert parts.knowledge.citizens.known("web:1").region == ""
    assert parts.knowledge.citizens.known("web:2").region == "临港区"
    engine.dispose()


def test_the_staff_page_searches_drafts_and_flags_in_the_knowledge_service(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    port = parts.ports.knowledge
    assert port is not None
    with pytest.raises(KnowledgeAway):
        port.search("居住证")
    draft = port.draft("问", "答", "web:1", "王敏")
    assert [each.id for each in parts.knowledge.faq_drafts.open()] == [draft]
    answer = parts.knowledge.answer("居住证")
    port.flag(answer.id, "王敏", "不对")
    assert [each["staff_name"] for each in parts.knowledge.log.flagged()] == ["王敏"]
    with pytest.raises(AnswerUnknown):
        port.flag("0000", "王敏", "不对")
    engine.dispose()


def test_a_reply_of_staff_is_followed_to_the_citizen(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, calendar=ALWAYS_OPEN)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    member = parts.accounts.create("wang", "correct horse battery", "王敏", "公安局")
    parts.desk.claim(parts.desk.open_handoff("web:1", "complex", None, "问").number, member)
    parts.desk.reply("web:1", member, "请带身份证")
    [(_, row)] = parts.desk.sent("web:1").items()
    assert parts.ports.delivery([row]) == {row: "held"}
    since = parts.desk.changes.version()
    parts.gateway.deliveries.fetched("web:1", row)
    assert parts.ports.delivery([row]) == {row: "delivered"}
    assert parts.desk.changes.changed({conversation_topic("web:1")}, since)
    engine.dispose()


def test_a_rating_is_taken_once_the_question_for_it_is_on_its_way(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, calendar=ALWAYS_OPEN)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    member = parts.accounts.create("wang", "correct horse battery", "王敏", "公安局")
    parts.desk.claim(parts.desk.open_handoff("wechat:oA", "complex", None, "问").number, member)
    parts.desk.resolve("wechat:oA", member)
    assert parts.desk.recipient("wechat:oA", "满意") == "bot"
    parts.desk.record("wechat:oA", ("citizen", "满意", None))
    with engine.begin() as connection:
        connection.execute(outbox.update().values(status="replying"))
    assert parts.desk.recipient("wechat:oA", "满意") == "desk"
    parts.desk.record("wechat:oA", ("citizen", "居住证怎么办", None))
    assert parts.desk.recipient("wechat:oA", "满意") == "bot"
    engine.dispose()


def test_the_platforms_agents_are_staff_only_where_they_can_be_asked_for(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, wechat_native_staff=True, wechat_token="t", wechat_appid="wx1")
    engine = open_engine(settings.database)
    migrate(engine)
    with pytest.raises(SettingsError, match="WENZHENG_WECHAT_SECRET"):
        build_parts(settings, engine)
    engine.dispose()


def test_a_handoff_is_passed_on_where_agents_are_online(tmp_path: Path) -> None:
    account = {"wechat_token": "t", "wechat_appid": "wx1", "wechat_secret": "s", "wechat_mode": "plain"}
    settings = load_settings(home=tmp_path, calendar=ALWAYS_OPEN, wechat_native_staff=True, **account)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    agents = parts.gateway._wechat.agents
    assert agents
    # Not started, it asks nobody; a message that can be transferred is being worked on.
    agents.there = True
    row = {
        "conversation_id": "wechat:oA",
        "channel": "wechat",
        "citizen": "oA",
        "kind": "text",
        "text": "人工",
    }
    more = {"status": "waiting", "tries": 1, "received_at": 1.0, "reply_until": 1e12, "noticed": 0}
    with engine.begin() as connection:
        connection.execute(inbox.insert().values(**row, **more, dedup_key="1", transfer="possible"))
    assert parts.desk.open_handoff("wechat:oA", "complex", None, "问").status == "claimed"
    handoff = parts.desk.latest_handoff("wechat:oA")
    assert handoff
    assert handoff.claimed_by
    assert handoff.claimed_by.display_name == "公众平台客服"
    assert parts.desk.open_handoff("web:1", "complex", None, "问").status == "queued"
    engine.dispose()
