"""Signing in to the console's pages over HTTP, for tests."""

import re
from typing import Any

from fastapi.testclient import TestClient

GOOD = "correct horse battery"
JSON = {"Accept": "application/json"}


def token_of(html: str) -> str:
    """The token of the page's forms."""
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found
    return found[1]


def sign_in(client: TestClient, username: str = "wang", password: str = GOOD) -> Any:
    """Post the sign-in form."""
    token = token_of(client.get("/console/login").text)
    form = {"username": username, "password": password, "form_token": token}
    return client.post("/console/login", data=form)
