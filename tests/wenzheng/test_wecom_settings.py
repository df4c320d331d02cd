"""微信客服 is connected by five settings; half of them is an error that is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wenzheng.doctor import examine, wecom_hint
from wenzheng.settings import Settings, load_settings
from wenzheng.web import create_app

WECOM = {
    "wecom_corpid": "ww1",
    "wecom_secret": "s",
    "wecom_token": "t",
    "wecom_aes_key": "a" * 43,
    "wecom_open_kfid": "wk1",
    "wecom_api_base": "http://127.0.0.1:9",
}


def settings(home: Path, **wecom: str) -> Settings:
    return load_settings(home=home, rasa_port=9, actions_port=9, port=9, **wecom)


def found(chosen: Settings) -> tuple[str, str]:
    [finding] = [finding for finding in examine(chosen) if finding.subject == "企业微信"]
    return finding.level, finding.text


def test_the_doctor_says_how_it_stands(tmp_path: Path) -> None:
    assert found(settings(tmp_path)) == ("ok", "未接入微信客服（可选）")
    level, text = found(settings(tmp_path, **{**WECOM, "wecom_secret": "", "wecom_aes_key": ""}))
    assert level == "error"
    assert "WENZHENG_WECOM_SECRET、WENZHENG_WECOM_AES_KEY" in text
    level, text = found(settings(tmp_path, **WECOM))
    assert level == "ok"
    assert "wk1" in text


@pytest.mark.parametrize(
    "only", ["wecom_corpid", "wecom_secret", "wecom_token", "wecom_aes_key", "wecom_open_kfid"]
)
def test_whichever_is_set_first_the_doctor_names_the_others(tmp_path: Path, only: str) -> None:
    level, text = found(settings(tmp_path, **{only: WECOM[only]}))
    assert (level, text.count("WENZHENG_WECOM_")) == ("error", 4)
    assert f"WENZHENG_{only.upper()}" not in text


def test_the_doctor_tells_both_platforms_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = {"parts": {}, "notes": {"wechat": "40164 x", "kf": "60020 x"}}
    monkeypatch.setattr("wenzheng.doctor.health", lambda _settings: running)
    findings = {each.subject: each for each in examine(settings(tmp_path)) if each.level == "error"}
    assert "IP 白名单" in findings["公众号接口"].text
    assert "企业可信IP" in findings["企业微信收发"].text


@pytest.mark.parametrize("missing", ["wecom_secret", "wecom_open_kfid", ""])
def test_only_all_of_them_connect_it(tmp_path: Path, missing: str) -> None:
    chosen = settings(tmp_path, **{**WECOM, **({missing: ""} if missing else {})})
    with TestClient(create_app(chosen)) as client:
        assert client.get("/wecom").status_code == (503 if missing else 403)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("60020 x", "企业可信IP"),
        ("40001 x", "WENZHENG_WECOM_SECRET"),
        ("99999 x", "被企业微信拒绝（99999 x）"),
    ],
)
def test_what_wecom_refuses_is_told_in_words(trouble: str, words: str) -> None:
    assert words in wecom_hint(trouble)
