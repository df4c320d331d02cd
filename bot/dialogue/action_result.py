"""A quick check of what the action server returns, in place of Rasa's.

Rasa 3.6 validates every result with `jsonschema.validate`, which first validates the schema itself: 15 to
20 ms of every turn that runs an action, as measured. What has to be kept out of the tracker is little.
"""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import RemoteAction
from rasa.shared.exceptions import RasaException


def check_result(action: RemoteAction, result: Any) -> bool:
    """Whether a result has the shape of the action server's protocol.

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


def install() -> None:
    """Make Rasa use `check_result`, in this process."""
    RemoteAction._validate_action_result = check_result
