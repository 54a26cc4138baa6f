"""``qovsaq backup|restore``: database, settings and topology."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from connectors._kit.discover import discover
from hub.backup import manifest as manifests
from hub.backup import restoring
from hub.backup.configuration import completed, unseal
from hub.backup.encryption import opening, read_private_key, read_recipient
from hub.backup.making import Source, make
from hub.backup.manifest import SECRETS, SETTINGS, Manifest
from hub.backup.restoring import Dump
from hub.backup.wanted import wanted
from hub.bootstrap import bring_up_to_date, required, utc_now
from hub.cli.backup_shown import show
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson
from hub.cli.ready import command_settings, transaction
from hub.evidence import backups, operators
from hub.evidence.backups import Backup, Event
from hub.evidence.holders import queues_of
from hub.evidence.sealing import Capsule, KeyDestroyed, Keyring
from hub.settings import Settings
from hub.store.dump import Programs, programs, server_version
from routing import control, keys
from routing.topology import Topology, topology
from schemas.errors import HubError, Stop

Folder = Annotated[Path, typer.Argument(help="Folder of the backup: it has a manifest.json.")]


def backup(
    to: Annotated[
        Path | None, typer.Option(help="Folder to make it in; else QOVSAQ_BACKUP__FOLDER.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Restore it into a scratch database and compare.")
    ] = False,
    encrypt_for: Annotated[
        Path | None,
        typer.Option(help="Public key (PEM) to encrypt for; else QOVSAQ_BACKUP__RECIPIENT."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back up database, settings and topology while the hub runs; status 1 if it is not good.

    Run it as the owner of the tables. Secrets are left out, or sealed where there are sealing keys.
    """
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    folder = to or settings.backup.folder
    if folder is None:
        raise typer.BadParameter("say --to, or set QOVSAQ_BACKUP__FOLDER")
    source = _source(settings, url, encrypt_for or settings.backup.recipient)
    by, means = _actor(settings), _programs(settings, url)
    place, manifest, key = make(source, means, folder)
    dump = Dump(place, key)
    verdict = restoring.try_out(url, dump, manifest, means, utc_now()) if verify else None
    if verdict is None or verdict.good:
        _note(settings, place, manifest, by, verified=verdict is not None)
    show(place, manifest, verdict, as_json=as_json)


def restore(
    folder: Folder,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only see whether it is good, in a scratch database.")
    ] = False,
    grant_to: Annotated[
        str | None, typer.Option(help="Role the hub runs as, as for `qovsaq migrate`.")
    ] = None,
    grants_stand: Annotated[
        bool,
        typer.Option("--grants-stand", help="No grant was restricted since: do not suspend them."),
    ] = False,
    settings_to: Annotated[
        Path | None,
        typer.Option(help="Only write the settings, sealed secrets opened, to this file."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Private key (PEM) that opens it; else QOVSAQ_BACKUP__PRIVATE_KEY."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty database, declare the topology; status 1 if it is not good.

    Stop the hub first. What it prints at the end is what people have to do.
    """
    settings = command_settings()
    manifest = manifests.read(folder)
    if settings_to is not None:
        _write_settings(settings, folder, manifest, settings_to)
        return
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    dump = _dump(folder, manifest, key or settings.backup.private_key)
    means = _programs(settings, url)
    if verify:
        verdict = restoring.try_out(url, dump, manifest, means, utc_now())
        show(folder, manifest, verdict, as_json=as_json)
    restoring.restore(url, dump, means)
    verdict = restoring.examine(url, manifest, utc_now())
    if not verdict.good:
        show(folder, manifest, verdict, as_json=as_json)
    bring_up_to_date(url, grant_to)
    with transaction(settings, "restore") as tx:
        suspended = restoring.put_in_order(
            tx, folder, manifest, operators.CONSOLE, utc_now(), grants_stand=grants_stand
        )
        laid_out = wanted(tx, _base(settings))
    if settings.broker_url is not None:
        control.declare(settings.broker_url.get_secret_value(), laid_out)
    show(folder, manifest, verdict, as_json=as_json, suspended=suspended)


def _dump(folder: Path, manifest: Manifest, private_key: Path | None) -> Dump:
    if manifest.encrypted_for is None:
        return Dump(folder)
    if private_key is None:
        raise Stop(
            f"{manifest.database}: encrypted for the key {manifest.encrypted_for}; "
            "say --key, or set QOVSAQ_BACKUP__PRIVATE_KEY"
        )
    private = read_private_key(private_key)
    return Dump(folder, opening(folder / manifest.database, private, manifest.backup))


def _source(settings: Settings, url: str, recipient: Path | None) -> Source:
    def waiting() -> dict[str, int]:
        queues = queues_of(discover(), keys.LANES)
        try:
            return control.depths(required(settings.broker_url, "QOVSAQ_BROKER_URL"), queues)
        except HubError as error:
            # Taken for waiting: whoever restores then asks ministries for more than is missing.
            typer.echo(f"qovsaq: the broker was not asked: {error}", err=True)
            return dict.fromkeys(queues, 1)

    base = _base(settings)
    return Source(
        url=url,
        settings=settings,
        release=version("qovsaq"),
        waiting=waiting,
        topology=lambda tx: wanted(tx, base),
        clock=utc_now,
        recipient=read_recipient(recipient) if recipient else None,
    )


def _base(settings: Settings) -> Topology:
    return topology(discover(), keys.LANES, settings.rungs())


def _programs(settings: Settings, url: str) -> Programs:
    return programs(server_version(url), settings.backup.programs)


def _actor(settings: Settings) -> str:
    """Who makes a backup: an operator who says so, else whoever owns the database."""
    token = token_of(settings)
    if token is None:
        return operators.CONSOLE
    with answering(), transaction(settings, "backup") as tx:
        return operators.authenticate(tx, token).name


def _note(settings: Settings, place: Path, manifest: Manifest, by: str, *, verified: bool) -> None:
    made = Backup(
        manifest.backup, manifest.taken_at, manifest.size, manifests.digest_of(place), verified
    )
    with transaction(settings, "backup") as tx:
        backups.note(tx, Event.MADE, made, by, utc_now())


def _write_settings(settings: Settings, folder: Path, manifest: Manifest, path: Path) -> None:
    text = (folder / SETTINGS).read_text("utf-8")
    if manifest.sealed_with:
        capsule = Capsule(manifest.sealed_with, (folder / SECRETS).read_bytes())
        try:
            keyring = Keyring(settings.evidence.sealing_keys)
            text = completed(text, unseal(capsule, keyring, manifest.backup.hex))
        except KeyDestroyed:
            raise Stop(f"{SECRETS}: the key {manifest.sealed_with} was destroyed") from None
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from None
    path.write_text(text, "utf-8")
    typer.echo(f"{path}: settings as of {manifest.taken_at:%Y-%m-%d %H:%M %Z}")
    for name in manifest.left_out:
        typer.echo(f"not in the backup: {name}")
