"""Sign-in by the company's own accounts: OpenID Connect, the authorization code flow with PKCE.

The provider vouches for who somebody is; which role that makes is looked up in a claim of theirs.
What belongs to one attempt, the browser keeps, signed, until it comes back. Knows no page and no
store.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args
from urllib.parse import quote, urlencode, urlsplit

from mm_support.config import Settings
from mm_support.desk.accounts import Identity, Role
from mm_support.desk.visits import Signatures
from mm_support.errors import InputError

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # s for a call of the provider
BACK = "/sign-in/back"  # where browsers come back to
LASTS = 600  # s in which somebody signs in there
LEEWAY = 60  # s that clocks may differ
FRESH = 300  # s for which what the provider publishes of itself is not asked again
ERROR = re.compile(r"[a-z_]{1,64}")  # what may stand in the log: anybody can send an error
# public keys only: with the others, whoever knows the client's secret could sign
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NAMES = ("name", "preferred_username", "email", "sub")  # claims that name somebody, the best first
FAILED = "You could not be signed in; try again, or ask whoever runs this service."
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Provider:
    """issuer: its address, as its tokens name it; back: ours, where browsers come back to; claim:
    what tells the role, with dots into nested ones; roles: its values -> roles.
    """

    issuer: str
    client: str
    secret: str
    back: str
    claim: str
    roles: Mapping[str, Role]
    signatures: Signatures
    _published: dict[int, Values] = field(default_factory=dict, repr=False, compare=False)

    def begin(self, to: str) -> tuple[str, str]:
        """The address at which somebody signs in, and what their browser keeps meanwhile. to: the
        page that they want. Raises InputError.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        asked = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        address = self._asked(self._metadata)["authorization_endpoint"]
        joint = "&" if "?" in address else "?"
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "to": to}
        return f"{address}{joint}{urlencode(asked)}", self.signatures.sealed(kept, LASTS)

    def finish(self, given: Values, kept: str) -> tuple[Identity, str]:
        """Who has signed in, and the page that they wanted. given: what the provider sends with
        the browser; kept: what `begin` gave it. Raises InputError.
        """
        began = self.signatures.opened(kept)
        if not began:
            raise InputError("The sign-in took too long; begin it again.")
        fits = secrets.compare_digest(str(given.get("state", "")).encode(), began["state"].encode())
        if not fits or "code" not in given:
            error = str(given.get("error", ""))
            log.warning(
                "a sign-in was refused: %s",
                error if ERROR.fullmatch(error) else "another state or no code",
            )
            raise InputError(FAILED)
        claims = self._asked(self._claims, str(given["code"]), began)
        subject = f"{self.issuer} {claims['sub']}"
        return Identity(subject, _name(claims), self._role(claims)), began["to"]

    def _role(self, claims: Values) -> Role | None:
        """The one that may most, of those that the claim names; None: no role."""
        found: Any = claims
        for part in self.claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        named = found if isinstance(found, list) else [found]
        own: list[Role] = [role for value, role in self.roles.items() if value in named]
        return max(own, key=get_args(Role).index, default=None)

    def _claims(self, code: str, began: Values) -> Values:
        """What the provider says of who signed in, once that is known to be genuine and ours."""
        import httpx
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.jwk import KeySet

        metadata = self._metadata()
        tokens = self._tokens(metadata, code, began["verifier"])
        keys = httpx.get(metadata["jwks_uri"], timeout=TIMEOUT).raise_for_status().json()
        token = jwt.decode(tokens["id_token"], KeySet.import_key_set(keys), ALGORITHMS)
        right = {"iss": {"value": self.issuer}, "aud": {"value": self.client}}
        told = {"nonce": began["nonce"], "client_id": self.client}
        told["access_token"] = tokens.get("access_token", "")
        claims = CodeIDToken(token.claims, token.header, right, told)
        claims.validate(leeway=LEEWAY)
        return claims

    def _tokens(self, metadata: Values, code: str, verifier: str) -> Values:
        import httpx

        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": verifier,
            "client_id": self.client,
        }
        known = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = self.secret and "client_secret_basic" in known
        if self.secret and not basic:
            values["client_secret"] = self.secret
        own = (quote(self.client, safe=""), quote(self.secret, safe="")) if basic else None
        address = metadata["token_endpoint"]
        answer = httpx.post(address, data=values, auth=own, timeout=TIMEOUT)
        return answer.raise_for_status().json()

    def _metadata(self) -> Values:
        """What the provider publishes of itself, at most some minutes old."""
        period = int(time.monotonic() / FRESH)
        metadata = self._published.get(period)
        if metadata is None:
            metadata = self._fetched_metadata()
            self._published.clear()
            self._published[period] = metadata
        return metadata

    def _fetched_metadata(self) -> Values:
        import httpx

        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = httpx.get(address, timeout=TIMEOUT).raise_for_status().json()
        if metadata["issuer"] != self.issuer:
            raise ValueError(f"the provider calls itself {metadata['issuer']}")
        return metadata

    def _asked(self, ask: Any, *given: Any) -> Values:
        """What the provider answers. Raises InputError, and says in the log why."""
        import httpx
        from joserfc.errors import JoseError

        try:
            return ask(*given)
        except (httpx.HTTPError, JoseError, KeyError, TypeError, ValueError) as exc:
            log.warning("a sign-in failed: %s: %s", type(exc).__name__, exc)
            raise InputError(FAILED) from exc


def provider_of(settings: Settings, signatures: Signatures) -> Provider | None:
    """The one that the settings name. Raises InputError for what cannot be used."""
    if not settings.oidc_issuer:
        return None
    for name in ("oidc_issuer", "oidc_address"):
        address = urlsplit(getattr(settings, name))
        safe = address.scheme == "https" or address.hostname in LOOPBACK
        if not safe or address.scheme not in ("http", "https"):
            raise InputError(f"MM_SUPPORT_{name.upper()} must be an address with https.")
    if not settings.oidc_client:
        raise InputError("MM_SUPPORT_OIDC_CLIENT must name this service as the provider knows it.")
    claim, roles = _roles(settings.oidc_roles)
    own = signatures.derived("sign-in at a provider")
    back = f"{settings.oidc_address.rstrip('/')}{BACK}"
    issuer, client, secret = settings.oidc_issuer, settings.oidc_client, settings.oidc_secret
    return Provider(issuer, client, secret, back, claim, roles, own)


def _roles(text: str) -> tuple[str, dict[str, Role]]:
    """ "groups: support=agent, it=admin" -> the claim, and its values with their roles."""
    claim, _, pairs = text.partition(":")
    found = [pair.rpartition("=") for pair in pairs.split(",") if pair.strip()]
    roles = {value.strip(): role.strip() for value, _, role in found}
    if not claim.strip() or not roles or not {*roles.values()} <= {*get_args(Role)} or "" in roles:
        raise InputError("MM_SUPPORT_OIDC_ROLES must be like 'groups: support=agent, it=admin'.")
    return claim.strip(), cast(dict[str, Role], roles)


def _name(claims: Values) -> str:
    return next(str(claims[key]) for key in NAMES if claims.get(key))
