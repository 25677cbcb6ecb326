"""nginx in front of web processes, with the directives of docs/deploy.md."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.live import ROOT
from tests.ports import answers, wait_until

NGINX = Path("/usr/sbin/nginx")

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream taller {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        {documented}
    }}
}}
"""


def documented() -> str:
    """What docs/deploy.md says from the size of a body to the end of the server, for an upstream and plain http."""
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    found = re.search(r"^    client_max_body_size.*?(?=^}$)", guide, re.MULTILINE | re.DOTALL)
    assert found is not None
    plain = found.group().replace("proxy_set_header X-Forwarded-Proto https", "proxy_set_header X-Forwarded-Proto http")
    return plain.replace("$host;", "$http_host;").replace("http://127.0.0.1:8000", "http://taller")


class Nginx:
    """A proxy on a port of its own, until the end of the context."""

    def __init__(self, folder: Path, port: int, webs: Sequence[int]) -> None:
        self._folder = folder / "nginx"
        self._folder.mkdir()
        servers = " ".join(f"server 127.0.0.1:{web};" for web in webs)
        config = _CONFIG.format(folder=self._folder, port=port, servers=servers, documented=documented())
        (self._folder / "nginx.conf").write_text(config, encoding="utf-8")
        self._port = port

    def __enter__(self) -> Self:
        config = self._folder / "nginx.conf"
        self._process = subprocess.Popen([str(NGINX), "-c", str(config), "-e", str(self._folder / "start.log")])
        wait_until(lambda: answers(self._port) or self._process.poll() is not None, "nginx")
        assert self._process.poll() is None, (self._folder / "start.log").read_text()
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
