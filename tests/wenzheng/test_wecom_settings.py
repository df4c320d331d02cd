"""微信客服 is connected by five settings; half of them is an error that is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wenzheng.cli import main as cli
from wenzheng.doctor import examine, wecom_hint
from wenzheng.settings import Settings, SettingsError, load_settings
from wenzheng.web import create_app
from wenzheng.web import main as web_main

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


WECHAT = {"wechat_token": "t", "wechat_appid": "wx1", "wechat_mode": "secure"}


@pytest.mark.parametrize("key", ["short", "密" * 43, "a" * 42, "a" * 44])
@pytest.mark.parametrize(
    ("account", "setting", "subject"),
    [
        (WECOM, "wecom_aes_key", "企业微信"),
        (WECHAT, "wechat_aes_key", "微信"),
    ],
)
def test_a_key_that_is_none_is_named(
    tmp_path: Path, account: dict[str, str], setting: str, subject: str, key: str
) -> None:
    name = f"WENZHENG_{setting.upper()}"
    chosen = settings(tmp_path, **{**account, setting: key})
    findings = [finding for finding in examine(chosen) if finding.subject == subject]
    assert [finding.level for finding in findings] == ["error"]
    assert name in findings[0].text
    with pytest.raises(SettingsError, match=name):
        create_app(chosen)


@pytest.mark.parametrize(("account", "setting"), [(WECOM, "wecom_aes_key"), (WECHAT, "wechat_aes_key")])
@pytest.mark.parametrize("serve", [lambda: cli(["up"]), web_main], ids=["up", "web"])
def test_with_a_key_that_is_none_nothing_starts_and_it_is_said_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    account: dict[str, str],
    setting: str,
    serve: Callable[[], int],
) -> None:
    monkeypatch.setenv("WENZHENG_HOME", str(tmp_path))
    for field, value in {**account, setting: "short"}.items():
        monkeypatch.setenv(f"WENZHENG_{field.upper()}", value)
    assert serve() == 2
    assert f"WENZHENG_{setting.upper()} 无效" in capsys.readouterr().err


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
