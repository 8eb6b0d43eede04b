from __future__ import annotations

import os
import sys

import pytest

from truenav.store.postgres import PostgresAccountError, launcher
from truenav.store.postgres.account import Account, choose_account, run

SHOW_USER = [sys.executable, "-I", "-c", "import os; print(os.geteuid(), os.getegid())"]


def test_an_ordinary_user_stays_itself_and_root_shows_another() -> None:
    account = choose_account(None)
    uid, gid = map(int, run(account, SHOW_USER).stdout.split())
    assert (uid, gid) == (account.uid, account.gid)
    assert uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="root's way out of being root")
def test_in_the_namespace_files_of_root_belong_to_the_account_shown() -> None:
    account = choose_account(None)
    assert account.kind == "namespace"
    script = f"import os; print(os.stat({str(os.path.dirname(__file__))!r}).st_uid)"
    assert int(run(account, [sys.executable, "-I", "-c", script]).stdout) == account.uid


def test_the_callers_environment_does_not_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c fsync=off")
    shown = run(choose_account(None), [sys.executable, "-I", "-c", "import os; print(*os.environ)"])
    assert "PGOPTIONS" not in shown.stdout


def test_a_program_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(PostgresAccountError, match="no-such-program"):
        run(choose_account(None), ["/no-such-program"])


def test_a_change_of_account_that_the_system_forbids_is_refused_with_the_mend() -> None:
    inner = [sys.executable, "-I", "-S", launcher.__file__, "user", "1", "1", "wait", "/bin/true"]
    with pytest.raises(PostgresAccountError, match="TRUENAV_POSTGRES_USER"):
        run(choose_account(None), inner)


def test_an_ordinary_user_cannot_become_another() -> None:
    if os.geteuid() == 0:
        pytest.skip("root can")
    with pytest.raises(PostgresAccountError, match="only root"):
        choose_account("bin")
    assert choose_account("").kind == Account("same", 1, 1).kind
