from pathlib import Path

import pytest

from truenav.app.settings import SettingError, Settings, read_settings


def test_nothing_set_gives_the_defaults_below_the_present_folder():
    settings = read_settings({"TRUENAV_DATABASE_URL": ""})
    assert settings == Settings(data_dir=Path(".truenav").absolute())
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8800, None)


def test_everything_can_be_set_and_secrets_are_not_printed():
    settings = read_settings(
        {
            "TRUENAV_DATA_DIR": "/srv/truenav",
            "TRUENAV_DATABASE_URL": "postgresql://canary@db/truenav",
            "TRUENAV_HOST": "0.0.0.0",
            "TRUENAV_PORT": "80",
            "TRUENAV_MASTER_KEY": "canary",
            "TRUENAV_LOG_LEVEL": "debug",
        }
    )
    assert (settings.data_dir, settings.host, settings.port) == (Path("/srv/truenav"), "0.0.0.0", 80)
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    "bad", [{"TRUENAV_PORT": "http"}, {"TRUENAV_PORT": "70000"}, {"TRUENAV_LOG_LEVEL": "loud"}]
)
def test_a_value_that_cannot_be_used_is_refused_by_name(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        read_settings(bad)


def test_an_object_store_needs_all_of_its_settings():
    whole = {
        "TRUENAV_S3_ENDPOINT": "https://s3.example.com",
        "TRUENAV_S3_BUCKET": "truenav",
        "TRUENAV_S3_ACCESS_KEY": "key",
        "TRUENAV_S3_SECRET_KEY": "hush",
    }
    found = read_settings(whole).s3
    assert found is not None
    assert (found.name, found.region) == ("truenav", "us-east-1")
    assert "hush" not in repr(read_settings(whole))
    with pytest.raises(SettingError, match="TRUENAV_S3_SECRET_KEY is missing"):
        read_settings({**whole, "TRUENAV_S3_SECRET_KEY": ""})
    assert read_settings({}).s3 is None


@pytest.mark.parametrize(
    "given", ["https://nav.example.com", "https://NAV.example.com:8443/", "http://localhost:8800"]
)
def test_the_public_address_is_an_origin(given):
    found = read_settings({"TRUENAV_PUBLIC_URL": given}).public_url
    assert found == given.lower().rstrip("/")


@pytest.mark.parametrize(
    "given",
    ["nav.example.com", "http://nav.example.com", "https://", "https://a.test/app", "https://a.test?x=1"],
)
def test_a_public_address_that_passkeys_could_not_be_bound_to_is_refused(given):
    with pytest.raises(SettingError, match="TRUENAV_PUBLIC_URL"):
        read_settings({"TRUENAV_PUBLIC_URL": given})


def test_private_identity_providers_are_allowed_by_one_word_only():
    assert read_settings({"TRUENAV_PRIVATE_ISSUERS": "1"}).private_issuers
    assert not read_settings({"TRUENAV_PRIVATE_ISSUERS": "yes"}).private_issuers
