"""Training and starting Rasa: the command lines, and which trained model belongs to the present data."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from wenzheng.settings import PROJECT_ROOT, Settings

_INPUTS = ("config.yml", "domain.yml", "bot/data", "bot/nlu")


class TrainingFailed(RuntimeError):
    """``rasa train`` ended with an error; the text says where its log is."""


def _files() -> list[Path]:
    paths: list[Path] = []
    for name in _INPUTS:
        root = PROJECT_ROOT / name
        found = [root] if root.is_file() else sorted(root.rglob("*"))
        paths.extend(path for path in found if path.suffix in (".yml", ".py", ".txt"))
    return paths


def model_path(settings: Settings) -> Path:
    """Where the model trained on the present data is or will be: its name is their hash."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(str(path.relative_to(PROJECT_ROOT)).encode())
        digest.update(path.read_bytes())
    return settings.rasa_models / f"dialogue-{digest.hexdigest()[:16]}.tar.gz"


def environment(settings: Settings) -> dict[str, str]:
    """The environment of Rasa and of the action server."""
    return {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
        "SANIC_HOST": "127.0.0.1",  # where the action server listens: it obeys whoever reaches it
        "WENZHENG_HOME": str(settings.home_dir),
        "WENZHENG_ACTIONS_PORT": str(settings.actions_port),
        "WENZHENG_BACKEND_URL": settings.base_url,
        "WENZHENG_INTERNAL_TOKEN": settings.token,
    }


def train(settings: Settings, *, force: bool = False) -> Path:
    """Train the dialogue model unless the present data has one already; returns its path.

    Raises TrainingFailed. The log is ``logs/train.log`` under the home.
    """
    target = model_path(settings)
    if target.is_file() and not force:
        return target
    settings.rasa_models.mkdir(parents=True, exist_ok=True)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "train.log"
    command = [
        *rasa_command("train"),
        *("--config", "config.yml", "--domain", "domain.yml", "--data", "bot/data"),
        *("--out", str(settings.rasa_models), "--fixed-model-name", target.name.removesuffix(".tar.gz")),
        *("--augmentation", "0", *(["--force"] if force else [])),
    ]
    with log.open("wb") as output:
        result = subprocess.run(
            command,
            check=False,
            cwd=PROJECT_ROOT,
            env=environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if result.returncode or not target.is_file():
        raise TrainingFailed(f"对话模型训练失败（退出码 {result.returncode}）。详情见 {log}。")
    for old in settings.rasa_models.glob("dialogue-*.tar.gz"):
        if old != target:
            old.unlink(missing_ok=True)
    return target


def rasa_command(*arguments: str) -> list[str]:
    """A Rasa command line with this interpreter."""
    return [sys.executable, "-m", "rasa", *arguments]


def run_command(settings: Settings) -> list[str]:
    """Start the dialogue server on loopback; its API needs the installation's token."""
    return rasa_command(
        "run",
        *(
            "--model",
            str(model_path(settings)),
            "--endpoints",
            "endpoints.yml",
            "--credentials",
            "credentials.yml",
        ),
        *("--interface", "127.0.0.1", "--port", str(settings.rasa_port)),
        "--enable-api",
        f"--auth-token={settings.token}",  # one argument: one token in 64 begins with "-"
    )


def actions_command(settings: Settings) -> list[str]:
    """Start the action server: what ``rasa run actions`` starts, without loading TensorFlow for it."""
    return [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(settings.actions_port)]
