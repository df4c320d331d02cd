"""Three things that Rasa 3.6 does at every turn, done quicker. They build on its internals (ADR 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from rasa.core.actions.action import RemoteAction
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

_KEEP_OPEN = 4.0
"""Seconds an unused connection is kept; the action server closes it after 5."""
_SESSION = "kept_session"
"""An endpoint's attribute: the event loop and its session on it."""


def install() -> None:
    """Make Rasa use them, in this process."""
    RemoteAction._validate_action_result = check_result
    DaskGraphRunner.run = run_graph
    EndpointConfig.session = kept_session


def check_result(action: RemoteAction, result: Any) -> bool:
    """Whether a result has the shape of the action server's protocol: what has to be kept out of the tracker.

    Rasa's `jsonschema.validate` first validates the schema itself: 15 to 20 ms of every turn that runs an action.

    Raises:
        RasaException: it has not; Rasa then drops the action's result and logs it.
    """
    if not isinstance(result, dict):
        raise RasaException(f"{action.name()}: the action server returned no JSON object")
    for key in ("events", "responses"):
        entries = result.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise RasaException(f"{action.name()}: '{key}' is not a list of objects")
    if not all(isinstance(event.get("event"), str) for event in result.get("events", [])):
        raise RasaException(f"{action.name()}: an event without its type")
    return True


def run_graph(
    runner: DaskGraphRunner, inputs: Mapping[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """Run the components that the targets need, each once, one after another, as dask does after planning anew.

    Args:
        inputs: values by the names of placeholders.
        targets: names of components; None for those of the schema.

    Returns:
        The outputs of the targets by their names.

    Raises:
        GraphRunError: a component failed in a way that is none of Rasa's.
    """
    schema, components = runner._graph_schema, runner._instantiated_nodes
    # A component is given its inputs with their names; one that nobody provides by its name alone.
    done: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}

    def output(name: str) -> Any:
        if name not in done:
            if name not in components:
                return name
            done[name] = components[name](*map(output, schema.nodes[name].needs.values()))
        return done[name]

    try:
        return dict(output(name) for name in targets or schema.target_names)
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error


class _Kept:
    """A session that the end of a `with` leaves open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *_error: object) -> None:
        return None


def kept_session(endpoint: EndpointConfig) -> _Kept:
    """The endpoint's session, made once: Rasa opens a new connection to the action server for each call."""
    here = asyncio.get_running_loop()
    loop, session = getattr(endpoint, _SESSION, (None, None))
    if session is None or session.closed or loop is not here:
        auth = endpoint.basic_auth
        session = aiohttp.ClientSession(
            headers=endpoint.headers,
            auth=aiohttp.BasicAuth(auth["username"], auth["password"]) if auth else None,
            timeout=aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT),
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_OPEN),
        )
        setattr(endpoint, _SESSION, (here, session))
    return _Kept(session)
