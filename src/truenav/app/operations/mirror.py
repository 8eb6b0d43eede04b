"""Restore from a mirror: every commit that was acknowledged, up to the moment the data folder was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from truenav.app.house import database_addresses, open_house
from truenav.app.operations.checks import Checked, check_installation
from truenav.app.operations.restore import put_keys, refuse_full_folder, refuse_without_key
from truenav.app.operations.trail import note
from truenav.app.settings import SettingError, Settings
from truenav.store.objects import FolderObjects, copy_missing
from truenav.store.postgres import Role, restore_cluster
from truenav.store.secrets import MASTER_KEY_FILE


def restore_mirror(
    settings: Settings,
    mirror: Path,
    *,
    keys: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Restore the mirror into the empty data folder of the settings, and check everything in it.

    ``keys``: folder that ``backup --keys-to`` wrote; a mirror holds no master key. The mirror stays as it
    is: the restored installation is mirrored into another folder.
    """
    if settings.database_url is not None or settings.s3 is not None:
        raise SettingError("A mirror is of a data folder; unset TRUENAV_DATABASE_URL and TRUENAV_S3_...")
    if settings.mirror_dir is not None and settings.mirror_dir.resolve() == mirror.resolve():
        raise SettingError("TRUENAV_MIRROR_DIR names the mirror to restore; name an empty folder, or none.")
    refuse_full_folder(settings.data_dir)
    refuse_without_key(mirror, with_keys=keys is not None or settings.master_key is not None)
    put_keys(keys, settings.data_dir)
    report("Restoring payloads and segments.")
    copy_missing(FolderObjects(mirror), FolderObjects(settings.data_dir))
    report("Restoring the database, with its log to the end.")
    restore_cluster(mirror, settings.data_dir / "postgres")
    addresses = database_addresses(settings)
    report("Checking what was restored.")
    with open_house(settings) as house:
        with_keys = settings.master_key is not None or (settings.data_dir / MASTER_KEY_FILE).exists()
        checked = check_installation(house, addresses[Role.BACKUP], with_keys=with_keys)
        note(house, "mirror.restore", mirror.name)
    return checked
