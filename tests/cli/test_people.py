"""Log-in, users, tokens and the audit trail by command."""

from __future__ import annotations

import json
import re
import stat
from datetime import UTC, datetime

import pyotp
from tests.cli.conftest import PASSWORD

from truenav.access import factors
from truenav.access.policy import Principal
from truenav.app.house import open_house
from truenav.app.settings import Settings
from truenav.core.ids import TenantId, UserId


def test_the_session_is_readable_by_its_owner_alone_and_ends_at_log_out(shell):
    path = shell.data_dir / "cli-session"
    shell.log_in("manager")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = path.read_text()
    shell.ok("account", "list")
    shell.ok("logout")
    assert not path.exists()
    shell.monkeypatch.setenv("TRUENAV_TOKEN", kept)
    assert shell("account", "list").code == 5


def test_nobody_logged_in_is_told_how(shell):
    ran = shell("account", "list")
    assert ran.code == 5
    assert "truenav login" in ran.err
    assert shell("logout").code == 0


def test_a_wrong_password_is_refused_without_saying_what_is_wrong(shell):
    email = f"manager@{shell.tenant}.test"
    ran = shell("login", "--email", email, "--password-stdin", stdin="not it at all\n")
    assert ran.code == 5
    assert "e-mail address or the password" in ran.err
    assert not (shell.data_dir / "cli-session").exists()


def test_without_a_terminal_no_password_is_asked_for(shell):
    ran = shell("login", "--email", "a@b.test")
    assert ran.code == 2
    assert "--password-stdin" in ran.err


def test_bootstrap_makes_a_tenant_once(shell):
    arguments = ("user", "bootstrap", f"{shell.tenant}-new", "--email", f"root@{shell.tenant}.test")
    weak = shell(*arguments, "--password-stdin", stdin="password\n")
    assert weak.code == 2
    shell.ok(*arguments, "--password-stdin", stdin=PASSWORD + "\n")
    assert shell(*arguments, "--password-stdin", stdin=PASSWORD + "\n").code == 4
    shell.ok("login", "--email", f"root@{shell.tenant}.test", "--password-stdin", stdin=PASSWORD + "\n")
    assert [one["id"] for one in json.loads(shell.ok("user", "list", "--output", "json"))] == ["admin"]


def test_an_administrator_adds_changes_and_locks_out(shell):
    shell.log_in("administrator")
    email = f"ana@{shell.tenant}.test"
    shell.ok("user", "add", "ana", "--email", email, "--role", "risk", "--password-stdin", stdin=PASSWORD)
    shell.ok("user", "change", "ana", "--name", "Ana", "--role", "finance", "--role", "risk")
    shell.ok("login", "--email", email, "--password-stdin", stdin=PASSWORD + "\n")
    assert shell("user", "list").code == 5
    shell.log_in("administrator")
    assert shell("user", "change", "ana").code == 2
    assert shell("user", "change", "administrator", "--role", "manager").code == 5
    shell.ok("user", "disable", "ana")
    users = {one["id"]: one for one in json.loads(shell.ok("user", "list", "--output", "json"))}
    assert users["ana"]["roles"] == ["finance", "risk"]
    assert users["ana"]["disabled_at"]
    assert shell("login", "--email", email, "--password-stdin", stdin=PASSWORD + "\n").code == 5
    shell.ok("user", "disable", "ana", "--undo")
    shell.ok("login", "--email", email, "--password-stdin", stdin=PASSWORD + "\n")


def test_a_token_does_what_its_scopes_say_until_it_is_revoked(shell):
    shell.log_in("manager")
    token = shell.ok("token", "issue", "ci", "--scope", "nav:read").strip()
    (listed,) = json.loads(shell.ok("token", "list", "--output", "json"))
    assert token not in json.dumps(listed)
    shell.monkeypatch.setenv("TRUENAV_TOKEN", token)
    shell.ok("nav", "list")
    assert shell("account", "list").code == 5
    shell.monkeypatch.delenv("TRUENAV_TOKEN")
    shell.ok("token", "revoke", listed["id"])
    assert shell("token", "revoke", listed["id"]).code == 3
    shell.monkeypatch.setenv("TRUENAV_TOKEN", token)
    assert shell("nav", "list").code == 5


def test_the_audit_trail_verifies_here_and_offline_and_a_change_is_named(shell):
    shell.log_in("auditor")
    head = shell.ok("audit", "verify").strip()
    lines = shell.ok("audit", "export")
    exported = shell.write("trail.jsonl", lines)
    shell.log_in("auditor")
    assert shell.ok("audit", "verify", "--file", exported, "--head", head).strip() == head
    shell.ok("audit", "verify", "--head", head)
    assert json.loads(shell.ok("audit", "list", "--output", "json"))[0]["action"] == "log-in"
    changed = shell(
        "audit", "verify", "--file", shell.write("changed.jsonl", lines.replace("auditor", "nobody"))
    )
    assert changed.code == 1
    assert "Entry 1 does not hold" in changed.err
    cut = shell("audit", "verify", "--file", shell.write("cut.jsonl", ""), "--head", head)
    assert cut.code == 1
    assert "cut off" in cut.err
    assert shell("audit", "verify", "--head", "nonsense").code == 2
    shell.log_in("manager")
    assert shell("audit", "list").code == 5


def test_who_has_a_second_factor_gives_a_code_on_the_second_line(shell):
    email = f"manager@{shell.tenant}.test"
    secret = _with_generator(shell, "manager")
    without = shell("login", "--email", email, "--password-stdin", stdin=PASSWORD + "\n")
    assert without.code == 5
    code = pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=1)  # this step's code was used
    told = shell("login", "--email", email, "--password-stdin", stdin=f"{PASSWORD}\n{code}\n")
    assert told.code == 0
    assert "1 log-ins failed" in told.err
    shell.ok("account", "list")
    shell.log_in("administrator")
    (session,) = json.loads(shell.ok("user", "sessions", "manager", "--output", "json"))
    assert session["methods"] == "password, totp"
    shell.ok("user", "reset-factors", "manager")
    assert json.loads(shell.ok("user", "sessions", "manager", "--output", "json")) == []
    shell.log_in("manager")
    assert shell("user", "reset-factors", "manager").code == 5


def test_links_let_people_in_and_are_printed_once(shell):
    shell.log_in("administrator")
    link = shell.ok("user", "invite", "ana", "--email", f"ana@{shell.tenant}.test", "--role", "risk").strip()
    assert re.fullmatch(r"http://localhost:\d+/welcome#[\w.-]+", link)
    assert shell.ok("user", "password-link", "ana").strip() != link
    assert shell("user", "password-link", "nobody").code == 3
    shell.ok("user", "sessions", "manager", "--end")


def _with_generator(shell, user):
    """Add a generator to a user; gives its secret."""
    with open_house(Settings(data_dir=shell.data_dir)) as house:
        who = Principal(UserId(user), TenantId(shell.tenant), frozenset({user}))
        now = house.clock.now()
        with house.database.transaction(shell.tenant) as session:
            made = factors.begin_generator(session, house.vault, who, name="phone", now=now)
            code = pyotp.TOTP(made.secret).at(now)
            factors.confirm_generator(session, house.vault, who, made.id, code=code, now=now)
    return made.secret
