"""The files for containers say what the hub can do; containers themselves are not started."""

from __future__ import annotations

import re
import ssl
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from connectors._kit.discover import discover
from hub.bootstrap import Kind
from hub.settings import Settings, load

REPOSITORY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
HUB = {name: service for name, service in SERVICES.items() if service["image"] == "qovsaq"}


def test_every_kind_of_worker_has_a_container() -> None:
    commands = [service["command"] for service in HUB.values()]
    assert [command[1] for command in commands if command[0] == "run"] == list(map(str, Kind))


@pytest.mark.parametrize("kind", list(Kind))
def test_a_worker_is_asked_for_its_health_on_the_port_it_listens_on(kind: Kind) -> None:
    port = Settings.model_fields["metrics_port"].default + list(Kind).index(kind)
    assert f":{port}/health" in SERVICES[kind]["healthcheck"]["test"][-1]
    assert SERVICES[kind]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_environment_names_only_settings_that_exist() -> None:
    names = {name for service in HUB.values() for name in service["environment"]}
    assert names <= {f"QOVSAQ_{name.upper()}" for name in Settings.model_fields}


def test_what_a_container_waits_for_exists_and_can_be_waited_for() -> None:
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            healthy = wait["condition"] == "service_healthy"
            assert ("healthcheck" in SERVICES[name]) is healthy


def test_passwords_are_files_and_stand_nowhere_in_the_compose_file() -> None:
    files = {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert all(file.startswith(".qovsaq/secrets/") for file in files)
    for service in SERVICES.values():
        texts = [str(value) for value in service.get("environment", {}).values()]
        assert not any("://" in text for text in texts)


def test_nothing_listens_outside_the_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_hub_runs_without_rights_and_on_a_read_only_file_system() -> None:
    last_stage = (REPOSITORY / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root|0\b)\w+", last_stage, re.MULTILINE)
    assert all(service["read_only"] for service in HUB.values())
    assert all(service["cap_drop"] == ["ALL"] for service in HUB.values())


def test_every_container_is_confined_and_limited() -> None:
    for service in SERVICES.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
        assert service.get("user", "nobody") not in ("root", "0")


def test_images_of_others_are_pinned_to_a_release() -> None:
    images = {s["image"] for s in SERVICES.values()} - {"qovsaq"}
    assert len(images) == 5
    assert [i for i in images if not re.search(r":v?\d+\.\d+(\.\d+)?(-management)?$", i)] == []


def test_files_that_are_mounted_exist() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert files
    assert [file for file in files if not (REPOSITORY / file).exists()] == []


def test_prometheus_scrapes_every_process_where_it_listens() -> None:
    config = yaml.safe_load((REPOSITORY / "ops/prometheus/prometheus.yml").read_text("utf-8"))
    targets = set()
    for job in config["scrape_configs"]:
        for static in job.get("static_configs", []):
            targets |= set(static["targets"])
        for found in job.get("dns_sd_configs", []):
            targets |= {f"{name}:{found['port']}" for name in found["names"]}
    port = Settings.model_fields["metrics_port"].default
    processes = {f"{kind}:{port + place}" for place, kind in enumerate(Kind)}
    assert targets == processes | {"rabbitmq:15692"}


def test_what_the_image_is_built_from_is_there_and_not_kept_out() -> None:
    kept = set(
        re.findall(r"^!(\S+)", (REPOSITORY / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    )
    lines = re.findall(
        r"^COPY (.+) \S+$", (REPOSITORY / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    copied = {name for line in lines for name in line.split()}
    assert copied <= kept


@pytest.mark.skipif(not (REPOSITORY / "connectors").is_dir(), reason="this is no checkout")
def test_drawn_secrets_are_settings_and_are_drawn_only_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    command = [str(REPOSITORY / "ops" / "docker" / "secrets.sh"), str(folder)]

    subprocess.run(command, check=True, timeout=200)
    drawn = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    subprocess.run(command, check=True, timeout=200)

    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == drawn
    ministries = (tmp_path / "ministry-passwords").read_text("utf-8").splitlines()
    assert [line.split()[0] for line in ministries] == sorted(discover())
    assert not any(line.split()[1] in drawn["definitions.json"] for line in ministries)
    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} == drawn.keys()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    settings = load(**tomllib.loads(drawn["hub.toml"]), metrics_host="0.0.0.0")  # no plain way
    assert settings.database_url is not None
    assert drawn["hub-password"] in settings.database_url.get_secret_value()
    assert drawn["postgres-password"] not in drawn["hub.toml"]


@pytest.mark.skipif(not (REPOSITORY / "connectors").is_dir(), reason="this is no checkout")
def test_certificates_are_good_for_the_names_containers_go_by_and_can_be_renewed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "secrets"
    command = [str(REPOSITORY / "ops" / "docker" / "secrets.sh"), str(folder)]
    subprocess.run(command, check=True, timeout=30)
    before = (folder / "hub.pem").read_bytes()
    subprocess.run([*command, "renew"], check=True, timeout=30)

    assert (folder / "hub.pem").read_bytes() != before
    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    names: dict[str, set[str]] = {
        "hub": set(Kind),
        "rabbitmq": {"rabbitmq"},
        "postgres": {"postgres"},
    }
    for name, reached_as in names.items():
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        certificate.verify_directly_issued_by(authority)
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert reached_as <= set(found.value.get_values_for_type(x509.DNSName))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    key = tmp_path / "authority.key"
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_only_migrations_run_as_the_owner_of_the_database() -> None:
    owners = {name for name, service in HUB.items() if "owner.toml" in service["secrets"]}
    assert owners == {"migrate"}
    assert HUB["migrate"]["environment"]["QOVSAQ_CONFIG"].endswith("/owner.toml")
    assert "hub.toml" not in HUB["migrate"]["secrets"]
