"""The way to the company's own sign-in and back, see mm_support/desk/oidc.py. The token of a new
sign-in comes to the page behind #, which no server and no log gets to see.
"""

from __future__ import annotations

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from demo.service import Accounts
from mm_support.desk.oidc import BACK, LASTS, Provider
from mm_support.errors import SupportError

BEGIN = "/sign-in"
PAGES = ("desk", "workshop")
COOKIE = "mm-support-sign-in"


def sign_in_routes(provider: Provider, accounts: Accounts) -> list[Route]:
    async def begin(request: Request) -> Response:
        to = request.query_params.get("to", "")
        try:
            wanted = to if to in PAGES else PAGES[0]
            address, kept = await run_in_threadpool(provider.begin, wanted)
        except SupportError as problem:
            return told(problem)
        answer = RedirectResponse(address, 303)
        secure = provider.back.startswith("https:")
        answer.set_cookie(
            COOKIE, kept, max_age=LASTS, path=BEGIN, secure=secure, httponly=True, samesite="lax"
        )
        return answer

    async def back(request: Request) -> Response:
        kept = request.cookies.get(COOKIE, "")
        try:
            who, to = await run_in_threadpool(provider.finish, request.query_params, kept)
            token = await run_in_threadpool(accounts.sign_in_as, who)
            answer: Response = RedirectResponse(f"../{to}#key={token}", 303)
        except SupportError as problem:
            answer = told(problem)
        answer.delete_cookie(COOKIE, path=BEGIN)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return [Route(BEGIN, begin), Route(BACK, back)]


def told(problem: SupportError) -> Response:
    return HTMLResponse(f"<!doctype html><p>{escape(str(problem))}</p>", 403)
