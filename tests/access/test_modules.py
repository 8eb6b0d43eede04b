import pytest

from truenav.access.actions import ACTIONS
from truenav.access.modules import MODULES, ModuleOffError, module_of, parse_module, refuse_module_off
from truenav.core.failure import InvalidInputError

NEVER_OFF = {"self", "user", "role", "module", "audit", "job", "event", "tenant", "view"}


def test_every_action_belongs_to_a_module_or_can_never_be_switched_off():
    loose = {action.partition(":")[0] for action in ACTIONS if module_of(action) is None}
    assert loose <= NEVER_OFF


def test_jobs_belong_to_the_module_of_their_noun():
    assert (module_of("nav.advance"), module_of("source.gather")) == ("nav", "sources")


def test_only_what_is_off_is_refused():
    refuse_module_off("nav", {"explore"})
    refuse_module_off(None, set(MODULES))
    with pytest.raises(ModuleOffError, match="'nav' is switched off"):
        refuse_module_off("nav", {"nav"})


def test_an_unknown_module_is_refused():
    assert parse_module("nav").zh == "净值"
    with pytest.raises(InvalidInputError, match="not a module"):
        parse_module("access")
