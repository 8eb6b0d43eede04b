"""Only public hosts are contacted, and the judged address is the one that is connected to."""

import pytest

from truenav.connect.notify.addresses import (
    HostNotAllowedError,
    HostUnknownError,
    is_public,
    safe_address,
)

INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.5",
    "172.16.1.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:db8::1",
    "not an address",
)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_public_in_any_disguise(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_open_internet_is(address):
    assert is_public(address)


def test_one_inside_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(HostNotAllowedError, match="administrator"):
        safe_address("mixed.test", 443, allowed=(), resolve=lambda *_: ["8.8.8.8", "10.0.0.1"])


def test_an_allowed_host_may_lead_anywhere():
    found = safe_address("Relay.Test.", 25, allowed={"relay.test"}, resolve=lambda *_: ["10.0.0.1"])
    assert found == "10.0.0.1"


def test_a_name_is_resolved_once():
    asked = []

    def resolve(host, port):
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    assert safe_address("rebind.test", 443, allowed=(), resolve=resolve) == "8.8.8.8"
    assert asked == ["rebind.test"]


def test_a_name_that_leads_nowhere_is_told():
    def resolve(host, port):
        raise OSError

    with pytest.raises(HostUnknownError):
        safe_address("nowhere.test", 443, allowed=(), resolve=resolve)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
def test_this_machine_under_its_odd_names_is_refused(host):
    with pytest.raises((HostNotAllowedError, HostUnknownError)):
        safe_address(host, 80, allowed=())
