"""What somebody may try against `collabsheet serve`, each threat of docs/serve-threats.md acted."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import stat
import time
import zipfile
from pathlib import Path

import pytest
from service_process import ServiceProcess

from pyxl.serve.client import connect
from pyxl.serve.jobs.job_store import JobStore
from pyxl.serve.limits import ServiceLimits
from pyxl.serve.rates import RequestRates
from pyxl.serve.run_service import Where, refuse_unsafe
from pyxl.serve.service import shown_name, sweep
from pyxl.serve.tokens import TokenFile
from solver import UserError

ROOT = Path(__file__).resolve().parent.parent
OFFICE_JS = "https://appsforoffice.microsoft.com"
SLOW = {"optimizer": "sgd", "epochs": 10_000_000, "weight_decay": 0.01, "lr": 1e-6}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    (folder / "shelf").mkdir()
    with ServiceProcess(folder, "--upload-mb", "1", "--job-seconds", "5", "--requests", "1000", "--books", str(folder / "shelf")) as running:
        yield running


def uploaded(service, path, name="b.xlsx"):
    status, _, told = service.ask("POST", f"/api/books?name={name}", path.read_bytes())
    assert status == 201, told
    return told["book"]


def started(service, **asked):
    status, _, told = service.ask("POST", "/api/jobs", asked)
    assert status == 201, told
    return told["job"]


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "Basic x", "Bearer \xe9"])
@pytest.mark.parametrize("method, path", [("GET", "/api/status"), ("POST", "/api/books?name=b.xlsx"), ("POST", "/api/jobs"), ("GET", "/api/jobs/x/events")])
def test_without_the_token_nothing_is_answered(service, token, method, path):
    status, _, told = service.ask(method, path, Authorization=token)
    assert status == 401 and "token" in told["error"]


def test_a_foreign_name_that_was_made_to_lead_here_is_refused(service):
    for host in ("evil.example", f"evil.example:{service.port}", "127.0.0.1:1", ""):
        assert service.ask("GET", "/api/status", Host=host)[0] in (400, 421)
        assert service.ask("GET", "/", Host=host)[0] in (400, 421)


def test_a_foreign_page_is_refused_and_no_answer_is_for_other_origins(service):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{service.port + 1}"):
        assert service.ask("POST", "/api/jobs", {"kind": "films"}, Origin=origin)[0] == 403
    status, headers, _ = service.ask("GET", "/api/status", Origin=f"http://127.0.0.1:{service.port}")
    assert status == 200 and not any(name.lower().startswith("access-control") for name in headers)
    assert service.ask("OPTIONS", "/api/jobs", Origin="https://evil.example")[0] == 403


def test_every_answer_forbids_foreign_scripts_and_the_page_needs_none(service):
    for path in ("/", "/page/page.js", "/api/status", "/none"):
        _, headers, _ = service.ask("GET", path)
        headers = {name.lower(): value for name, value in headers.items()}
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
    for file in [*(ROOT / "pyxl" / "serve" / "page").iterdir(), *(ROOT / "pyxl" / "serve" / "pane").glob("*.[jhc]*")]:
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "").replace(OFFICE_JS, "")
        assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|document\.write|eval\(|\son\w+=|<script>|\sstyle=", text), file.name


def test_the_task_pane_lets_in_office_js_and_nothing_else_does(service):
    everybody = {"Origin": "https://excel.officeapps.live.com", "Authorization": ""}
    status, headers, told = service.ask("GET", "/pane/functions.json", **everybody)
    headers = {name.lower(): value for name, value in headers.items()}
    assert status == 200 and told["functions"] and headers["access-control-allow-origin"] == "*"
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["script-src"] == f"'self' {OFFICE_JS}" and policy["default-src"] == "'none'" and policy["connect-src"] == "'self'"
    assert {place.rpartition("*.")[2] for place in policy["frame-ancestors"].split()[1:]} == {"officeapps.live.com", "office.com", "cloud.microsoft", "sharepoint.com"}
    for path in ("/", "/page/page.js", "/api/status", "/panel", "/pane/../api/status"):
        _, headers, _ = service.ask("GET", path)
        headers = {name.lower(): value for name, value in headers.items()}
        assert (OFFICE_JS not in headers["content-security-policy"] and "access-control-allow-origin" not in headers) or path.startswith("/pane/")
    assert service.ask("GET", "/pane/../api/status", **everybody)[0] == 404 and service.ask("POST", "/api/jobs", {"kind": "films"}, Origin=everybody["Origin"])[0] == 403


@pytest.mark.parametrize("path", ["/page/../service.py", "/page/%2e%2e/service.py", "/page/..%2fservice.py", "/page//etc/passwd", "/pane/../service.py", "/pane/%2e%2e/guards.py"])
def test_no_other_file_is_served(service, path):
    assert service.ask("GET", path)[0] == 404


@pytest.mark.parametrize("given, shown", [
    ("../../etc/cron.d/x.xlsx", "x.xlsx"), ("C:\\Windows\\x.xlsm", "x.xlsm"), ("a\r\nSet-Cookie: x.xlsx", "aSet-Cookie: x.xlsx"),
    ("/absolute.csv", "absolute.csv"), ("n" * 500 + ".xlsx", "n" * 115 + ".xlsx")])
def test_a_name_never_becomes_a_path(service, example_book, given, shown):
    from urllib.parse import quote

    assert shown_name(given) == shown
    book = uploaded(service, example_book.path, quote(given, safe=""))
    assert (service.folder / f"{book}{Path(shown).suffix}").exists()
    assert all(re.fullmatch(r"[\w-]{22}\.\w+|audit\.log|jobs\.sqlite.*", path.name) for path in service.folder.iterdir())
    status, headers, _ = service.ask("GET", f"/api/books/{book}/file")
    assert status == 200 and quote(shown, safe="") in headers["content-disposition"]


def test_a_file_that_is_named_lies_below_the_folder_that_was_given(service, example_book):
    shelf = service.folder.parent / "shelf"
    (shelf / "b.xlsx").write_bytes(example_book.path.read_bytes())
    (shelf / "out.xlsx").symlink_to(example_book.path)
    for path, status in (("b.xlsx", 201), ("../served/jobs.sqlite", 404), ("../../b.xlsx", 404), ("/etc/passwd", 404), ("out.xlsx", 404), ("none.xlsx", 404), ("", 404),
                         ("%00", 404)):
        assert service.ask("POST", f"/api/books?path={path}")[0] == status, path
    assert connect(service.url).inspect("b.xlsx", there=True)["bias"]["recognised"]
    connect(service.url).fit("b.xlsx", there=True, sheets=["bias"], options={"weight_decay": 0.05})
    assert (shelf / "b.xlsx").read_bytes() == example_book.path.read_bytes()


@pytest.mark.parametrize("name", ["x", "x.exe", ".xlsx", "x.xlsx/", "x.html"])
def test_other_kinds_of_files_are_refused(name):
    with pytest.raises(UserError, match="ends with none of"):
        shown_name(name)


def test_a_file_that_is_too_large_leaves_nothing(service):
    before = set(service.folder.iterdir())
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        connection.request("POST", "/api/books?name=b.xlsx", b"x" * (3 << 20), {"Authorization": f"Bearer {service.token}"})
        answer = connection.getresponse()
        assert answer.status == 413 and "1 MB" in json.loads(answer.read())["error"]
    except (BrokenPipeError, ConnectionResetError):
        pass        # it was refused before all of it was sent
    connection.close()
    assert set(service.folder.iterdir()) == before
    assert service.ask("POST", "/api/jobs", b"[" * (2 << 20))[0] == 413
    assert service.ask("POST", "/api/jobs", b"[" * 100_000)[0] == 400


def test_a_zip_bomb_is_refused(service, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("xl/workbook.xml", b" " * (200 << 20))
    result = service.over(started(service, kind="inspect", book=uploaded(service, tmp_path / "bomb.xlsx")))
    assert result["state"] == "failed" and "b.xlsx" in result["result"]["error"]


def test_a_job_that_takes_too_long_or_is_killed_is_told_and_others_go_on(service, example_book):
    book = uploaded(service, example_book.path)
    slow = started(service, kind="fit", book=book, sheets=["bias"], options=SLOW)
    other = started(service, kind="inspect", book=book)
    assert service.over(other)["state"] == "done"
    assert service.over(slow)["state"] == "stopped"     # at its limit it is asked to stop, and keeps the best so far
    killed = started(service, kind="fit", book=book, sheets=["bias"], options=SLOW)
    until = time.monotonic() + 120
    while (told := service.ask("GET", f"/api/jobs/{killed}")[2])["state"] != "running" and time.monotonic() < until:
        time.sleep(0.05)
    for worker in workers_of(service.process.pid):
        os.kill(worker, signal.SIGKILL)
    assert "process ended" in service.over(killed)["result"]["error"], told
    assert service.over(started(service, kind="inspect", book=book))["state"] == "done"


def workers_of(pid):
    """The processes in which jobs run: those that were forked from the server of forks, which is a child of the service."""
    children = {}
    for stat_file in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat_file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(words[1]), []).append(int(stat_file.parent.name))
    return [worker for server in children.get(pid, []) for worker in children.get(server, [])]


def test_a_job_that_takes_too_much_memory_is_told(example_book, tmp_path):
    table = tmp_path / "many.csv"
    table.write_text("user,item,rating\n" + "".join(f"{n},{n // 3},{n % 5}\n" for n in range(300_000)))
    with ServiceProcess(tmp_path, "--job-mb", "16") as service:
        job = service.over(started(service, kind="new", book=uploaded(service, table, "many.csv")))
        assert job["state"] == "failed" and "memory" in job["result"]["error"]
        assert service.over(started(service, kind="inspect", book=uploaded(service, example_book.path)))["state"] == "done"


def test_who_asks_too_much_waits(example_book, tmp_path):
    with ServiceProcess(tmp_path, "--workers", "1", "--requests", "5") as service:
        assert service.ask("POST", "/api/books?path=b.xlsx")[0] == 400      # it was given no folder
        book = uploaded(service, example_book.path)
        answers = [service.ask("POST", "/api/jobs", {"kind": "fit", "book": book, "options": SLOW}) for _ in range(ServiceLimits().waiting + 2)]
        assert answers[0][0] == 201 and answers[-1][0] == 429 and "wait" in answers[-1][2]["error"]
        asked = [service.ask("GET", "/api/status") for _ in range(60)]
        assert asked[0][0] == 200 and any(status == 429 and "too many requests" in told["error"] for status, _, told in asked)


def test_requests_flow_in_by_the_second():
    now = 0.0
    rates = RequestRates(2.0, clock=lambda: now)
    assert [rates.take("ann") for _ in range(21)] == [True] * 20 + [False] and rates.take("bob")
    now = 1.0
    assert [rates.take("ann") for _ in range(3)] == [True, True, False]


def test_others_see_nothing_of_mine_and_a_scope_reaches_no_further(example_book, tmp_path):
    words = {name: f"{name}-" + "t" * 30 for name in ("ann", "bob", "eye")}
    file = tmp_path / "tokens"
    file.write_text(f"# who may ask\nann fit {words['ann']}\nbob fit {words['bob']}\neye read {words['eye']}\n")
    file.chmod(0o600)
    with ServiceProcess(tmp_path, "--tokens", str(file), "--kept-mb", "0.01") as service:
        assert "token" not in service.url
        as_who = {name: {"Authorization": f"Bearer {word}"} for name, word in words.items()}
        _, _, book = service.ask("POST", "/api/books?name=secret.xlsx", example_book.path.read_bytes(), **as_who["ann"])
        _, _, job = service.ask("POST", "/api/jobs", {"kind": "inspect", "book": book["book"]}, **as_who["ann"])
        for method, path in (("GET", f"/api/books/{book['book']}/file"), ("GET", f"/api/jobs/{job['job']}"), ("GET", f"/api/jobs/{job['job']}/events"),
                             ("POST", f"/api/jobs/{job['job']}/stop")):
            assert service.ask(method, path, **as_who["bob"])[0] == 404
        assert service.ask("POST", "/api/jobs", {"kind": "inspect", "book": book["book"]}, **as_who["bob"])[0] == 404
        for path, asked in (("/api/books?name=more.xlsx", b"x"), ("/api/jobs", {"kind": "demo"})):
            status, _, told = service.ask("POST", path, asked, **as_who["ann"])
            assert status == 429 and "deleted after 60 minutes" in told["error"]
        status, _, told = service.ask("POST", "/api/books?name=b.xlsx", b"x", **as_who["eye"])
        assert status == 403 and "'read'" in told["error"]
        assert service.ask("GET", "/api/status", **as_who["bob"])[0] == 200
        file.write_text(f"ann fit {words['ann']}\n")
        assert service.ask("GET", "/api/status", **as_who["bob"])[0] == 401     # revoked
        assert service.ask("GET", "/api/status", **as_who["ann"])[0] == 200
        file.chmod(0o644)
        file.write_text(f"ann fit {words['ann']}\nbob admin {words['bob']}\n")
        assert service.ask("GET", "/api/status", **as_who["bob"])[0] == 401
        log = (service.folder / "audit.log").read_text()
        assert "ann POST '/api/books' 201" in log and "secret" not in log and words["ann"] not in log


@pytest.mark.parametrize("content, mode, said", [
    ("ann fit short\n", 0o600, "entry 1"), ("ann all " + "t" * 30, 0o600, "entry 1"), ("\n# nobody\n", 0o600, "names nobody"), ("ann fit " + "t" * 30, 0o640, "chmod 600")])
def test_a_file_of_tokens_that_is_unsafe_is_refused(tmp_path, content, mode, said):
    (tmp_path / "tokens").write_text(content)
    (tmp_path / "tokens").chmod(mode)
    with pytest.raises(UserError, match=said):
        TokenFile(tmp_path / "tokens")


@pytest.mark.parametrize("where", [Where(host="0.0.0.0"), Where(host="192.0.2.1", tokens="t"), Where(host="::", certificate="c", key="k"),
                                   Where(host="example.org"), Where(certificate="c")])
def test_beyond_this_machine_only_with_tls_and_tokens(where):
    with pytest.raises(UserError, match="--certificate"):
        refuse_unsafe(where)


def test_the_command_refuses_it_too(capsys):
    from pyxl.__main__ import main

    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "others could reach this service" in capsys.readouterr().err


def test_with_tls_the_client_checks_who_answers(example_book, tmp_path):
    certificate, key = self_signed(tmp_path)
    (tmp_path / "tokens").write_text("ann fit " + "t" * 30)
    (tmp_path / "tokens").chmod(0o600)
    with ServiceProcess(tmp_path, "--tokens", str(tmp_path / "tokens"), "--certificate", str(certificate), "--key", str(key)) as service:
        assert service.url.startswith("https://127.0.0.1:")
        assert connect(service.url, token="t" * 30, certificate=str(certificate)).inspect(example_book.path)["bias"]["recognised"]
        with pytest.raises(UserError, match="CERTIFICATE_VERIFY_FAILED"):
            connect(service.url, token="t" * 30)


def self_signed(folder):
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
              .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
              .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
              .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    (folder / "c.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "c.pem", folder / "k.pem"


def test_what_is_old_is_deleted_and_the_folder_is_ones_own(tmp_path, service):
    assert stat.S_IMODE(service.folder.stat().st_mode) == 0o700
    store = JobStore(tmp_path / "jobs.sqlite")
    book = store.add_book("ann", "b.xlsx")
    job = store.add_job("ann", "inspect", book.id, {})
    for name in (f"{book.id}.xlsx", "leftover.xlsx", "jobs.txt.keep"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (0, 0))
    sweep(store, tmp_path, before=time.time() + 1)
    assert (tmp_path / f"{book.id}.xlsx").exists() and not (tmp_path / "leftover.xlsx").exists()     # a job waits for the one
    store.end(job.id, "done", {})
    sweep(store, tmp_path, before=time.time() + 1)
    assert not (tmp_path / f"{book.id}.xlsx").exists() and (tmp_path / "jobs.txt.keep").exists()
    assert store.job(job.id, "ann") is None
    store.close()


def test_every_threat_of_the_page_names_its_test():
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "serve-threats.md").read_text("utf-8"))
    here = Path(__file__).read_text("utf-8")
    assert len(named) >= 15 and all(f"def {name}(" in here for name in named)
