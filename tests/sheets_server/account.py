"""A throw-away service account, and the token endpoint that trades its signed assertions for access tokens."""

from __future__ import annotations

import base64
import functools
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.sheets_server.errors import UNREGISTERED, ApiError, narrow_scope, unauthenticated
from tests.sheets_server.quota import Clock
from tests.sheets_server.schema import Method

SPREADSHEETS: Final = "https://www.googleapis.com/auth/spreadsheets"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES: Final = ("https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token")
LIFETIME: Final = 3600.0
DOMAIN: Final = "@taller-pruebas.iam.gserviceaccount.com"


@functools.cache
def throwaway_key() -> rsa.RSAPrivateKey:
    """One key per process: making it takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class BadGrant(Exception):  # noqa: N818  an answer of the token endpoint
    """Why no token is given: OAuth's error and its description."""

    def __init__(self, error: str, description: str) -> None:
        self.body = {"error": error, "error_description": description}
        super().__init__(description)


@dataclass
class Token:
    user: str
    scopes: frozenset[str]
    until: float


@dataclass
class Accounts:
    """The service accounts this server knows and the tokens it gave."""

    clock: Clock
    required: bool = False
    tokens: dict[str, Token] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    email: str = f"espejo{DOMAIN}"

    def credentials(self, origin: str, email: str = "") -> dict[str, str]:
        """The JSON of a service account's key file, with the server as its token endpoint."""
        pem = throwaway_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "taller-pruebas",
            "private_key_id": "0" * 40,
            "private_key": pem.decode(),
            "client_email": email or self.email,
            "client_id": "100000000000000000000",
            "token_uri": f"{origin}/token",
        }

    def expire(self) -> None:
        """Every token given so far is too old from now on."""
        for token in self.tokens.values():
            token.until = self.clock.now()

    def revoke(self) -> None:
        """The account is gone: no new tokens, the old ones expire."""
        self.revoked.add(self.email)
        self.expire()

    def grant(self, form: Mapping[str, str], origin: str) -> dict[str, Any]:
        """Answer the token endpoint. Raises `BadGrant`."""
        if form.get("grant_type") != GRANT:
            raise BadGrant("unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        claims = _claims(form.get("assertion", ""))
        self._judge(claims, origin)
        text = "ya29." + secrets.token_urlsafe(32)
        scopes = frozenset(str(claims["scope"]).split())
        self.tokens[text] = Token(str(claims["iss"]), scopes, self.clock.now() + LIFETIME)
        return {"access_token": text, "expires_in": int(LIFETIME) - 1, "token_type": "Bearer"}

    def _judge(self, claims: Mapping[str, Any], origin: str) -> None:
        account = str(claims.get("iss"))
        if not account.endswith(DOMAIN) or account in self.revoked:
            raise BadGrant("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in {*AUDIENCES, f"{origin}/token"}:
            raise BadGrant("invalid_grant", "Failed audience check")
        if not claims.get("scope"):
            raise BadGrant("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        # The sender's clock: in the tests it may be frozen, and so is this one then.
        issued, expires, now = float(claims.get("iat", 0)), float(claims.get("exp", 0)), time.time()
        if not (issued - 600 <= now < expires <= issued + LIFETIME + 1):
            raise BadGrant(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
                "iat and exp values in the JWT claim.",
            )

    def user_of(self, authorization: str | None, method: Method) -> str:
        """Who asks. Without a token that is nobody in particular, unless credentials are required."""
        if authorization is None:
            if self.required:
                raise ApiError(403, UNREGISTERED)
            return "anonymous"
        token = self.tokens.get(authorization.removeprefix("Bearer "))
        if token is None or token.until <= self.clock.now():
            raise unauthenticated()
        if not token.scopes & method.scopes:
            raise narrow_scope()
        return token.user


def _claims(assertion: str) -> dict[str, Any]:
    """The claims of a JWT whose RS256 signature is the throw-away key's."""
    header, _, rest = assertion.partition(".")
    body, _, signature = rest.partition(".")
    try:
        told = json.loads(_decoded(header)), json.loads(_decoded(body))
        signed = _decoded(signature)
    except ValueError:
        raise BadGrant("invalid_grant", "Bad Request") from None
    try:
        key = throwaway_key().public_key()
        key.verify(signed, f"{header}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise BadGrant("invalid_grant", "Invalid JWT Signature.") from None
    if told[0].get("alg") != "RS256":
        raise BadGrant("invalid_grant", "Invalid JWT Signature.")
    claims: dict[str, Any] = told[1]
    return claims


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
