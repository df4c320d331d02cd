"""`wenzheng wechat simulate --kf`: the real channel on one side, the terminal on the other."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from bot.gateway.service import Gateway
from bot.gateway.settings import GatewaySettings, WeComSettings
from tests.bot.gateway.support import AES_KEY, TEXTS, FakeDesk, FakeRasa, open_engine
from wenzheng.cli import main


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


OPTIONS = {"status": "clarify", "text": "哪一项？", "options": [{"label": "提取"}, {"label": "贷款"}]}


@contextmanager
def service(path: Path, port: int, api_port: int) -> Iterator[None]:
    """The gateway of a city, served at a port."""
    rasa = FakeRasa()
    rasa.answer = lambda _who, text: (
        [{"text": "哪一项？", "custom": OPTIONS}] if text == "公积金" else [{"text": f"答：{text}"}]
    )

    def located(_conversation: str, place: str, _message: str) -> dict[str, str]:
        return {"status": "small_talk", "text": f"已记下：{place}"}

    wecom = WeComSettings(
        corpid="ww1",
        secret="s",
        token="t",
        aes_key=AES_KEY,
        open_kfid="wk1",
        api_base=f"http://127.0.0.1:{api_port}",
        pull_again_after=0.05,
    )

    async def serve() -> None:
        settings = GatewaySettings(city="测试市", wecom=wecom, poll_every=0.05)
        engine = open_engine(path / "city.db")
        gateway = Gateway(engine, FakeDesk(), rasa.client(), located, settings, TEXTS)
        app = FastAPI()
        for router in gateway.routers():
            app.include_router(router)
        await gateway.start()
        await server_of(app).serve()
        await gateway.stop()

    servers: list[uvicorn.Server] = []

    def server_of(app: FastAPI) -> uvicorn.Server:
        config = uvicorn.Config(app, "127.0.0.1", port, log_level="error", ws="none", lifespan="off")
        servers.append(uvicorn.Server(config))
        return servers[0]

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not (servers and servers[0].started):
        assert thread.is_alive()
    yield
    servers[0].should_exit = True
    thread.join(20)


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    port, api_port = free_port(), free_port()
    chosen = {
        "PORT": str(port),
        "WECOM_CORPID": "ww1",
        "WECOM_SECRET": "s",
        "WECOM_TOKEN": "t",
        "WECOM_AES_KEY": AES_KEY,
        "WECOM_OPEN_KFID": "wk1",
        "WECOM_API_BASE": f"http://127.0.0.1:{api_port}",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"WENZHENG_{name}", value)
    return port, api_port


def test_what_a_citizen_does_and_sees(
    tmp_path: Path, ports: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    with service(tmp_path, *ports):
        assert main(["wechat", "simulate", "--kf", "/进入", "公积金", "/选 2", "/语音", "/位置 城关区"]) == 0
        captured = capsys.readouterr()
        shown = captured.out + captured.err
        for words in ("您好，这里是测试市", "/选 2　贷款", "答：2", "我听不了语音", "已记下：城关区"):
            assert words in shown
        assert main(["wechat", "simulate", "--kf", "/选 3"]) == 1
        assert "还没有给出" in capsys.readouterr().err
        # Stopped and started again, it is understood: nothing of the run before stands in its way.
        assert main(["wechat", "simulate", "--kf", "你好"]) == 0
        assert "答：你好" in capsys.readouterr().out


def test_without_the_service_it_says_what_to_do(
    ports: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wechat", "simulate", "--kf", "你好"]) == 1
    assert "连不上服务" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WECOM_OPEN_KFID", "", "没有设置 WENZHENG_WECOM_OPEN_KFID"),
        ("WECOM_API_BASE", "https://qyapi.weixin.qq.com", "http://127.0.0.1:8200"),
    ],
)
def test_what_is_missing_is_named(
    ports: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(f"WENZHENG_{name}", value)
    assert main(["wechat", "simulate", "--kf", "你好"]) != 0
    out = capsys.readouterr()
    assert words in out.out + out.err
