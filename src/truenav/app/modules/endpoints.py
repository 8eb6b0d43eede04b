"""The modules of the tenant."""

from __future__ import annotations

from truenav.app.access.role_schemas import ModuleAnswer, ModulesBody, module_answers
from truenav.app.http.context import NowDep, PrincipalDep, SessionDep
from truenav.app.http.routes import Router, requires
from truenav.app.modules.service import switch_modules
from truenav.store import roles

router = Router(prefix="/modules", tags=["modules"])


@router.get("", dependencies=[requires("self:read")])
def list_modules(session: SessionDep) -> list[ModuleAnswer]:
    """Every module, and whether it is on."""
    return module_answers(roles.modules_off(session))


@router.put("", dependencies=[requires("module:write")])
def put_modules(
    body: ModulesBody, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> list[ModuleAnswer]:
    """Switch modules: the endpoints of one that is off answer 404, its jobs and schedules do not run."""
    return module_answers(switch_modules(session, principal, body.switches, now=now))
