"""The rules that the files of deploy/ keep: probes everywhere, no root, no secret, nothing published to everybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse_assets_tests.conftest import PROJECT

DEPLOY = PROJECT / "deploy"
FILES = sorted(
    file for file in DEPLOY.rglob("*") if file.suffix in (".yaml", ".sql", ".example") or file.name == "Dockerfile"
)
#: What a secret's value may be in a file: nothing, or a reference to the environment.
REFERENCE = re.compile(r"\$\{\w+(:[?-][^}]*)?\}")
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|_KEY$|KEY_ID|POSTGRES_URL|STORE_URI|ALERT_URLS")


def documents(file: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / file).read_text(encoding="utf-8")))


COMPOSE: dict[str, Any] = documents("compose.yaml")[0]
VALUES: dict[str, Any] = documents("kubernetes/values.yaml")[0]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_probed_runs_as_nobody_special_and_is_reached_from_this_machine_only(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["user"] not in ("root", "0", "0:0")
    probe = service["healthcheck"]
    assert probe.get("test") or (probe == {"disable": True} and service["restart"] == "no")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for other, condition in service.get("depends_on", {}).items():
        assert other in COMPOSE["services"]
        assert condition["condition"] in ("service_healthy", "service_completed_successfully")


def test_the_services_that_the_platform_needs_are_there() -> None:
    assert set(COMPOSE["services"]) == {
        "postgres", "objects", "storage", "buckets", "mlflow", "code", "webserver", "daemon", "reports"
    }  # fmt: skip


def test_a_database_counts_as_ready_only_where_the_others_reach_it() -> None:
    probe = COMPOSE["services"]["postgres"]["healthcheck"]["test"][-1]
    databases = re.findall(r"CREATE DATABASE (\w+)", (DEPLOY / "databases.sql").read_text(encoding="utf-8"))
    assert "-h 127.0.0.1" in probe
    assert f"-d {databases[-1]}" in probe, "the last that is made"


def image_environment() -> dict[str, str]:
    """What the image sets."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return dict(one.split("=", 1) for line in re.findall(r"^ENV (.*)$", text, re.M) for one in line.split())


@pytest.mark.parametrize("volumes", [service.get("volumes", []) for service in COMPOSE["services"].values()])
def test_a_volume_that_our_user_writes_to_begins_as_a_folder_of_the_image_that_is_his(volumes: list[str]) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    [owned] = re.findall(r"chown lakehouse:lakehouse (.+?)(?: &&|$)", text, re.M)
    for volume in volumes:
        name, folder = volume.removesuffix(":ro").rsplit(":", 1)
        assert name not in COMPOSE["volumes"] or name == "postgres" or folder in owned.split(), volume


@pytest.mark.parametrize(
    "given",
    [
        {},
        {name: "x" for name in COMPOSE["x-process"]["environment"] if name != "LANDING"},
        dict.fromkeys(VALUES["dagster-user-deployments"]["deployments"][0]["env"], "x"),
    ],
    ids=["image", "compose", "chart"],
)
def test_whatever_a_container_writes_lies_on_its_volume_and_not_beside_the_code(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lakehouse_assets import settings

    served = {"LAKE_URI": "s3://lake", "MLFLOW_TRACKING_URI": "http://mlflow:5000", "MLFLOW_ARTIFACT_ROOT": "x:/"}
    monkeypatch.setattr("os.environ", image_environment() | given | served)
    written = [
        settings.tuning_storage(),
        *map(str, (settings.lake_sql(), settings.reports_root(), settings.simulated_landing_root())),
    ]
    assert not [place for place in written if str(settings.PROJECT_ROOT / "data") in place]


def settings(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every setting of a document by its name, however deep."""
    if isinstance(node, dict):
        if set(node) == {"name", "value"}:
            yield str(node["name"]), str(node["value"])
        for name, value in node.items():
            yield from settings(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from settings(value, path)
    elif node is not None:
        yield path, str(node)


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix == ".yaml"], ids=lambda file: file.name)
def test_secrets_are_empty_or_come_from_the_environment(file: Path) -> None:
    for document in documents(str(file.relative_to(DEPLOY))):
        for name, value in settings(document):
            if SECRET.search(name):
                left = REFERENCE.sub("", value)
                assert left == "" or (left.startswith("postgresql+psycopg2://lakehouse:@")), f"{name}: {value}"


def test_an_example_of_the_environment_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    given = dict(line.split("=", 1) for line in (DEPLOY / "env.example").read_text().splitlines() if "=" in line[:20])
    assert asked == set(given)
    assert not any(value for name, value in given.items() if SECRET.search(name))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_image_names_are_those_of_public_hubs(file: Path) -> None:
    images = re.findall(r"^\s*(?:image:|FROM|repository:)\s+(\S+)", file.read_text(encoding="utf-8"), re.M)
    for image in images:
        host, *rest = image.split("/")
        assert not rest or not re.search(r"[.:]|localhost", host), image


PODS = ["dagsterWebserver", "dagsterDaemon"]


@pytest.mark.parametrize("pod", [*(VALUES[name] for name in PODS), *VALUES["dagster-user-deployments"]["deployments"]])
def test_the_chart_s_pods_are_probed_and_may_not_be_root(pod: dict[str, Any]) -> None:
    assert pod["podSecurityContext"]["runAsNonRoot"]
    assert pod["podSecurityContext"]["runAsUser"] > 0
    assert pod["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert "livenessProbe" in pod


def test_a_run_that_hangs_ends_wherever_it_runs_and_a_pool_is_free_when_its_holder_is_dead() -> None:
    of_pods = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["jobSpecConfig"]
    monitoring = [documents("dagster.yaml")[0], yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))]
    longest = {one["run_monitoring"]["max_runtime_seconds"] for one in monitoring}
    assert longest == {of_pods["activeDeadlineSeconds"]}
    freed = {one["run_monitoring"]["free_slots_after_run_end_seconds"] for one in monitoring}
    assert freed == {VALUES["dagsterDaemon"]["runMonitoring"]["freeSlotsAfterRunEndSeconds"]}


def test_every_probe_that_is_declared_is_rendered_by_the_chart() -> None:
    probes = [VALUES[pod]["startupProbe"] for pod in PODS if "startupProbe" in VALUES[pod]]
    assert probes
    assert all(probe["enabled"] is True for probe in probes)


def test_the_pod_of_a_run_as_the_launcher_builds_it_is_no_root_and_has_what_the_code_location_has() -> None:
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job

    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    assert code["includeConfigInLaunchedRuns"]["enabled"]
    # As the chart's template `dagsterUserDeployments.k8sContainerContext` puts it together.
    of_the_code = K8sContainerContext.create_from_config(
        {
            "k8s": {
                "env_secrets": [one["name"] for one in code["envSecrets"]],
                "volume_mounts": code["volumeMounts"],
                "volumes": code["volumes"],
                "resources": code["resources"],
                "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
            }
        }
    )
    own = {"pod_spec_config": launcher["podSpecConfig"], "container_config": launcher["containerConfig"]}
    merged = K8sContainerContext(run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(own)).merge(of_the_code)
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="i", dagster_home="/h", instance_config_map="m", postgres_password_secret="s"),
        args=["dagster"],
        job_name="run",
        user_defined_k8s_config=merged.run_k8s_config,
    )
    pod = job.to_dict()["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["security_context"]["run_as_non_root"]
    assert container["security_context"]["allow_privilege_escalation"] is False
    assert container["security_context"]["capabilities"]["drop"] == ["ALL"]
    assert container["resources"]["limits"] == code["resources"]["limits"]
    assert [one["secret_ref"]["name"] for one in container["env_from"]] == [one["name"] for one in code["envSecrets"]]
    assert pod["volumes"][0]["persistent_volume_claim"]["claim_name"] == "lakehouse-data"


@pytest.mark.parametrize("file", ["mlflow.yaml", "reports.yaml"])
def test_our_own_pods_are_probed_may_not_be_root_and_stay_in_the_cluster(file: str) -> None:
    found = {one["kind"]: one for one in documents(f"kubernetes/{file}")}
    pod = found["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert {"readinessProbe", "livenessProbe"} <= set(container)
    assert found["Service"]["spec"]["type"] == "ClusterIP"


def test_the_reports_pod_is_alive_before_there_is_any_report() -> None:
    [pod] = [one for one in documents("kubernetes/reports.yaml") if one["kind"] == "Deployment"]
    [container] = pod["spec"]["template"]["spec"]["containers"]
    assert container["volumeMounts"][0]["readOnly"], "so it cannot make the folder that it serves"
    assert all("tcpSocket" in container[probe] for probe in ("readinessProbe", "livenessProbe"))


def test_every_secret_that_pods_take_is_in_the_example() -> None:
    made = {one["metadata"]["name"] for one in documents("kubernetes/secrets.example.yaml")}
    text = "".join((DEPLOY / "kubernetes" / name).read_text() for name in ("values.yaml", "mlflow.yaml"))
    taken = re.findall(
        r"(?:- name: |secretRef: \{name: |postgresqlSecretName: )(lakehouse-(?!assets|mlflow$)[\w-]+)", text
    )
    assert set(taken) <= made
    assert {"lakehouse-postgresql", "lakehouse-storage", "lakehouse-platform", "lakehouse-mlflow"} == made


def test_the_image_installs_by_hash_and_drops_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert text.count("--require-hashes") == 2
    last = text.rindex("USER 10001:10001")
    assert "RUN" not in text[last:]
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.M):
        assert (PROJECT / source).exists(), source


def test_the_image_has_the_versions_that_are_tested() -> None:
    pinned = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.M)
    tested = dict(pinned.findall((PROJECT / "requirements.lock").read_text(encoding="utf-8")))
    shipped = dict(pinned.findall((DEPLOY / "requirements.lock").read_text(encoding="utf-8")))
    assert shipped.items() <= tested.items()
    assert "pytest" not in shipped
    for lock in ("requirements.lock", "deploy/requirements.lock"):
        assert "index-url" not in (PROJECT / lock).read_text(encoding="utf-8")
