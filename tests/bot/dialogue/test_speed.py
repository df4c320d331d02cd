"""What Rasa is made to do quicker comes out the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dask
import pytest
from aiohttp import ClientConnectionError, web
from aiohttp.test_utils import TestServer
from rasa.core.channels.channel import UserMessage
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.utils.endpoints import EndpointConfig

from bot.dialogue.speed import kept_session, run_graph


def planned_by_dask(runner: DaskGraphRunner, inputs: dict[str, Any], targets: list[str]) -> dict[str, Any]:
    """As Rasa's own `run` does it."""
    graph = runner._build_dask_graph(runner._graph_schema.minimal_graph_schema(targets))
    runner._add_inputs_to_graph(inputs, graph)
    return dict(dask.get(graph, targets))


@pytest.mark.parametrize("text", ["你好", "居住证怎么办", "我要投诉", "转人工", "有人要跳楼"])
def test_messages_are_understood_the_same(agent: Any, text: str) -> None:
    metadata, runner = agent.processor.model_metadata, agent.processor.graph_runner
    understood = []
    for run in (run_graph, planned_by_dask):
        inputs = {"__message__": [UserMessage(text)], "__tracker__": None}
        [message] = run(runner, inputs, [metadata.nlu_target])[metadata.nlu_target]
        understood.append(message.as_dict(only_output_properties=True))
    assert understood[0] == understood[1]


def runner_of(**nodes: tuple[dict[str, str], Any]) -> Any:
    """A runner whose components are plain functions, with what each needs."""
    schema = SimpleNamespace(
        nodes={name: SchemaNode(needs, object, "", "", {}) for name, (needs, _) in nodes.items()},
        target_names=list(nodes)[-1:],
    )
    called: list[str] = []

    def component(name: str, function: Any) -> Any:
        def call(*inputs: Any) -> tuple[str, Any]:
            called.append(name)
            return name, function(*inputs)

        return call

    components = {name: component(name, function) for name, (_, function) in nodes.items()}
    return SimpleNamespace(_graph_schema=schema, _instantiated_nodes=components, called=called)


def test_each_component_runs_once_and_only_where_it_is_needed() -> None:
    runner = runner_of(
        first=({"given": "__message__"}, lambda given: given[1] + 1),
        unused=({}, lambda: 0),
        left=({"x": "first"}, lambda x: x[1] * 10),
        right=({"x": "first"}, lambda x: x[1] * 100),
        last=({"a": "left", "b": "right", "c": "__nobody__"}, lambda a, b, c: (a, b, c)),
    )
    assert run_graph(runner, {"__message__": 1}) == {"last": (("left", 20), ("right", 200), "__nobody__")}
    assert runner.called == ["first", "left", "right", "last"]
    assert run_graph(runner, {"__message__": 2}, ["left", "first"]) == {"left": 30, "first": 3}


def test_a_component_that_fails_unexpectedly_is_an_error_of_the_run() -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    with pytest.raises(GraphRunError):
        run_graph(runner_of(only=({}, broken)))


async def test_the_action_servers_connection_is_kept_and_made_anew_where_it_is_gone() -> None:
    transports: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        transports.append(request.transport)
        return web.json_response({"events": []})

    app = web.Application()
    app.router.add_post("/webhook", handle)
    server = TestServer(app)
    await server.start_server()
    endpoint = EndpointConfig(str(server.make_url("/webhook")))

    async def call() -> int:
        async with kept_session(endpoint) as session, session.post(endpoint.url, json={}) as reply:
            return int(reply.status)

    assert [await call(), await call()] == [200, 200]
    assert transports[0] is transports[1]
    port = server.port
    await server.close()
    with pytest.raises(ClientConnectionError):
        await call()
    app = web.Application()
    app.router.add_post("/webhook", handle)
    again = TestServer(app, port=port)
    await again.start_server()
    assert await call() == 200
    async with kept_session(endpoint) as session:
        await session.close()
    assert await call() == 200
    async with kept_session(endpoint) as session:
        await session.close()
    await again.close()
