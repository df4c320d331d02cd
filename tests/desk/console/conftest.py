"""The console over HTTP, as a browser without scripts sees it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.pages import build_pages

GOOD = "correct horse battery"


def token_of(html: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found
    return found[1]


class Visitor:
    """One browser, signed in or not."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, address: str, **query: str) -> Any:
        return self.client.get(address, params=query or None)

    def sign_in(self, username: str, password: str = GOOD) -> Any:
        token = token_of(self.get("/console/login").text)
        form = {"username": username, "password": password, "form_token": token}
        return self.client.post("/console/login", data=form)

    def post(self, address: str, **form: str) -> Any:
        """A form of a page of ours."""
        form = {"form_token": token_of(self.get("/console/password").text)} | form
        return self.client.post(address, data=form)


@pytest.fixture
def visitor(world: Any) -> Callable[..., Visitor]:
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))

    def make(username: str = "", role: str = "", department: str = "公安局") -> Visitor:
        made = Visitor(TestClient(app, follow_redirects=False))
        if role:
            world.staff(username, department=department, role=role)
        if username:
            assert made.sign_in(username).status_code == 303
        return made

    return make
