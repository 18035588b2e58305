import re
import shlex
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from marquee.errors import ConfigError
from pipeline.schedule.cron import Cron
from pipeline.schedule.units import Unit, on_calendar, unit

COMMAND = ("schedule", "--once", "--on-failure", 'mail -s "100% $(date)" me', "--config", "smoke")


def wanted(cron, missed="run-once", folder="/srv/my films"):
    return Unit(
        Cron.parse(cron, ZoneInfo("America/New_York")), missed, ("/srv/bin/marquee",), COMMAND, Path(folder)
    )


@pytest.mark.parametrize(
    ("cron", "times"),
    [
        ("0 3 * * *", ["*-*-* 03:00:00"]),
        ("*/30 9-10 * * mon-wed", ["Mon,Tue,Wed *-*-* 09,10:00,30:00"]),
        ("5 0 1 1,7 *", ["*-01,07-01 00:05:00"]),
        ("0 0 13 * 0,5", ["*-*-13 00:00:00", "Fri,Sun *-*-* 00:00:00"]),
        ("* * * * * */20", ["*-*-* *:*:00,20,40"]),
    ],
)
def test_systemd_is_told_the_same_times(cron, times):
    zone = "America/New_York"
    assert on_calendar(Cron.parse(cron, ZoneInfo(zone))) == [f"{time} {zone}" for time in times]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_reads_the_times_and_the_units(tmp_path):
    for each in on_calendar(Cron.parse("*/7 1-3 13 2 0,5 1")):
        subprocess.run(["systemd-analyze", "calendar", each], check=True, capture_output=True)
    text = unit("systemd", wanted("0 3 * * *", folder="/")).replace("/srv/bin/marquee", "/bin/true")
    service, timer = text.split("# /etc/systemd/system/marquee.timer")
    (tmp_path / "marquee.service").write_text(service)
    (tmp_path / "marquee.timer").write_text("#" + timer)
    answer = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "marquee.service", tmp_path / "marquee.timer"],
        capture_output=True,
        text=True,
    )
    assert "marquee" not in answer.stderr


def test_a_systemd_service_quotes_as_systemd_reads_it():
    text = unit("systemd", wanted("0 3 * * *", "skip"))

    assert (
        "ExecStart=/srv/bin/marquee schedule --once "
        '--on-failure "mail -s \\"100%% $$(date)\\" me" --config smoke\n'
    ) in text
    assert "WorkingDirectory=/srv/my films\n" in text
    assert "Environment=TZ=America/New_York\n" in text
    assert "OnCalendar=*-*-* 03:00:00 America/New_York\n" in text
    assert "Persistent=false\n" in text
    assert "Persistent=true\n" in unit("systemd", wanted("0 3 * * *"))


def test_a_crontab_line_is_the_expression_and_a_command_that_the_shell_reads_back():
    [*comments, of_times, of_commands, line] = unit("crontab", wanted("*/5 3 * * sun")).splitlines()

    assert all(comment.startswith("#") for comment in comments)
    assert (of_times, of_commands) == ("CRON_TZ=America/New_York", "TZ=America/New_York")
    assert line.startswith("*/5 3 * * 0 cd '/srv/my films' && ")
    command = line.partition(" && ")[2]
    assert "%" not in command.replace(r"\%", "")
    assert shlex.split(command.replace(r"\%", "%")) == ["/srv/bin/marquee", *COMMAND]


def test_a_kubernetes_cron_job_never_overlaps_and_calls_the_container_with_the_same_arguments():
    claim, job = yaml.safe_load_all(unit("kubernetes", wanted("0 3 * * 7")))

    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["spec"]["schedule"] == "0 3 * * 0"
    assert job["spec"]["timeZone"] == "America/New_York"
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert "startingDeadlineSeconds" not in job["spec"]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    # $(…) would be a variable to Kubernetes.
    assert container["args"] == [each.replace("$(", "$$(") for each in COMMAND]
    assert {"name": "TZ", "value": "America/New_York"} in container["env"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]

    skipping = list(yaml.safe_load_all(unit("kubernetes", wanted("0 3 * * 7", "skip"))))[1]
    assert skipping["spec"]["startingDeadlineSeconds"] == 60


@pytest.mark.parametrize("kind", ["crontab", "kubernetes"])
def test_seconds_are_refused_where_they_are_not_known(kind):
    with pytest.raises(ConfigError, match=f"which {kind} does not know"):
        unit(kind, wanted("0 3 * * * 30"))


def test_a_clock_that_leaves_out_times_is_warned_of():
    in_the_gap = Unit(Cron.parse("30 2 * * *", ZoneInfo("Europe/Berlin")), "skip", ("m",), COMMAND, Path("/"))
    for kind, name in (("systemd", "systemd"), ("kubernetes", "Kubernetes")):
        warning = rf"# On \d{{4}}-03-\d\d {name} does not run: 02:30 is left out .*, so it comes at 03:00"
        assert re.match(warning, unit(kind, in_the_gap))
    for kind in ("systemd", "kubernetes"):
        assert "does not run" not in unit(kind, wanted("0 3 * * *"))
    assert "does not run" not in unit("systemd", wanted("*/15 * * * *"))
