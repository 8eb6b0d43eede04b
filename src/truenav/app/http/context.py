"""What endpoints ask for: who calls, the transaction, the house, the present instant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.http.login import Caller
from truenav.app.sight import Sight, sight_of
from truenav.store.database import Session


# Asynchronous, so that they run at once instead of each on a thread of its own.
async def house(request: Request) -> House:
    """The installation."""
    found: House = request.app.state.house
    return found


async def caller(request: Request) -> Caller:
    """Who calls, with the secret they proved it with."""
    found: Caller = request.state.caller
    return found


async def principal(request: Request) -> Principal:
    """Who calls."""
    found: Caller = request.state.caller
    return found.principal


async def session(request: Request) -> Session:
    """The transaction of this request, in the caller's tenant; it commits after the endpoint returned."""
    found: Session = request.state.session
    return found


async def now(request: Request) -> datetime:
    """The present instant, by the installation's clock."""
    found: House = request.app.state.house
    return found.clock.now()


async def sight(request: Request) -> Sight:
    """What the caller sees of the portfolio; an endpoint that asks for it says ``sight="narrowed"``."""
    found: Caller = request.state.caller
    if found.principal.nodes is None:
        return Sight()
    return await run_in_threadpool(sight_of, request.state.session, found.principal)


HouseDep = Annotated[House, Depends(house)]
CallerDep = Annotated[Caller, Depends(caller)]
PrincipalDep = Annotated[Principal, Depends(principal)]
SessionDep = Annotated[Session, Depends(session)]
SightDep = Annotated[Sight, Depends(sight)]
NowDep = Annotated[datetime, Depends(now)]
