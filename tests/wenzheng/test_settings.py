"""Settings come from WENZHENG_… variables, and a wrong one is named."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wenzheng.settings import PROJECT_ROOT, SettingsError, load_settings


def test_the_defaults_work_and_state_is_below_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WENZHENG_HOME", raising=False)
    settings = load_settings()
    assert settings.home_dir == PROJECT_ROOT / "var"
    assert settings.database == f"sqlite:///{PROJECT_ROOT / 'var' / 'wenzheng.db'}"


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENZHENG_PORT", "8123")
    assert load_settings().port == 8123


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WENZHENG_PORT", "eighty"),
        ("WENZHENG_PORT", "0"),
        ("WENZHENG_WECHAT_MODE", "open"),
        ("WENZHENG_LOG_LEVEL", "x"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_the_internal_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_settings(home=tmp_path).token
    assert len(first) >= 32
    assert load_settings(home=tmp_path).token == first
    assert stat.S_IMODE((tmp_path / "internal.token").stat().st_mode) == 0o600
    assert load_settings(home=tmp_path / "other").token != first
