"""The files of deploy/machines, for plain machines, say what docker-compose.yml says, and their script gives a command
what the units give a process.
"""

import os
import pwd
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy import authority
from tests.test_compose import words
from tests.test_systemd import OPERATIONS, environment_of, settings

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy/machines"
SERVERS = {"postgresql.conf": "postgres", "postgresql-keys.conf": "keys"}


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and line[0] != "#"]


def test_each_file_is_explained():
    for path in FOLDER.iterdir():
        assert f"deploy/machines/{path.name}" in OPERATIONS, path.name


@pytest.mark.parametrize("name", SERVERS)
def test_postgresql_is_set_as_in_compose(name):
    ours = {}
    for line in lines_of(FOLDER / name):
        key, _equals, value = line.partition(" = ")
        ours[key] = value.strip("'")
    theirs = dict(word.split("=", 1) for word in words(SERVERS[name]) if "=" in word)
    assert theirs.pop("hba_file")  # Debian has a place of its own for it
    tls = {key: value for key, value in ours.items() if value.startswith("/")}
    assert tls == {key: value.replace("/tls", f"/etc/pnav/authority/{SERVERS[name]}")
                   for key, value in theirs.items() if value.startswith("/tls/")}  # fmt: skip
    assert {key: ours[key] for key in ours.keys() - tls.keys()} == {
        key: value for key, value in theirs.items() if not value.startswith("/tls/")
    }


def test_redis_is_set_as_in_compose():
    ours = dict(line.split(" ", 1) for line in lines_of(FOLDER / "redis.conf"))
    command = words("redis")[1:]
    theirs = {key.removeprefix("--"): value for key, value in zip(command[::2], command[1::2], strict=True)}
    assert ours.pop("save") == '""' and theirs.pop("save") == ""
    assert ours == {key: value.replace("/tls/", "/etc/pnav/authority/redis/") for key, value in theirs.items()}


def test_nobody_enters_postgresql_but_its_own_account_and_root():
    ours = [line.split() for line in lines_of(FOLDER / "pg_hba.conf")]
    theirs = [line.split() for line in lines_of(ROOT / "deploy/pg_hba.conf")]
    assert ours[0] == ["local", "all", "postgres", "peer", "map=pnav"]
    assert ours[1:] == theirs[1:], "by the network as in Compose"
    accounts = [line.split() for line in lines_of(FOLDER / "pg_ident.conf")]
    assert accounts == [["pnav", "postgres", "postgres"], ["pnav", "root", "postgres"]]


@pytest.fixture
def machine(tmp_path):
    """Return a function that runs `pnav` with settings and secrets of a machine, and a Python that prints what it gets.

    It runs a copy of the script beside a Python that is a script; `setpriv` changes no account.
    """
    etc, release, programs = tmp_path / "etc", tmp_path / "releases/1", tmp_path / "programs"
    for folder in (etc / "secrets", release / "deploy/machines", release / ".venv/bin", programs):
        folder.mkdir(parents=True)
    for unit in ("pnav-migrate.service", "pnav-worker.service", "pnav-backup@.service"):
        for loaded in settings(unit)["LoadCredential"]:
            if "/secrets/" in loaded:
                (etc / "secrets" / Path(loaded).name).write_text(f"value of {Path(loaded).name}")
    (etc / "environment").write_text('# a comment\n\nDATABASE_URL=postgres://a?b=c&d=$(id)\nQUOTED="two words"\n')
    (etc / "environment.owner").write_text("DATABASE_URL=postgres://owner")
    (etc / "backup-content").write_text("BACKUP_DIR=/mnt/backups/content\n")
    script = release / "deploy/machines/pnav"
    text = (FOLDER / "pnav").read_text()
    assert text.count("PATH=/usr/local/sbin:") == 1
    script.write_text(text.replace("PATH=/usr/local/sbin:", f"PATH={programs}:/usr/local/sbin:"))
    for path, text in (
        (release / ".venv/bin/python", "#!/bin/sh\nprintf 'argument %s\\n' \"$@\"\nexec env\n"),
        (programs / "setpriv", '#!/bin/sh\necho "setpriv $1 $2"\nshift 4\nexec "$@"\n'),
    ):
        path.write_text(text)
        path.chmod(0o755)

    def run(*arguments: str, **of_root: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "ETC": str(etc), **of_root}
        return subprocess.run(
            ["sh", str(script), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=20
        )

    return run


def given(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line and line[0].isupper())


@pytest.mark.parametrize(("kind", "unit"), [("manage", "pnav-pages@.service"), ("owner", "pnav-migrate.service")])
def test_command_gets_the_secrets_of_its_unit(machine, kind, unit):
    done = machine(kind, "check", "--deploy")
    variables = given(done)
    loaded = dict(value.split(":", 1) for value in settings(unit)["LoadCredential"])
    for name, value in environment_of(unit).items():
        if name.endswith("_FILE"):
            wanted = Path(loaded[value.removeprefix("%d/")]).name
            assert variables[name.removesuffix("_FILE")] == f"value of {wanted}", name
    assert "REGISTER_DIGEST_KEY" not in variables and "BACKUP_KEYS" not in variables
    assert variables["QUOTED"] == "two words"
    wanted = "postgres://a?b=c&d=$(id)" if kind == "manage" else "postgres://owner"
    assert variables["DATABASE_URL"] == wanted, "nothing in the file is evaluated"
    assert "setpriv --reuid=pnav --regid=pnav" in done.stdout
    said = re.findall(r"^argument (.*)$", done.stdout, re.MULTILINE)
    assert said[0].endswith("/releases/1/manage.py") and said[1:] == ["check", "--deploy"]


def test_command_gets_no_variable_of_roots_shell(machine):
    """A unit has none of them. PATH and HOME are those of a unit too."""
    of_root = {
        "HOME": "/root", "LANG": "fr_FR@euro", "PYTHONPATH": "/root/python", "DJANGO_DEBUG": "1",
        "REGISTER_DIGEST_KEY": "a key",
        "MANY": "one\nDATABASE_URL=two", "PGPASSWORD": "a word", "POSTGRES_WEB_PASSWORD_FILE": "/root/file",
    }  # fmt: skip
    plain, done = machine("manage", "check"), machine("manage", "check", **of_root)
    variables = given(done)
    assert done.stdout == plain.stdout
    assert variables["HOME"] == "/nonexistent" and variables["LANG"] == "C.UTF-8" and "ETC" not in variables
    for name in of_root.keys() - {"HOME", "LANG"}:
        assert name not in variables, name
    restored = given(machine("restore", "content", "--roles", "postgres://pnav@a/b", **of_root))
    assert restored.keys() - given(machine("restore", "content", "--list")).keys() == {
        "PGPASSWORD", "POSTGRES_WEB_PASSWORD_FILE",
    }  # fmt: skip


def test_command_runs_in_the_release_which_is_said(machine, tmp_path):
    python = tmp_path / "releases/1/.venv/bin/python"
    python.write_text("#!/bin/sh\npwd\n")
    assert machine("manage", "check").stdout.splitlines()[-1] == str(tmp_path / "releases/1")
    assert "absolute paths" in (FOLDER / "pnav").read_text() and "name files by absolute paths" in OPERATIONS


def test_key_of_the_register_is_for_the_command_that_shows_it(machine):
    assert given(machine("manage", "verify_register", "--show-key"))["REGISTER_DIGEST_KEY"]


@pytest.mark.parametrize("kind", ["backup", "restore"])
def test_backups_get_their_own_secrets_and_none_of_the_site(machine, kind):
    done = machine(kind, "content", "--list")
    variables = given(done)
    assert variables["BACKUP_DATABASE_PASSWORD"] == "value of database_backup_password"
    assert variables["BACKUP_KEYS"] == "value of backup_keys" and variables["BACKUP_DIR"] == "/mnt/backups/content"
    assert variables["BACKUP_NAME"] == "content" and variables["BACKUP_SPOOL"] == "/var/lib/pnav/backup-content"
    assert "CONTENT_KEYS" not in variables and "SECRET_KEY" not in variables
    assert ("setpriv" in done.stdout) == (kind == "backup"), "a restore writes a folder of PostgreSQL's"


@pytest.mark.parametrize("arguments", [(), ("manage",), ("other", "check"), ("backup", "site", "list")])
def test_what_it_does_not_know_is_refused(machine, arguments):
    done = machine(*arguments)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_settings_that_are_missing_or_wrong_are_named(machine, tmp_path):
    (tmp_path / "etc/environment").write_text("DATABASE_URL=postgres://a\nsecret words\n")
    done = machine("manage", "check")
    assert done.returncode == 1 and "no NAME=value" in done.stderr and "secret words" not in done.stderr
    (tmp_path / "etc/environment").unlink()
    assert "cannot be read" in machine("manage", "check").stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="keys are given to other accounts by root alone")
def test_certificates_are_made_for_the_accounts_that_are_named_and_renewed(tmp_path):
    """`deploy/authority.py --owners`, as `certificates.sh` calls it."""
    word = tmp_path / "word"
    word.write_text("a-password-of-redis-for-this-test")
    account = pwd.getpwnam("nobody")

    def run(owners: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "deploy/authority.py"), str(tmp_path / "tls"), "--owners", owners],
            env={"REDIS_PASSWORD_FILE": str(word), "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    for wrong, why in (("nothing=nobody", "no folder"), ("web=no-such-account", "no account")):
        done = run(wrong)
        assert done.returncode == 1 and why in done.stdout, done
    assert not (tmp_path / "tls").exists()
    assert run("web=nobody,redis=nobody").returncode == 0
    for file in ("web/key.pem", "redis/key.pem", "redis/users.acl"):
        found = (tmp_path / "tls" / file).stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (account.pw_uid, 0o400), file


def test_certificates_of_each_part_have_an_owner():
    text = (FOLDER / "certificates.sh").read_text()
    (owners,) = re.findall(r"^owners=(\S+)$", text, re.MULTILINE)
    assert {pair.split("=")[0] for pair in owners.split(",")} == set(authority.PARTS)
    (command,) = settings("pnav-certificates.service")["ExecStart"]
    assert command == "/bin/sh /opt/pnav/current/deploy/machines/certificates.sh"


@pytest.fixture
def renewal(tmp_path):
    """Return a function that runs a copy of `certificates.sh` where these proxies run, and returns its code and what it
    asked of systemd.

    `authority.py` does nothing; no server answers. changed: the authorities are newer than at the run before.
    """
    release, programs = tmp_path / "release", tmp_path / "programs"
    authority_file = tmp_path / "tls/proxy/authority.pem"
    for folder in (release / "deploy/machines", release / ".venv/bin", programs, authority_file.parent):
        folder.mkdir(parents=True)
    authority_file.write_text("an authority")
    script = release / "deploy/machines/certificates.sh"
    script.write_bytes((FOLDER / "certificates.sh").read_bytes())
    for path, text in (
        (release / ".venv/bin/python", 'echo "$@" >> "$ASKED"'),
        (programs / "pg_isready", "exit 2"),
        (programs / "redis-cli", "exit 1"),
        # A unit that does not run is an error of each of these commands where systemd does not know it.
        (programs / "systemctl", 'case " $RUNNING " in *" ${*##* } "*) ;; *) exit 5 ;; esac\n'
                                 '[ "$1" = is-active ] || echo "$1 $2" >> "$ASKED"\n'
                                 '[ "$1" = is-active ] || case " $FAILING " in *" $2 "*) exit 1 ;; esac'),
    ):  # fmt: skip
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    runs = []

    def run(*running: str, changed: bool, failing: str = "", arguments: tuple[str, ...] = ()) -> tuple[int, list[str]]:
        if changed:
            runs.append(len(runs))
            os.utime(authority_file, (1_800_000_000 + len(runs),) * 2)
        asked = tmp_path / "asked"
        asked.write_text("")
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "AUTHORITY": str(tmp_path / "tls"), "STATE": str(tmp_path / "state"), "HOSTS": str(tmp_path / "hosts"),
            "ASKED": str(asked), "RUNNING": " ".join(f"{unit}.service" for unit in running),
            "FAILING": f"{failing}.service",
        }  # fmt: skip
        done = subprocess.run(
            ["sh", str(script), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=20
        )
        return done.returncode, asked.read_text().splitlines()

    return run


MADE = "deploy/authority.py"
AGAIN = {"caddy": "try-restart caddy.service", "haproxy": "try-reload-or-restart haproxy.service"}


def asked_of(done: tuple[int, list[str]]) -> tuple[int, list[str]]:
    code, asked = done
    assert asked[0].startswith(MADE)
    return code, asked[1:]


@pytest.mark.parametrize("running", [(), ("caddy",), ("haproxy",), ("caddy", "haproxy")])
def test_proxies_that_run_read_new_authorities_once_and_no_other_is_missed(renewal, running):
    wanted = [AGAIN[unit] for unit in running]
    for _renewal in range(2):
        assert asked_of(renewal(*running, changed=True)) == (0, wanted)
        assert asked_of(renewal(*running, changed=False)) == (0, []), "each day after that it is left alone"


def test_proxy_that_failed_to_read_them_is_asked_again_and_the_other_is_not(renewal):
    both = ("caddy", "haproxy")
    for failing in both:
        assert asked_of(renewal(*both, changed=True, failing=failing)) == (1, [AGAIN["caddy"], AGAIN["haproxy"]])
        assert asked_of(renewal(*both, changed=False)) == (0, [AGAIN[failing]])


def test_redis_that_answers_no_handshake_is_left_after_seconds(renewal, tmp_path):
    """A Redis as Debian's package starts it speaks no TLS: it takes the connection and says nothing."""
    (tmp_path / "programs/redis-cli").write_text("#!/bin/sh\nexec sleep 60\n")
    started = time.monotonic()
    assert asked_of(renewal("haproxy", changed=True)) == (0, [AGAIN["haproxy"]]), "and the proxy is still told"
    assert time.monotonic() - started < 15


def test_certificates_get_the_names_of_the_machines_that_the_settings_list(renewal, tmp_path):
    _code, (none,) = renewal(changed=False)
    assert none.endswith("--hosts ")
    (tmp_path / "hosts").write_text("postgres=db1\npostgres=db2\n")
    code, (asked,) = renewal(changed=False)
    value = asked.rpartition("--hosts ")[2]
    assert code == 0 and authority.read_hosts(value) == {"postgres": ["db1", "db2"]}
    assert "> /etc/pnav/hosts" in OPERATIONS


def test_copied_certificates_are_read_again_and_none_are_made(renewal):
    assert renewal("haproxy", changed=True, arguments=("--copied",)) == (0, [AGAIN["haproxy"]])
    assert renewal("haproxy", changed=False, arguments=("--copied",)) == (0, [])
    assert "certificates.sh --copied" in OPERATIONS


STANDBY = OPERATIONS.partition("## Two machines, one lost")[2].partition("\n### ")[0]


def copies_of_a_primary() -> list[str]:
    """Return the blocks of lines that make a standby of a plain machine."""
    blocks = re.findall(r"^```\n(.*?)^```$", STANDBY, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "pg_basebackup" in block and "-delete" in block]


def test_password_of_a_standby_is_for_the_machine_that_it_copies():
    made, again = copies_of_a_primary()
    for block, host, own in ((made, "db1", "db2"), (again, "db2", "db1")):
        assert f"'{host}:5432:*:pnav_standby:PASSWORD'" in block
        assert f"host={host} user=pnav_standby application_name={own} " in block


def test_lost_primary_is_forbidden_to_start_and_is_deleted_before_it_becomes_a_standby(tmp_path):
    """The lines of the document are run where it still runs, with programs that only note what they find.

    Debian starts what `start.conf` calls `auto` at each boot: as a primary, with the data of before.
    """
    programs, settings_of, data = tmp_path / "programs", tmp_path / "etc/17/content", tmp_path / "var/17/content"
    for folder in (programs, settings_of, data / "base"):
        folder.mkdir(parents=True)
    (settings_of / "start.conf").write_text("auto\n")
    (data / "PG_VERSION").write_text("17\n")
    note = f'$(cat {settings_of}/start.conf) $(ls {data} | tr "\\n" " ")" >> {tmp_path}/noted'
    for name, text in (
        ("systemctl", f'echo "$1 {note}'),
        ("su", f'echo "copy {note}'),
        ("install", 'for last; do :; done; : > "$last"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    lines = copies_of_a_primary()[1]
    for ours, there in (("/etc/postgresql", "etc"), ("/var/lib/postgresql", "var")):
        lines = lines.replace(ours, str(tmp_path / there))
    assert f"find {data} -mindepth 1 -delete" in lines and lines.count("-delete") == 1, "nothing else is deleted here"
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-eu", "-c", lines], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    noted = [line.strip() for line in (tmp_path / "noted").read_text().splitlines()]
    assert noted == ["stop disabled PG_VERSION base", "copy disabled", "start auto postgresql.auto.conf"]
    assert (data / "postgresql.auto.conf").read_text() == "synchronous_standby_names = ''\n"
