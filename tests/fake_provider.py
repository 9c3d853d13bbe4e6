"""A provider of OpenID Connect on the loopback: who signs in there is whom `claims` describe."""

import base64
import hashlib
import time
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from loopback import Handler, Loopback

CLIENT, SECRET = "support-desk", "a secret of the client"


class Calls(Handler):
    def do_GET(self):
        status, values = self.server.provider.published(urlsplit(self.path).path)
        self.tell(values, status)

    def do_POST(self):
        given = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
        named = self.headers.get("authorization", "")
        status, values = self.server.provider.tokens(given, named)
        self.tell(values, status)


class FakeProvider:
    """claims: what the next token says beside or instead of what is right; None leaves one out.
    signed_by: a key of an algorithm that is not the published one.
    """

    def __init__(self):
        self.claims, self.signed_by, self.asked, self.codes = {}, None, [], {}
        self.looked = 0  # how often somebody asked what is published
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"}, auto_kid=False)
        self.server = Loopback(Calls, provider=self)
        self.issuer = self.calls_itself = self.server.url
        self.close = self.server.close

    def published(self, path):
        if path == "/.well-known/openid-configuration":
            self.looked += 1
            names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token"}
            addresses = {name: self.issuer + path for name, path in names.items()}
            return 200, {"issuer": self.calls_itself, "jwks_uri": f"{self.issuer}/keys"} | addresses
        return 200, {"keys": [self.key.as_dict(private=False)]}

    def sign_in(self, address):
        """What the browser brings back once somebody has signed in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and "openid" in asked["scope"].split()
        assert asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256"
        code = f"code {len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def tokens(self, given, authorization):
        self.asked.append(given)
        begun = self.codes.pop(given.get("code"), {})  # a code is good for once
        named = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        verifier = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        fits = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if (
            named != f"{CLIENT}:{SECRET.replace(' ', '%20')}"
            or begun.get("code_challenge") != fits
            or begun.get("redirect_uri") != given.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        token = self.token(begun["nonce"])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def token(self, nonce):
        seconds = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "7", "nonce": nonce, "name": "Ada"}
        claims |= {"iat": seconds, "exp": seconds + 60, "groups": ["support"]} | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signed_by or self.key
        algorithm = "HS256" if isinstance(key, OctKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key)
