import pytest
from starlette.requests import Request

from truenav.app.login.parties import NoPublicAddressError, public_origin, relying_party
from truenav.app.settings import Settings


def request(scheme, host):
    headers = [(b"host", host.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "scheme": scheme, "headers": headers})


def test_the_address_that_was_set_holds_whatever_the_request_says():
    settings = Settings(public_url="https://nav.example.com:8443")
    party = relying_party(request("http", "evil.test"), settings)
    assert (party.id, party.origin) == ("nav.example.com", "https://nav.example.com:8443")


def test_without_a_setting_localhost_is_believed_with_its_port():
    assert public_origin(request("http", "localhost:8800"), Settings()) == "http://localhost:8800"


@pytest.mark.parametrize(
    ("scheme", "host"),
    [
        ("http", "127.0.0.1:8800"),
        ("http", "evil.test"),
        ("https", "evil.test"),
        ("http", "localhost.evil.test"),
    ],
)
def test_no_other_host_is_believed_without_a_setting(scheme, host):
    with pytest.raises(NoPublicAddressError, match="TRUENAV_PUBLIC_URL"):
        public_origin(request(scheme, host), Settings())
