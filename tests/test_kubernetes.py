"""deploy/kubernetes is true of Pnav, when it is rendered as Kustomize does (the few of its words that we use).

No cluster was available. The files were validated once against the schemas of Kubernetes itself (docs/adr/0088).
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve, reverse

from common.offload import background_jobs, long_results
from deploy import probe as alive
from pnav import certificates
from pnav.server import body_limits, entry, http_channel
from pnav.version import VERSION
from tests.test_compose import COMPOSE as WHOLE_COMPOSE
from tests.test_compose import COPY_SECONDS, OF_THE_WORKER, SECRETS, in_bytes, words
from tests.test_compose import SERVICES as COMPOSE
from tests.test_settings import explained

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy/kubernetes"
ALERTS = (ROOT / "deploy/prometheus/alerts.yml").read_text()
DRAWN = WHOLE_COMPOSE["secrets"]  # those that deploy/secrets.sh makes, as `tests/test_compose.py` sees
Resource = dict[str, Any]


def documents(path: Path) -> list[Resource]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def variables(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _equals, value in (line.partition("=") for line in lines)}


def patch(resource: Resource, operations: list[dict[str, Any]]) -> None:
    """Apply a JSON patch: add, remove, replace. What it names must exist."""
    for operation in operations:
        *way, last = operation["path"].strip("/").split("/")
        place: Any = resource
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        match operation["op"]:
            case "add" if last == "-":
                place.append(operation["value"])
            case "add":
                place[last] = operation["value"]
            case "replace":
                assert last in place
                place[last] = operation["value"]
            case "remove":
                del place[last]


def apply(resources: list[Resource], kustomization: dict[str, Any]) -> None:
    """Apply labels, images and patches of a kustomization to everything that came before it."""
    for label in kustomization.get("labels", ()):
        for resource in resources:
            resource["metadata"].setdefault("labels", {}).update(label["pairs"])
            if label.get("includeTemplates") and "template" in resource.get("spec", {}):
                resource["spec"]["template"]["metadata"].setdefault("labels", {}).update(label["pairs"])
    for image in kustomization.get("images", ()):
        for container in (one for resource in resources for one in containers_of(resource)):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    for one in kustomization.get("patches", ()):
        target = one["target"]
        (resource,) = [r for r in resources if (r["kind"], r["metadata"]["name"]) == (target["kind"], target["name"])]
        patch(resource, yaml.safe_load(one["patch"]))


def render(folder: Path, before: list[Resource] | None = None) -> list[Resource]:
    """Return what `kubectl kustomize` prints for this folder, without the digests in names. before: what a component
    changes.
    """
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    resources = [] if before is None else before
    for name in kustomization.get("resources", ()):
        path = (folder / name).resolve()
        resources += render(path) if path.is_dir() else documents(path)
    for generated in kustomization.get("configMapGenerator", ()):
        data: dict[str, str] = {}
        for name in generated["envs"]:
            data |= variables(folder / name)
        resources.append({"kind": "ConfigMap", "metadata": {"name": generated["name"]}, "data": data})
    for name in kustomization.get("components", ()):
        resources = render((folder / name).resolve(), resources)
    apply(resources, kustomization)
    return resources


def containers_of(resource: Resource) -> Iterator[dict[str, Any]]:
    template = resource.get("spec", {}).get("template", {}).get("spec", {})
    yield from template.get("initContainers", ())
    yield from template.get("containers", ())


RENDERED = render(FOLDER / "example")
PODS = {one["metadata"]["name"]: one for one in RENDERED if one["kind"] in {"Deployment", "Job"}}
WEBS = ("pnav-pages", "pnav-sockets")
CONTAINERS = [
    pytest.param(name, container, id=f"{name}/{container['name']}")
    for name, resource in PODS.items()
    for container in containers_of(resource)
]


def of_kind(kind: str) -> dict[str, Resource]:
    return {one["metadata"]["name"]: one for one in RENDERED if one["kind"] == kind}


def spec_of(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = PODS[name]["spec"]["template"]["spec"]
    return spec


def labels_of(name: str) -> dict[str, str]:
    labels: dict[str, str] = PODS[name]["spec"]["template"]["metadata"]["labels"]
    return labels


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    """Return the environment as the process gets it, with one address for that of any pod."""
    given: dict[str, str] = {}
    maps = of_kind("ConfigMap")
    for source in container.get("envFrom", ()):
        given |= maps[source["configMapRef"]["name"]]["data"]
    for one in container["env"]:
        if "value" in one:
            value = re.sub(r"\$\((\w+)\)", lambda found: given[found[1]], one["value"])
        elif reference := one["valueFrom"].get("configMapKeyRef"):
            value = maps[reference["name"]]["data"][reference["key"]]
        else:
            value = {"status.podIP": "10.1.2.3"}[one["valueFrom"]["fieldRef"]["fieldPath"]]
        given[one["name"]] = value
    return given


def test_every_file_is_taken_by_a_kustomization():
    for folder in {path.parent for path in FOLDER.rglob("*.yaml")}:
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
        assert there == {name for name in kustomization.get("resources", ()) if name.endswith(".yaml")}, folder
    example = yaml.safe_load((FOLDER / "example/kustomization.yaml").read_text())
    assert {Path(name).name for name in example["components"]} == {p.name for p in (FOLDER / "components").iterdir()}


def test_names_are_given_once():
    names = [(one["kind"], one["metadata"]["name"]) for one in RENDERED]
    assert len(names) == len(set(names)) and all(re.fullmatch("pnav[a-z-]*", name) for _kind, name in names)


def test_processes_are_those_of_a_production():
    assert set(PODS) == {"pnav-pages", "pnav-sockets", "pnav-worker", "pnav-migrate"}
    started = {name: spec_of(name)["containers"][0]["args"] for name in PODS}
    assert started == {
        "pnav-pages": ["web"],
        "pnav-sockets": ["web"],
        "pnav-worker": ["worker"],
        "pnav-migrate": ["migrate"],
    }


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_container_can_do_little_and_has_its_limits(pod, container):
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    of_pod = spec_of(pod)["securityContext"]
    user = re.search(r"^USER (\d+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert user and of_pod["runAsUser"] == int(user[1]) and of_pod["runAsNonRoot"] is True
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec_of(pod)["automountServiceAccountToken"] is False
    resources = container["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"} and set(resources["limits"]) == {"memory"}
    assert container["image"] == f"registry.example/pnav:{VERSION}" and "command" not in container


@pytest.mark.parametrize("name", ["pages", "sockets", "worker"])
def test_process_has_at_least_the_memory_of_compose(name):
    limit = spec_of(f"pnav-{name}")["containers"][0]["resources"]["limits"]["memory"]
    service = COMPOSE["web" if name == "pages" else name]
    assert in_bytes(limit.replace("Gi", "g").replace("Mi", "m")) >= in_bytes(service["mem_limit"])


def test_pages_have_room_on_a_disk_for_what_people_send_and_take():
    """The most is what six jobs under way and six kept results fill, and four long bodies, each twice."""
    spec = spec_of("pnav-pages")
    (spool,) = [one["emptyDir"] for one in spec["volumes"] if one["name"] == "spool"]
    documents = 2 * background_jobs.AT_MOST * long_results.SPOOL_BYTES_AT_MOST
    bodies = 2 * http_channel.LONG_AT_MOST * body_limits.CAPTURE_BODY_MAX_BYTES
    assert "medium" not in spool and in_bytes(spool["sizeLimit"].replace("Gi", "g")) > documents + bodies
    (container,) = spec["containers"]
    folder = environment_of(container)["SPOOL_DIR"]
    assert {"name": "spool", "mountPath": folder} in container["volumeMounts"]


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_container_starts_by_an_entry_point_that_exists(pod, container):
    match container["args"]:
        case ["web" | "worker" | "migrate"]:
            pass
        case ["python", "manage.py", command, *_options]:
            assert command in get_commands()
        case other:
            pytest.fail(f"{other}: neither an entry point nor a command")


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_environment_is_explained_and_complete(pod, container):
    given = environment_of(container)
    own = {"POD_IP", "SITE_HOST"}
    assert {name.removesuffix("_FILE") for name in given} - own <= explained()
    required = {"SECRET_KEY_FILE", "CONTENT_KEYS_FILE", "SEAL_PUBLIC_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"}
    assert required | {"DATABASE_PASSWORD_FILE", "REDIS_PASSWORD_FILE", "SITE_URL"} <= set(given)
    assert given["ALLOWED_HOSTS"].split(",")[0] == given["SITE_HOST"]
    assert "sslmode=verify-full" in given["DATABASE_URL"] and given["REDIS_URL"].startswith("rediss://")
    role = "pnav" if pod == "pnav-migrate" else "pnav_web"
    for name, server in (("DATABASE_URL", "pnav-postgres-rw"), ("DATA_KEYS_DATABASE_URL", "pnav-keys-rw")):
        assert given[name].startswith(f"postgres://{role}@{server}:5432/pnav?sslmode=verify-full&")
    files = {name.removesuffix("_FILE") for name in given if name.endswith("_FILE")}
    assert files - OF_THE_WORKER == SECRETS, "each secret that the settings read"


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_files_that_are_named_are_mounted(pod, container):
    """Secrets and certificates lie below what is mounted read-only, each from a secret that the README tells how to
    make.
    """
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    volumes = {one["name"]: one for one in spec_of(pod)["volumes"]}
    assert {one["name"] for one in mounts.values()} <= set(volumes)
    given = environment_of(container)
    paths = {value for name, value in given.items() if name.endswith("_FILE") or value.startswith("/")}
    paths.discard(given.get("SPOOL_DIR", ""))
    paths |= set(
        re.findall(
            r"=(/[\w/.-]+)", " ".join(given[name] for name in ("DATABASE_URL", "DATA_KEYS_DATABASE_URL", "REDIS_URL"))
        )
    )
    for path in paths:
        mount = mounts[str(Path(path).parent)]
        volume = volumes[mount["name"]]
        assert mount["readOnly"] is True, path
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440, path
            assert volume["secret"]["secretName"] in README, path
        else:
            items = [item["path"] for one in volume["projected"]["sources"] for item in one["secret"]["items"]]
            assert Path(path).name in items
    assert "/tmp" in mounts and volumes["tmp"]["emptyDir"]["medium"] == "Memory"  # noqa: S108  of the container


README = (FOLDER / "README.md").read_text()


def test_new_site_gives_each_exchange_a_key():
    assert variables(FOLDER / "example/site.env")["EXCHANGE_KEYS"] == "write"


def test_volumes_are_all_used():
    for name in PODS:
        used = {one["name"] for container in containers_of(PODS[name]) for one in container["volumeMounts"]}
        assert used == {volume["name"] for volume in spec_of(name)["volumes"]}


def test_secrets_are_for_whom_they_are():
    named = {
        name: {volume["secret"]["secretName"] for volume in spec_of(name)["volumes"] if "secret" in volume}
        for name in PODS
    }
    for server in ("database", "keys"):
        assert [name for name in PODS if f"pnav-{server}-owner" in named[name]] == ["pnav-migrate"]
        assert all(f"pnav-{server}-web" in named[name] for name in PODS if name != "pnav-migrate")
    assert [name for name in PODS if "pnav-digests" in named[name]] == ["pnav-worker"]
    assert [name for name in PODS if "pnav-web-tls" in named[name]] == list(WEBS)


def test_readme_makes_each_secret_of_what_is_drawn():
    taken = set(re.findall(r"--from-file=(?:\w+=)?secrets/(\w+)", README))
    assert taken == set(DRAWN)
    of_main = re.search(r"create secret generic pnav (.+)", README)
    assert of_main is not None
    named = {"secret_key", "content_keys", "metrics_token", "redis_password"}
    assert set(re.findall(r"secrets/(\w+)", of_main[1])) == named


@pytest.mark.parametrize("name", WEBS)
def test_web_speaks_tls_and_is_asked_what_exists(name):
    (container,) = spec_of(name)["containers"]
    given = environment_of(container)
    assert given["PROCESS_ROLE"] == name.removeprefix("pnav-")
    assert {"WEB_CERTIFICATE", "WEB_KEY"} == set(entry.VARIABLES) & set(given)
    assert given["ALLOWED_HOSTS"] == "pnav.example,10.1.2.3", "the kubelet and Prometheus ask by address"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"https": 8000}  # WEB_PORT's default
    for probe, page in (("startup", "health_live"), ("readiness", "health_ready"), ("liveness", "health_live")):
        asked = container[f"{probe}Probe"]["httpGet"]
        assert resolve(asked["path"]).url_name == page and asked["port"] in ports and asked["scheme"] == "HTTPS"
    live = container["livenessProbe"]
    assert live["timeoutSeconds"] == alive.SECONDS, "as Compose gives it: ADR 0109"
    assert live["periodSeconds"] * live["failureThreshold"] == entry.LOOKS["web"] * (10 + alive.SECONDS)
    pause = int(re.search(r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][-1])[1])  # type: ignore[index]
    closing = int(entry.PRODUCTION_OPTIONS[entry.PRODUCTION_OPTIONS.index("--application-close-timeout") + 1])
    assert spec_of(name)["terminationGracePeriodSeconds"] >= pause + closing
    assert PODS[name]["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_worker_is_asked_whether_it_ticks():
    (container,) = spec_of("pnav-worker")["containers"]
    asked = entry.manage_command("run_worker", "--alive")
    assert container["livenessProbe"]["exec"]["command"] == ["python", *(Path(asked[1]).name, *asked[2:])]
    assert container["livenessProbe"]["timeoutSeconds"] >= 30, "Django starts for it"


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", ())
    assert all(one["operator"] == "In" for one in expressions)
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )


def test_selectors_find_their_pods_and_no_other():
    def found(selector: dict[str, Any]) -> list[str]:
        return [name for name in PODS if selects(selector, labels_of(name))]

    for name, deployment in of_kind("Deployment").items():
        assert found(deployment["spec"]["selector"]) == [name]
    for name, service in of_kind("Service").items():
        assert found({"matchLabels": service["spec"]["selector"]}) == [name]
    budgets = of_kind("PodDisruptionBudget")
    assert {name: found(one["spec"]["selector"]) for name, one in budgets.items()} == {name: [name] for name in WEBS}
    assert all(one["spec"]["minAvailable"] == 1 for one in budgets.values())
    policies = {name: found(one["spec"]["podSelector"]) for name, one in of_kind("NetworkPolicy").items()}
    assert policies == {
        "pnav-nothing-else": list(PODS),
        "pnav-from-gateway": list(WEBS),
        "pnav-to-data": list(PODS),
        "pnav-postgres": [],
        "pnav-keys": [],
    }


def test_nobody_speaks_to_anybody_but_as_said():
    policies = of_kind("NetworkPolicy")
    assert policies["pnav-nothing-else"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(policies["pnav-nothing-else"]["spec"])
    ports = {one["port"] for rule in policies["pnav-to-data"]["spec"]["egress"] for one in rule["ports"]}
    assert ports == {5432, 6379, 53}
    elsewhere = policies["pnav-to-data"]["spec"]["egress"][-1]
    assert elsewhere["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "the example's patch is applied"
    for name, cluster in of_kind("Cluster").items():
        assert cluster["spec"]["inheritedMetadata"]["labels"] == {"pnav/data": "yes"}
        assert policies[name]["spec"]["podSelector"] == {"matchLabels": {"cnpg.io/cluster": name}}


def test_numbers_of_processes_fit_the_connections():
    """The autoscaler keeps at least two of each kind, and never more than PostgreSQL accepts (docs/operations.md)."""
    scalers = of_kind("HorizontalPodAutoscaler")
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scalers.values()} == set(WEBS)
    assert all(one["spec"]["minReplicas"] == 2 for one in scalers.values())
    assert all("replicas" not in PODS[name]["spec"] for name in WEBS), "or each deployment would undo it"
    without = {one["metadata"]["name"]: one for one in render(FOLDER / "base") if one["kind"] == "Deployment"}
    assert all(without[name]["spec"]["replicas"] == 2 for name in WEBS)
    # Of each kind one more pod while a new version is rolled out.
    surging = sum(PODS[name]["spec"]["strategy"]["rollingUpdate"]["maxSurge"] for name in WEBS)
    most = sum(one["spec"]["maxReplicas"] for one in scalers.values()) + surging
    known = (ROOT / ".env.example").read_text()
    pool, threads = (int(re.search(rf"{name}=(\d+)", known)[1]) for name in ("DATABASE_POOL_SIZE", "CHAT_THREADS"))  # type: ignore[index]
    needed = {"pnav-postgres": most * (pool + threads + 2) + 2, "pnav-keys": (most + 1) * (threads + 2)}
    by_hand, reserved = 5, 3  # `psql`, the migration; superuser_reserved_connections
    for name, cluster in of_kind("Cluster").items():
        given = cluster["spec"]["postgresql"]["parameters"]
        connections = int(given["max_connections"])
        assert needed[name] + by_hand + reserved <= connections
        buffers, each = (int(given[key].removesuffix("MB")) for key in ("shared_buffers", "work_mem"))
        memory = int(cluster["spec"]["resources"]["limits"]["memory"].removesuffix("Mi"))
        assert buffers + connections * (each + 4) <= memory, "as tests/test_compose.py reckons"


@pytest.mark.parametrize(("name", "service"), [("pnav-postgres", "postgres"), ("pnav-keys", "keys")])
def test_postgresql_is_the_one_of_compose(name, service):
    cluster = of_kind("Cluster")[name]["spec"]
    assert set(of_kind("Cluster")) == {"pnav-postgres", "pnav-keys"}
    settings = dict(word.split("=", 1) for word in words(service) if "=" in word)
    ours = dict(cluster["postgresql"]["parameters"])
    assert int(ours.pop("max_connections")) >= int(settings.pop("max_connections")), "an autoscaler makes more pods"
    assert {name: settings[name] for name in ours} == ours
    assert cluster["imageName"].rpartition(":")[2] == COMPOSE[service]["image"].rpartition(":")[2]
    assert cluster["instances"] >= 3 and cluster["postgresql"]["synchronous"]["dataDurability"] == "required"
    script = (ROOT / "deploy/roles.sql").read_text()
    (may,) = re.findall(r"ALTER ROLE pnav_web (NO[A-Z ]+);", script)
    wanted = [line.rstrip(";") for line in script.splitlines() if re.match("GRANT USAGE ON|ALTER", line)]
    said = [line.replace(" FOR ROLE pnav", "") for line in cluster["bootstrap"]["initdb"]["postInitApplicationSQL"]]
    assert said[1:] == wanted and len(said) == 8
    assert set(said[0].split()) == {"CREATE", "ROLE", "pnav_web", "LOGIN", *may.split()}


def test_gateway_sends_sockets_apart_and_hides_the_pages_of_the_operator():
    rules = of_kind("HTTPRoute")["pnav"]["spec"]["rules"]
    hidden = {match["path"]["value"]: match["path"]["type"] for match in rules[0]["matches"]}
    for name in ("health_live", "health_ready", "metrics"):
        path = reverse(name)
        assert any(path == one or (kind == "PathPrefix" and path.startswith(f"{one}/")) for one, kind in hidden.items())
    led = rules[0]["filters"][0]["urlRewrite"]["path"]["replaceFullPath"]
    with pytest.raises(Exception, match="tried"):
        resolve(led)
    ways = {rule["matches"][0]["path"]["value"]: rule["backendRefs"][0]["name"] for rule in rules[1:]}
    assert ways == {"/ws/": "pnav-sockets", "/": "pnav-pages"}
    for rule in rules[1:]:
        assert {"Forwarded", "Daphne-Root-Path"} <= set(rule["filters"][0]["requestHeaderModifier"]["remove"])
    of_sockets, of_pages = (rule["timeouts"]["request"] for rule in rules[1:])
    assert of_sockets == "0s" and COPY_SECONDS < int(of_pages.removesuffix("s")) <= 3600


def test_monitoring_and_certificates_fit_the_services():
    monitor = of_kind("ServiceMonitor")["pnav"]["spec"]
    found = [
        name for name, one in of_kind("Service").items() if selects(monitor["selector"], one["metadata"]["labels"])
    ]
    assert found == list(WEBS)
    (endpoint,) = monitor["endpoints"]
    assert endpoint["path"] == reverse("metrics") and endpoint["scheme"] == "https"
    assert endpoint["authorization"]["credentials"] == {"name": "pnav", "key": "metrics_token"}
    certificate = of_kind("Certificate")["pnav-web-tls"]["spec"]
    assert endpoint["tlsConfig"]["serverName"] in certificate["dnsNames"] and "localhost" in certificate["dnsNames"]
    assert of_kind("BackendTLSPolicy")["pnav"]["spec"]["validation"]["hostname"] in certificate["dnsNames"]
    assert certificate["secretName"] == "pnav-web-tls"


def named(value: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """Yield each ConfigMap and Secret that these resources name, as (kind, name)."""
    if isinstance(value, list):
        for one in value:
            yield from named(one)
    if not isinstance(value, dict):
        return
    if value.get("kind") in {"ConfigMap", "Secret"} and "metadata" not in value:
        yield value["kind"], value["name"]
    for key, one in value.items():
        if key in {"configMapRef", "configMapKeyRef"}:
            yield "ConfigMap", one["name"]
        elif key == "secretName":
            yield "Secret", one
        elif key in {"secret", "credentials", "passwordSecret"} and "name" in one:
            yield "Secret", one["name"]
        else:
            yield from named(one)


def test_scrape_waits_for_what_a_process_says_of_a_database_that_is_away():
    """A process waits for the pool first. Prometheus must not have given up by then, or nobody is told."""
    patience = settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] + 3
    (ours,) = of_kind("ServiceMonitor")["pnav"]["spec"]["endpoints"]
    (documented,) = yaml.safe_load(
        re.findall(r"^```\n(scrape_configs:.+?)^```", (ROOT / "docs/operations.md").read_text(), re.S | re.M)[0]
    )["scrape_configs"]
    for interval, timeout in (
        (ours["interval"], ours["scrapeTimeout"]),
        (documented["scrape_interval"], documented["scrape_timeout"]),
    ):
        assert patience <= int(timeout.removesuffix("s")) <= int(interval.removesuffix("s"))


def test_each_config_map_and_secret_that_is_named_is_made_or_the_readme_tells_how():
    made = {(kind, name) for kind in ("ConfigMap", "Secret") for name in of_kind(kind)}
    made |= {("Secret", one["spec"]["secretName"]) for one in of_kind("Certificate").values()}
    made |= {("Secret", f"{name}-ca") for name in of_kind("Cluster")}  # by CloudNativePG
    by_hand = {
        ({"configmap": "ConfigMap", "secret generic": "Secret"}[kind], name)
        for kind, name in re.findall(r"^kubectl .+ pnav create (configmap|secret generic) ([\w-]+)", README, re.M)
    }
    assert "`pnav-redis-ca`" in README  # of somebody else's Redis: told in words
    by_hand.add(("Secret", "pnav-redis-ca"))
    wanted = set(named(RENDERED))
    assert {("ConfigMap", "pnav-web-ca"), ("Secret", "pnav-web-tls"), ("ConfigMap", "pnav-site")} <= wanted
    assert wanted <= made | by_hand
    assert by_hand <= wanted, "and nothing is made in vain"


def test_authority_keeps_its_key_so_that_who_trusts_its_former_certificate_goes_on():
    of_authority, of_pods = (of_kind("Certificate")[name]["spec"] for name in ("pnav-authority", "pnav-web-tls"))
    assert of_authority["privateKey"]["rotationPolicy"] == "Never" and of_authority["isCA"] is True
    assert of_pods["privateKey"]["rotationPolicy"] == "Always"


def test_certificates_are_renewed_before_anybody_is_told_that_they_end():
    """Otherwise the alarm is on for weeks of every three months, and nobody looks when it is true."""
    told = certificates.WARNED_DAYS * 24
    of_pods = of_kind("Certificate")["pnav-web-tls"]["spec"]
    assert told < int(of_pods["renewBefore"].removesuffix("h")) < int(of_pods["duration"].removesuffix("h"))
    (days,) = re.findall(r"--from-literal=EXPIRING_CHECK_THRESHOLD=(\d+)", README.partition("## Install")[2])
    assert told < int(days) * 24 < 90 * 24
    rule = ALERTS.partition("alert: PnavCertificateEnds\n")[2].partition("alert:")[0]
    [alert] = re.findall(r"< (\d+) \* 86400\n", rule)
    assert int(alert) < certificates.WARNED_DAYS
    assert "rollout restart deploy/pnav-pages" not in README, "a process reads its certificate again by itself"


def test_patch_of_what_is_not_there_is_an_error():
    resource = {"spec": {"replicas": 2, "egress": []}}
    patch(resource, [{"op": "add", "path": "/spec/egress/-", "value": 1}, {"op": "remove", "path": "/spec/replicas"}])
    assert resource == {"spec": {"egress": [1]}}
    for operation in ("remove", "replace"):
        with pytest.raises((KeyError, AssertionError)):
            patch(copy.deepcopy(resource), [{"op": operation, "path": "/spec/replicas", "value": 1}])
