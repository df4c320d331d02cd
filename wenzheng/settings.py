"""All settings, each from its ``WENZHENG_…`` environment variable; ``docs/settings.md`` explains them."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_WECOM = ("wecom_corpid", "wecom_secret", "wecom_token", "wecom_aes_key", "wecom_open_kfid")
"""What 微信客服 needs."""


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the text names the environment variable."""


class Settings(BaseSettings):
    """The settings of one installation. Read them with :func:`load_settings`."""

    model_config = SettingsConfigDict(env_prefix="WENZHENG_", frozen=True, extra="ignore")

    home: Path = Path("var")
    city: str = "澜川市"
    host: str = "0.0.0.0"  # noqa: S104 - the one process that citizens reach
    port: int = Field(8000, ge=1, le=65535)
    rasa_port: int = Field(5005, ge=1, le=65535)
    actions_port: int = Field(5055, ge=1, le=65535)
    database_url: str = ""
    internal_token: str = ""
    embedding_model: str = "bundled"
    embedding_query_prefix: str | None = None
    embedding_passage_prefix: str | None = None
    embedding_precision: Literal["", "int8", "float32", "bfloat16"] = ""
    search_config: Path | None = None
    calendar: Path | None = None
    desk_rules: Path | None = None
    spare: bool = True
    secure_cookies: bool = False
    wechat_token: str = ""
    wechat_appid: str = ""
    wechat_secret: str = ""
    wechat_aes_key: str = ""
    wechat_mode: Literal["plain", "compatible", "secure"] = "secure"
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_customer_messages: bool = False
    wechat_menus: bool = True
    wechat_native_staff: bool = False
    wecom_corpid: str = ""
    wecom_secret: str = ""
    wecom_token: str = ""
    wecom_aes_key: str = ""
    wecom_open_kfid: str = ""
    wecom_api_base: str = "https://qyapi.weixin.qq.com"
    wecom_menus: bool = True
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @cached_property
    def home_dir(self) -> Path:
        """``home`` as an absolute path; a relative one is below the project's root."""
        home = self.home.expanduser()
        return home if home.is_absolute() else PROJECT_ROOT / home

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self.database_url or f"sqlite:///{self.home_dir / 'wenzheng.db'}"

    def wecom_missing(self) -> list[str]:
        """The variables that 微信客服 still needs; all of them where it is not meant to be connected."""
        return [f"WENZHENG_{name.upper()}" for name in _WECOM if not getattr(self, name)]

    @property
    def wecom_wanted(self) -> bool:
        """Whether 微信客服 is meant to be connected."""
        return any(getattr(self, name) for name in _WECOM)

    @property
    def base_url(self) -> str:
        """Where our own processes reach the web process."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def rasa_url(self) -> str:
        """Where the web process reaches Rasa."""
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def rasa_models(self) -> Path:
        """Folder of trained dialogue models."""
        return self.home_dir / "rasa-models"

    @property
    def models(self) -> Path:
        """Folder of unpacked embedding models."""
        return self.home_dir / "models"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.home_dir / "logs"

    @cached_property
    def token(self) -> str:
        """The secret that our own processes show each other; made at first use, kept in ``home``, mode 0600."""
        if self.internal_token:
            return self.internal_token
        path = self.home_dir / "internal.token"
        self.home_dir.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            token = secrets.token_urlsafe(32)
            file.write(token)
        return token


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` by field name win. Raises SettingsError naming the variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            f"WENZHENG_{str(found['loc'][0]).upper()}={found['input']!r}：{found['msg']}"
            for found in error.errors()
        ]
        raise SettingsError("设置有误，请改正环境变量后重试：\n  " + "\n  ".join(problems)) from error
