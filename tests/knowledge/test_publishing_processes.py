"""Publishing across real processes: one that answers meanwhile, and one that is killed."""

import multiprocessing
import os
import random
import signal
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from knowledge_fakes import TODAY, FakeEmbedder, document, fake_config, faq
from sqlalchemy.engine import Engine

from knowledge.config import SearchConfig
from knowledge.service import KnowledgeService
from wenzheng.database import open_engine

PERMIT = faq("FAQ-1", "居住证怎么办理", "带身份证到派出所。")
OTHERS = [faq(f"G{number}", f"第{number}窗口办什么业务", f"办第{number}类业务。") for number in range(40)]
spawn = multiprocessing.get_context("spawn")


def config() -> SearchConfig:
    """With increments, and now and then a whole index."""
    delivered = fake_config()
    return replace(delivered, retrieval=replace(delivered.retrieval, overhang=0.2))


def service_on(url: str, home: Path) -> KnowledgeService:
    return KnowledgeService(open_engine(url), home, FakeEmbedder(), config(), lambda: TODAY)


def answer_all_the_time(url: str, home: Path, pipe: Connection) -> None:
    """Ask from two threads without a pause; at every message say how often each status came since, then how often
    after it."""
    service = service_on(url, home)
    stop = threading.Event()
    failures: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                service.answer("居住证怎么办理")
            except BaseException as error:
                failures.append(repr(error))
                stop.set()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    service.index()
    pipe.send("ready")
    while pipe.recv() == "ask":
        pipe.send([service.answer("居住证怎么办理").status for _ in range(5)])
    stop.set()
    for thread in threads:
        thread.join()
    pipe.send(failures)


def test_another_process_never_answers_what_was_taken_back(engine: Engine, tmp_path: Path) -> None:
    url, home = str(engine.url), tmp_path / "home"
    service = service_on(url, home)
    service.import_items([*OTHERS, PERMIT])
    service.publish()
    ours, theirs = spawn.Pipe()
    other = spawn.Process(target=answer_all_the_time, args=(url, home, theirs), daemon=True)
    other.start()
    assert ours.recv() == "ready"
    for number in range(6):
        service.store.remove("faq", ["FAQ-1"])
        service.import_items([replace(OTHERS[number], answer=f"改了{number}。")])
        service.publish()
        ours.send("ask")
        assert set(ours.recv()) == {"no_answer"}
        service.import_items([PERMIT])
        service.publish()
        deadline = time.monotonic() + 30
        while True:
            ours.send("ask")
            if ours.recv()[-1] == "answered":
                break
            assert time.monotonic() < deadline
    ours.send("stop")
    assert ours.recv() == []
    other.join()


def publish_without_end(url: str, home: Path, seed: int, pipe: Connection) -> None:
    chosen = random.Random(seed)
    service = service_on(url, home)
    pipe.send("ready")
    for number in range(10_000):
        kept = chosen.sample(OTHERS, 30)
        service.store.remove("faq", [item.id for item in OTHERS if item not in kept])
        service.import_items([replace(item, answer=f"{seed}-{number}") for item in chosen.sample(kept, 3)])
        service.import_items([document(f"D{number % 5}", f"第{number}号办法", f"第{number}条规定。")])
        service.publish()


def test_a_process_killed_while_publishing_leaves_a_whole_release(engine: Engine, tmp_path: Path) -> None:
    url, home = str(engine.url), tmp_path / "home"
    start = service_on(url, home)
    start.import_items([*OTHERS, PERMIT])
    start.publish()
    for seed in range(5):
        ours, theirs = spawn.Pipe()
        other = spawn.Process(target=publish_without_end, args=(url, home, seed, theirs), daemon=True)
        other.start()
        assert ours.recv() == "ready"
        time.sleep(0.2 + 0.37 * seed)
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        other.join()

        service = service_on(url, home)
        content = service.store.release_content(service.store.current().id)
        expected = {item.id: item.answer for item in content if hasattr(item, "answer")}
        for each in (service, start):  # one that starts now, and one that has been there all the time
            found = {source.id: source.text for source in each.index().sources if source.kind == "faq"}
            assert found == expected
        assert service.answer("居住证怎么办理").text == PERMIT.answer
        service.import_items([replace(OTHERS[0], answer=f"又改了{seed}。")])
        service.publish()
        assert service.index().by_id["G0"].text == f"又改了{seed}。"
        assert not list((home / "index").glob(".building-*"))
