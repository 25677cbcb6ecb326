"""The JSON API as another program sees it."""

import json
from typing import Any
from urllib.parse import quote

from django.test import Client

Answer = tuple[int, Any]


class ApiClient:
    """Calls the API with a Bearer token, or without. Each call answers the status and the JSON."""

    def __init__(self, token: str | None = None) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: str | int) -> Answer:
        response = self.http.get(f"/api/{path}", query, headers=self.headers)
        return response.status_code, response.json()

    def get_tag(self, path: str, tag: str) -> Answer:
        """A GET about one spool, its tag percent-encoded."""
        return self.get(f"{path}/{quote(tag, safe='/')}")

    def post(self, path: str, *, clave: str | None = None, **body: object) -> Answer:
        return self.send(path, json.dumps(body), clave=clave)

    def send(self, path: str, body: str | bytes, *, clave: str | None = None) -> Answer:
        """A POST of a body as it stands, which need not be JSON."""
        keyed = {"Idempotency-Key": clave} if clave is not None else {}
        headers = self.headers | keyed
        response = self.http.post(f"/api/{path}", body, content_type="application/json", headers=headers)
        return response.status_code, response.json()
