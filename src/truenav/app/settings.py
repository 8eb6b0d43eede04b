"""Settings of an installation, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from truenav.core.failure import InvalidInputError
from truenav.store.objects import Bucket

_S3 = ("TRUENAV_S3_ENDPOINT", "TRUENAV_S3_BUCKET", "TRUENAV_S3_ACCESS_KEY", "TRUENAV_S3_SECRET_KEY")


class SettingError(InvalidInputError):
    """An environment variable has a value that cannot be used."""

    code = "bad-setting"
    title = "A setting cannot be used"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where data lies and where we listen.

    ``database_url`` None: the embedded PostgreSQL under ``data_dir``; else the URL of a role of your own
    server that may make roles and a database. ``master_key`` None: the key file under ``data_dir``.
    ``s3``: the bucket in which payloads and segments lie; None: under ``data_dir``. ``mirror_dir``: a folder
    on another disk, to which everything is written before it is acknowledged. ``public_url``: the address
    that people open, to which passkeys are bound and identity providers return; None: http://localhost.
    ``private_issuers``: identity providers may stand in a private network, or on this machine over http.
    ``private_hosts``: names and addresses of venues and price sources that may stand there, too.
    ``limits_dir``: where processes behind one address count what they ask of venues; None: in ``data_dir``.
    """

    data_dir: Path = Path(".truenav")
    database_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8800
    master_key: str | None = field(default=None, repr=False)
    log_level: str = "info"
    s3: Bucket | None = None
    mirror_dir: Path | None = None
    public_url: str | None = None
    private_issuers: bool = False
    private_hosts: frozenset[str] = frozenset()
    limits_dir: Path | None = None

    @property
    def limits_folder(self) -> Path:
        """Where processes count together what they ask of venues."""
        return self.limits_dir or self.data_dir / "limits"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from ``TRUENAV_*`` variables; an empty one counts as not set."""
    given = {name: value for name, value in environment.items() if value}
    default = Settings()
    return Settings(
        data_dir=Path(given.get("TRUENAV_DATA_DIR", default.data_dir)).absolute(),
        database_url=given.get("TRUENAV_DATABASE_URL"),
        host=given.get("TRUENAV_HOST", default.host),
        port=_port(given.get("TRUENAV_PORT", str(default.port))),
        master_key=given.get("TRUENAV_MASTER_KEY"),
        log_level=_log_level(given.get("TRUENAV_LOG_LEVEL", default.log_level)),
        s3=_s3(given),
        mirror_dir=Path(given["TRUENAV_MIRROR_DIR"]).absolute() if "TRUENAV_MIRROR_DIR" in given else None,
        public_url=_public_url(given.get("TRUENAV_PUBLIC_URL")),
        private_issuers=given.get("TRUENAV_PRIVATE_ISSUERS") == "1",
        private_hosts=frozenset(given.get("TRUENAV_PRIVATE_HOSTS", "").lower().replace(",", " ").split()),
        limits_dir=Path(given["TRUENAV_LIMITS_DIR"]).absolute() if "TRUENAV_LIMITS_DIR" in given else None,
    )


def _s3(given: Mapping[str, str]) -> Bucket | None:
    missing = [name for name in _S3 if name not in given]
    if len(missing) == len(_S3):
        return None
    if missing:
        raise SettingError(f"{missing[0]} is missing; an object store needs {', '.join(_S3)}.")
    endpoint, name, access_key, secret_key = (given[name] for name in _S3)
    return Bucket(endpoint, name, access_key, secret_key, given.get("TRUENAV_S3_REGION", "us-east-1"))


def _public_url(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "localhost")
    if not safe or parts.hostname is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingError(
            f"TRUENAV_PUBLIC_URL: {text[:80]!r}; use https:// and a host name, without a path, for example "
            "https://nav.example.com (http:// for localhost only)."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise SettingError(f"TRUENAV_PORT: {text[:20]!r} is not a port; use a number from 0 to 65535.")
    return int(text)


def _log_level(text: str) -> str:
    if text not in ("debug", "info", "warning", "error"):
        raise SettingError(f"TRUENAV_LOG_LEVEL: {text[:20]!r}; use debug, info, warning or error.")
    return text
