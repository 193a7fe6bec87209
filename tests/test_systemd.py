"""The units of deploy/systemd for plain machines start what the image starts, with the same limits, and may do as
little.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pnav.backup import configuration as backup_configuration
from pnav.server import entry
from tests.test_compose import BACKUP, OF_THE_WORKER, SECRETS, in_bytes
from tests.test_compose import COMPOSE as WHOLE_COMPOSE
from tests.test_compose import SERVICES as COMPOSE
from tests.test_settings import explained

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy/systemd"
PROCESSES = {
    "pnav-pages@.service": "web",
    "pnav-sockets@.service": "web",
    "pnav-worker.service": "worker",
    "pnav-migrate.service": "migrate",
}
BACKS_UP = "pnav-backup@.service"
CERTIFICATES = ("pnav-certificates.service", "pnav-certificates.timer")  # tests/test_machines.py
# Drop-ins for units that are not ours, with the service of docker-compose.yml to which each corresponds.
LIMITED = {"postgresql": "postgres", "redis": "redis", "caddy": "proxy", "haproxy": "proxy"}
CURRENT = "/opt/pnav/current"  # a link to the version in force
DRAWN = WHOLE_COMPOSE["secrets"] | BACKUP["secrets"]  # deploy/secrets.sh draws these
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def settings(unit: str) -> dict[str, list[str]]:
    """Return each setting of a unit with its values in order."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / unit).read_text().splitlines():
        if line and line[0] not in "#[":
            name, _equals, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def environment_of(unit: str) -> dict[str, str]:
    words = [word for line in settings(unit)["Environment"] for word in line.split()]
    return {name: value for name, _equals, value in (word.partition("=") for word in words)}


def test_units_are_these_and_documents_lead_to_each():
    assert {path.name for path in FOLDER.iterdir()} == {
        *PROCESSES, *CERTIFICATES, BACKS_UP, "pnav.target", "limits"
    }  # fmt: skip
    assert all(f"`{unit.removesuffix('.service').rstrip('@')}" in OPERATIONS for unit in PROCESSES)
    assert all(unit in OPERATIONS for unit in CERTIFICATES)
    assert f"`deploy/systemd/{BACKS_UP}`" in (ROOT / "docs/restore.md").read_text()


@pytest.mark.parametrize("unit", PROCESSES)
def test_unit_starts_an_entry_point_and_writes_no_option(unit):
    (command,) = settings(unit)["ExecStart"]
    assert command == f"{CURRENT}/.venv/bin/python -m pnav.server.entry {PROCESSES[unit]}"
    assert settings(unit)["WorkingDirectory"] == [CURRENT]
    assert settings(unit).get("Restart", ["no"]) == (["no"] if PROCESSES[unit] == "migrate" else ["always"])


@pytest.mark.parametrize("unit", PROCESSES)
def test_secrets_are_credentials_and_each_is_named_once(unit):
    loaded = dict(value.split(":", 1) for value in settings(unit)["LoadCredential"])
    given = environment_of(unit)
    named = {value.removeprefix("%d/") for value in given.values() if value.startswith("%d/")}
    assert named == set(loaded)
    assert {name.removesuffix("_FILE") for name in given} <= explained()
    for credential, path in loaded.items():
        assert path.startswith("/etc/pnav/") and (credential == "web_key" or Path(path).name in DRAWN), path
    own = OF_THE_WORKER if unit == "pnav-worker.service" else set()
    files = {name.removesuffix("_FILE") for name in given if name.endswith("_FILE")}
    assert files == SECRETS | own, "each secret that the settings read"
    owners = [Path(path).name for path in loaded.values() if "_owner_" in path]
    assert len(owners) == (2 if unit == "pnav-migrate.service" else 0)
    assert ("register_digest_key" in loaded) == (unit == "pnav-worker.service")


@pytest.mark.parametrize("unit", ["pnav-pages@.service", "pnav-sockets@.service"])
def test_web_listens_at_the_port_that_its_instance_names(unit):
    given = environment_of(unit)
    assert given["WEB_PORT"] == "%i" and {"WEB_KEY", "WEB_CERTIFICATE"} <= set(given) & set(entry.VARIABLES)
    assert given["PROCESS_ROLE"] == unit.removeprefix("pnav-").removesuffix("@.service")
    closing = int(entry.PRODUCTION_OPTIONS[entry.PRODUCTION_OPTIONS.index("--application-close-timeout") + 1])
    assert int(settings(unit)["TimeoutStopSec"][0]) > closing


@pytest.mark.parametrize("unit", [unit for unit in PROCESSES if PROCESSES[unit] != "migrate"])
def test_process_that_stands_still_is_ended_and_started_anew(unit):
    """The process says when it is ready, and that it works; `tests/scenarios/test_frozen.py` freezes one."""
    said = settings(unit)
    assert said["Type"] == ["notify"] and said["Restart"] == ["always"]
    # A frozen process receives no other signal. It writes no core file, which would contain secrets.
    assert said["WatchdogSignal"] == ["SIGKILL"]
    assert 10 <= int(said["WatchdogSec"][0]) <= 60


@pytest.mark.parametrize("unit", PROCESSES)
def test_unit_has_the_limits_of_compose_and_can_do_as_little(unit):
    limits = settings(unit)
    service = COMPOSE["worker" if PROCESSES[unit] == "worker" else "web"]
    assert in_bytes(limits["MemoryMax"][0].lower()) == in_bytes(service["mem_limit"])
    assert limits["MemorySwapMax"] == ["0"] and limits["LimitCORE"] == ["0"]
    assert limits["TasksMax"] == [str(service["pids_limit"])]
    service = COMPOSE[
        {"pages": "web", "sockets": "sockets", "worker": "worker"}.get(re.split(r"\W", unit)[1], "migrate")
    ]
    weight = round(100 * service.get("cpu_shares", 1024) / 1024)
    assert limits.get("CPUWeight", ["100"]) == [str(weight)], "as in docker-compose.yml, where 1024 is the default"
    assert limits["CapabilityBoundingSet"] == [""] and limits["AmbientCapabilities"] == [""]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert limits[name] == ["yes"], name
    assert limits["ProtectSystem"] == ["strict"] and limits["User"] == ["pnav"]
    assert "RestrictNamespaces" not in limits, "what draws captures leaves its namespaces (common/offload/sandbox.py)"


@pytest.mark.parametrize("name", LIMITED)
def test_what_is_not_ours_gets_the_limits_of_compose_as_a_drop_in(name):
    limits, service = settings(f"limits/{name}.conf"), COMPOSE[LIMITED[name]]
    # HAProxy keeps more at once than the Caddy of one machine.
    most = in_bytes("2g" if name == "haproxy" else service["mem_limit"])
    assert in_bytes(limits["MemoryMax"][0].lower()) == most
    assert limits["TasksMax"] == [str(service["pids_limit"])]
    assert (limits["MemorySwapMax"], limits["LimitCORE"], limits["NoNewPrivileges"]) == (["0"], ["0"], ["yes"])
    needed = [f"CAP_{capability}" for capability in service.get("cap_add", [])]
    assert limits["CapabilityBoundingSet"] == ["", *needed], "the unit's own are forgotten first"
    assert limits.get("AmbientCapabilities", ["", *needed]) == ["", *needed]
    given = dict(word.split("=", 1) for line in limits.get("Environment", []) for word in line.split())
    assert given == {key: service["environment"][key] for key in ("GOMEMLIMIT", "GODEBUG") if name == "caddy"}
    assert f"`deploy/systemd/limits/{name}.conf`" in OPERATIONS


@pytest.mark.parametrize("name", LIMITED)
def test_what_is_not_ours_starts_again_when_it_ended_by_itself(name):
    """As in Compose. PostgreSQL ends when its disk is full, and any of them when it has no memory left."""
    limits = settings(f"limits/{name}.conf")
    assert COMPOSE[LIMITED[name]]["restart"] == "unless-stopped"
    assert limits["Restart"] == [{"postgresql": "on-failure", "caddy": "on-failure"}.get(name, "always")]
    # systemd gives up after five starts within ten seconds, and a full disk stays full for longer.
    assert 5 * int(limits["RestartSec"][0]) > 10


@pytest.mark.parametrize("name", ["content", "keys"])
def test_unit_of_backups_starts_them_with_the_secrets_and_limits_of_compose(tmp_path, name):
    """The credentials are those of this instance, with what the operator writes into /etc/pnav/backup-…, and no secret
    of the site.
    """
    limits = {key: [value.replace("%i", name) for value in values] for key, values in settings(BACKS_UP).items()}
    assert limits["ExecStart"] == [f"{CURRENT}/.venv/bin/python -m pnav.server.entry backup run"] and limits[
        "Restart"
    ] == ["always"]
    loaded = dict(value.split(":", 1) for value in limits["LoadCredential"])
    assert {Path(path).name for path in loaded.values()} == set(BACKUP["secrets"])
    given = dict(word.split("=", 1) for line in limits["Environment"] for word in line.split())
    for key, value in given.items():
        if value.startswith("%d/"):
            (tmp_path / loaded[value.removeprefix("%d/")].rpartition("/")[2]).write_text("b1:" + "A" * 43 + "=")
            given[key] = str(tmp_path / Path(loaded[value.removeprefix("%d/")]).name)
    told = {"BACKUP_DATABASE_URL": "postgres://pnav_backup@db/pnav", "BACKUP_DIR": str(tmp_path / "store")}
    read = backup_configuration.read(given | told)
    assert read.name == name and read.spool == Path("/var/lib") / limits["StateDirectory"][0]
    assert Path(given["BACKUP_DATABASE_PASSWORD_FILE"]).name.startswith("database" if name == "content" else "keys")
    service = BACKUP["services"]["backup"]
    assert in_bytes(limits["MemoryMax"][0].lower()) == in_bytes(service["mem_limit"])
    assert limits["MemorySwapMax"] == ["0"] and limits["TasksMax"] == [str(service["pids_limit"])]
    assert limits["CapabilityBoundingSet"] == [""] and limits["NoNewPrivileges"] == ["yes"]
    assert limits["ProtectSystem"] == ["strict"] and limits["User"] == ["pnav"]


def test_operators_are_told_to_give_what_backs_up_the_days_that_people_read():
    """Neither the unit nor `pnav backup` reads the settings of the site."""
    assert settings(BACKS_UP)["EnvironmentFile"] == ["/etc/pnav/backup-%i"]
    restore = (ROOT / "docs/restore.md").read_text()
    (example,) = re.findall(r"`/etc/pnav/backup-content` is:\n\n```\n(.+?)^```", restore, re.DOTALL | re.MULTILINE)
    assert "BACKUP_DAYS=30\n" in example and "`DATA_KEYS_BACKUP_DAYS=7`" in restore.partition(example)[2]


def test_a_plain_machine_gets_no_compiler_and_servers_that_notice_what_a_disk_altered():
    """PostgreSQL 17 of Debian 13 makes checksums only where it is told to. Debian's pip recommends a compiler."""
    assert "\napt-get install --no-install-recommends python3.13 " in OPERATIONS
    made = re.findall(r"^pg_createcluster .* 17 (\w+)( -- --data-checksums)?(?: +#.*)?$", OPERATIONS, re.MULTILINE)
    standby = OPERATIONS.partition("## Two machines, one lost")[2].count("pg_createcluster ")
    assert len(made) - standby == 2 and {on for _name, on in made[:2]} == {" -- --data-checksums"}


def test_a_restore_stops_each_process_by_its_name():
    """`systemctl stop pnav.target` returns while they still stop: PartOf passes the stop on and waits for nobody."""
    restore = (ROOT / "docs/restore.md").read_text()
    (stop,) = re.findall(r"^systemctl stop pnav\.target (.+?) &&", restore, re.MULTILINE)
    started = {
        path.name.removesuffix(".service")
        for path in FOLDER.glob("*.service")
        if "PartOf=pnav.target" in path.read_text()
    }
    assert started == {"pnav-worker", "pnav-pages@", "pnav-sockets@"}
    assert started <= {name.strip("'*") for name in stop.split()}


def test_what_the_host_needs_holds_after_a_reboot(tmp_path):
    """Otherwise the memory of a process reaches the disk from then on: `check --deploy` was run before."""
    block = re.findall(r"^```\n(echo 'kernel.core_pattern.+?)^```", OPERATIONS, re.DOTALL | re.MULTILINE)[0]
    assert "> /etc/sysctl.d/90-pnav.conf && sysctl --load" in block
    assert "swapoff --all" in block and not re.search(r"swapoff -a|`sysctl kernel", OPERATIONS)
    table = "# swap is below\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n/file\tswap\tswap\tdefaults 0 0\n"
    (tmp_path / "fstab").write_text(table)
    (script,) = re.findall(r"sed -i '(.+?)' /etc/fstab", block)
    subprocess.run(["sed", "-i", script, str(tmp_path / "fstab")], check=True)
    before, after = table.splitlines(), (tmp_path / "fstab").read_text().splitlines()
    assert after == [*before[:2], *(f"#{line}" for line in before[2:])]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here; the units are parsed above")
def test_systemd_finds_nothing_wrong(tmp_path):
    """This checkout takes the place of the version in force, because systemd looks for the program that each unit
    starts.
    """
    for path in FOLDER.glob("pnav*"):
        text = path.read_text().replace(f"{CURRENT}/.venv/bin/python", sys.executable).replace(CURRENT, str(ROOT))
        (tmp_path / path.name.replace("@.", "@8001.")).write_text(text)
    for path in (FOLDER / "limits").iterdir():  # drop-ins are checked in a unit of their own
        (tmp_path / f"pnav-beside-{path.stem}.service").write_text(f"{path.read_text()}ExecStart=/bin/true\n")
    units = sorted(tmp_path.iterdir())
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if re.search(r"pnav[\w@-]*\.(service|target)", line)]
    assert ours == [], done.stderr
    wrong = tmp_path / "pnav-wrong.service"
    wrong.write_text(units[0].read_text().replace("MemoryMax=", "MemoryMost="))
    done = subprocess.run([*command[:4], str(wrong)], capture_output=True, text=True, check=False)
    assert "MemoryMost" in done.stderr, "it would say so"


def test_worker_that_stands_still_is_ended_alike_by_systemd_and_by_compose():
    """Both use one rule (`worker_status.may_take`): systemd through what the worker tells it, Compose through
    `--alive`.
    """
    check = COMPOSE["worker"]["healthcheck"]
    assert check["test"][-2:] == ["health", "--end"] and COMPOSE["worker"]["command"] == ["worker"]
    assert settings("pnav-worker.service")["Type"] == ["notify"]
    by_systemd = int(settings("pnav-worker.service")["WatchdogSec"][0])
    by_compose = int(check["interval"].removesuffix("s")) * entry.LOOKS["worker"]
    # What each adds to the time of a duty is the same, except for the checks of Compose, a minute apart.
    assert 0 < by_systemd < by_compose <= by_systemd + 120
    assert check["retries"] == entry.LOOKS["worker"], "shown to be unhealthy when it is ended, not before"


def test_units_may_write_to_the_stores_that_operators_are_told_to_use():
    """`ProtectSystem=strict` refuses every other folder, with an error that only the log of the unit shows."""
    writable = {name: settings(name).get("ReadWritePaths", [""])[0].split() for name in PROCESSES}
    assert writable["pnav-worker.service"] == ["-/mnt/data-keys", "-/mnt/captures"]
    assert writable["pnav-pages@.service"] == ["-/mnt/captures"]
    for variable, folders in (
        ("DATA_KEYS_COPIES_TO", ["/mnt/data-keys/1", "/mnt/data-keys/2"]), ("CAPTURES_DIR", ["/mnt/captures"]),
    ):  # fmt: skip
        assert f"`{variable}={','.join(folders)}`" in OPERATIONS
        for folder in folders:
            assert any(folder.startswith(path.removeprefix("-")) for path in writable["pnav-worker.service"])
