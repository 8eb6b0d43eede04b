"""``truenav schedule`` as a person uses it, on an installation of its own."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from truenav.access.bootstrap import create_tenant
from truenav.access.users import NewUser
from truenav.app.house import open_house
from truenav.app.schedule.model import BadScheduleError
from truenav.app.settings import Settings
from truenav.cli import truenav
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node, NodeKind
from truenav.store import definitions
from truenav.store.definitions import DefinitionNotFoundError, Kind
from truenav.store.postgres import EmbeddedPostgres

_PASSWORD = "violet otter climbs 7 stairs"


@pytest.fixture
def run(initialised_postgres, tmp_path, monkeypatch):
    """Runs a command as somebody who is logged in."""
    shutil.copytree(initialised_postgres, tmp_path / "postgres")
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("TRUENAV_DATABASE_URL", raising=False)
    try:
        with open_house(Settings(data_dir=tmp_path)) as house:
            now = house.clock.now()
            anna = NewUser("anna", "Anna", "anna@acme.test", ("administrator", "manager"), _PASSWORD)
            create_tenant(house.database, "acme", name="Acme", administrator=anna, now=now)
            with house.database.transaction("acme") as session:
                fund = Node(NodeId("alpha"), "Alpha", NodeKind.FUND)
                definitions.put(session, Kind.NODE, fund.id, fund, by="anna", at=now)
            monkeypatch.setenv(
                "TRUENAV_TOKEN", house.access.log_in(anna.email, _PASSWORD, address="here").token
            )

        def invoke(*arguments):
            result = CliRunner().invoke(truenav, ["schedule", *arguments])
            if result.exception is not None:
                raise result.exception
            return result.stdout

        yield invoke
    finally:
        EmbeddedPostgres(tmp_path / "postgres").stop()


def test_a_schedule_is_added_shown_and_removed(run):
    with pytest.raises(DefinitionNotFoundError, match="nowhere"):
        run("add", "close", "nowhere", "0 17 * * *")
    with pytest.raises(BadScheduleError, match="five fields"):
        run("add", "close", "alpha", "daily")
    run("add", "close", "alpha", "0 17 * * *", "--time-zone", "Asia/Tokyo", "--numeraire", "BTC")
    (row,) = json.loads(run("list", "--output", "json"))
    assert (row["schedule"], row["numeraire"], row["version"]) == ("close", "BTC", 1)
    times = json.loads(run("next", "close", "--count", "3", "--output", "json"))
    assert [time["due_at"][10:] for time in times] == ["T08:00:00Z"] * 3
    assert all(time["local"].endswith("T17:00:00+09:00") for time in times)
    assert times[0]["due_at"] == row["next_at"]
    run("remove", "close")
    assert json.loads(run("list", "--output", "json")) == []
