"""Opening an installation: the embedded server, or a server of your own."""

import shutil
import stat

import pytest

from truenav.access.bootstrap import create_tenant
from truenav.access.users import NewUser
from truenav.app.house import open_house
from truenav.app.settings import SettingError, Settings
from truenav.store import users as store
from truenav.store.database import DatabaseUnavailableError
from truenav.store.postgres import EmbeddedPostgres, Role

ADMINISTRATOR = NewUser("rosa", "Rosa", "rosa@x.test", ("administrator",), "nine.blue.kettles")


@pytest.fixture
def server(tmp_path, initialised_postgres):
    shutil.copytree(initialised_postgres, tmp_path / "data" / "postgres")
    server = EmbeddedPostgres(tmp_path / "data" / "postgres")
    server.start()
    yield server
    server.stop()


def _has_rosa(settings):
    with open_house(settings) as house, house.database.transaction("demo") as session:
        return [user.id for user in store.list_users(session)] == ["rosa"]


def _make_rosa(settings):
    with open_house(settings) as house:
        create_tenant(house.database, "demo", name="Demo", administrator=ADMINISTRATOR, now=house.clock.now())


def test_the_embedded_server_is_found_again_with_what_it_held(server, tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    _make_rosa(settings)
    assert _has_rosa(settings)


def test_a_server_of_your_own_gets_database_and_roles_and_is_found_again(server, tmp_path):
    url = server.dsn(Role.ADMIN, database="own")
    settings = Settings(data_dir=tmp_path / "elsewhere", database_url=url)
    _make_rosa(settings)
    assert _has_rosa(settings)
    kept = tmp_path / "elsewhere" / "database-passwords.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("postgresql://a:canary@127.0.0.1:1/x?connect_timeout=2", DatabaseUnavailableError),
        ("mysql and canary", SettingError),
    ],
)
def test_a_server_that_cannot_be_reached_is_refused_with_what_to_mend(tmp_path, url, refusal):
    with (
        pytest.raises(refusal, match="TRUENAV_DATABASE_URL") as raised,
        open_house(Settings(data_dir=tmp_path, database_url=url)),
    ):
        pass
    assert "canary" not in raised.value.message
