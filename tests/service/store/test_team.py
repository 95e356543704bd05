"""A team at work: decisions, conflicts, reviews, the audit trail, exports taken over, limits."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.service.server import PNG, ask, check_problem, picture, talk
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.errors import OptionError
from viennatag.service.options import ServiceOptions
from viennatag.service.store import access
from viennatag.service.store.access import add_user, change_user, remove_user, renew_token
from viennatag.service.store.database import Database
from viennatag.service.store.team import accepted_codes, hash_image

TOKEN = "the token of the whole service"
Conversation = Callable[[httpx.AsyncClient], Awaitable[None]]


@dataclass
class Office:
    """A store with users, by name; `lea` leads, `bot` is a program."""

    url: str
    tokens: dict[str, str]

    def as_(self, name: str) -> dict[str, dict[str, str]]:
        return {"headers": {"Authorization": f"Bearer {self.tokens[name]}"}}

    def talk(self, conversation: Conversation) -> None:
        talk(conversation, ServiceOptions(store=self.url, token=TOKEN))

    async def put(
        self, client: httpx.AsyncClient, name: str, address: str, version: int, done: bool = True, **codes: str
    ) -> httpx.Response:
        """Decide; codes are written as _3_1_6."""
        decisions = {code.strip("_").replace("_", "."): decision for code, decision in codes.items()}
        body = {"version": version, "decisions": decisions, "done": done}
        return await client.put(f"/v1/marks/{address}", json=body, **self.as_(name))


@pytest.fixture
def office(store_url: str) -> Office:
    database = Database(store_url)
    roles = {"anna": "examiner", "ben": "examiner", "lea": "lead", "bot": "program"}
    tokens = {name: add_user(database, name, role) for name, role in roles.items()}
    database.close()
    return Office(store_url, tokens)


def test_a_label_stands_for_what_is_above_it_in_a_tree_of_ones_own() -> None:
    tree = LabelTree((LabelNode("footwear"), LabelNode("boots", parent="footwear"), LabelNode("footwear.old")))
    decisions = dict.fromkeys(("footwear", "boots", "footwear.old"), "accepted")
    assert accepted_codes(decisions, tree) == {"boots", "footwear.old"}


async def send(client: httpx.AsyncClient, office: Office, name: str, *sizes: int) -> list[dict[str, Any]]:
    files = [("files", (f"{size}.png", picture(size))) for size in sizes]
    answer = await client.post("/v1/marks", files=files, **office.as_(name))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_mark_is_decided_reviewed_and_settled(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        (mark,) = await send(client, office, "anna", 40)
        at = mark["id"]
        assert (mark["state"], mark["codes"], mark["image_hash"]) == ("open", None, hash_image(picture(40)))
        assert mark["suggestions"][0].keys() >= {"code", "heading", "score"}
        assert (await client.get(f"/v1/marks/{at}", **office.as_("ben"))).json() == mark

        check_problem(await office.put(client, "ben", f"{at}/review", 0), 422, "invalid", "is not done")
        check_problem(await office.put(client, "lea", f"{at}/settlement", 0), 422, "invalid", "is open")
        one = await office.put(
            client, "anna", f"{at}/first", 0, _3="accepted", _03_01_06="accepted", _29_1_1="rejected"
        )
        assert (one.json()["state"], one.json()["codes"]) == ("done", ["3.1.6"])
        check_problem(await office.put(client, "anna", f"{at}/review", 0), 403, "forbidden", "another must review")
        two = await office.put(client, "ben", f"{at}/review", 0, done=False)
        assert two.json()["state"] == "in review"
        two = await office.put(client, "ben", f"{at}/review", 1, _3_1_8="accepted")
        assert (two.json()["state"], two.json()["codes"]) == ("disagreed", None)
        assert two.json()["disagreement"] == {"first": ["3.1.6"], "review": ["3.1.8"]}
        check_problem(await office.put(client, "ben", f"{at}/settlement", 0), 403, "forbidden", "lead")
        end = await office.put(client, "lea", f"{at}/settlement", 0, _3_1_8="accepted")
        assert (end.json()["state"], end.json()["codes"]) == ("settled", ["3.1.8"])
        same = await office.put(client, "anna", f"{at}/first", 1, _3_1_8="accepted")
        assert (same.json()["state"], same.json()["disagreement"]) == ("agreed", None)

        events = (await client.get(f"/v1/events?mark={at}", **office.as_("ben"))).json()["events"]
        trail = [(each["user"], each["action"], each["stage"], each["details"].get("code")) for each in events]
        assert trail[:5] == [
            ("anna", "added", None, None),
            *(("anna", "decided", "first", code) for code in ("29.1.1", "3", "3.1.6")),
            ("anna", "finished", "first", None),
        ]
        assert [each for each in trail if each[1] == "finished"][1:] == [
            ("ben", "finished", "review", None),
            ("lea", "finished", "settlement", None),
        ]
        assert events[1]["details"] == {"code": "29.1.1", "before": None, "after": "rejected"}
        assert [each["at"] for each in events] == sorted(each["at"] for each in events)
        only = (await client.get("/v1/events?user=lea&count=1", **office.as_("ben"))).json()["events"]
        assert [each["user"] for each in only] == ["lea"]

    office.talk(conversation)


def test_two_examiners_of_one_mark_get_a_conflict_and_lose_nothing(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        (mark,) = await send(client, office, "anna", 40)
        address = f"{mark['id']}/first"
        answers = await asyncio.gather(
            office.put(client, "anna", address, 0, _3_1_6="accepted"),
            office.put(client, "ben", address, 0, _3_1_8="accepted"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        won = next(answer for answer in answers if answer.status_code == 200).json()
        check_problem(refused, 409, "conflict", f"{won['examinations']['first']['examiner']} changed it")
        assert refused.json()["mark"] == won
        loser = "ben" if answers[0].status_code == 200 else "anna"
        again = await office.put(client, loser, address, 1, _3_1_6="accepted", _3_1_8="accepted")
        assert again.json()["codes"] == ["3.1.6", "3.1.8"]
        repeated = await office.put(client, loser, address, 1, _3_1_6="accepted", _3_1_8="accepted")
        assert repeated.json() == again.json()  # an answer may have been lost on its way

    office.talk(conversation)


def test_work_goes_on_at_another_machine_and_after_a_restart(office: Office) -> None:
    async def first(client: httpx.AsyncClient) -> None:
        marks = await send(client, office, "anna", 40, 41)
        await office.put(client, "anna", f"{marks[0]['id']}/first", 0, done=False, _3_1_6="accepted")

    async def second(client: httpx.AsyncClient) -> None:
        hashes = f"{hash_image(picture(41))},{hash_image(picture(40))}"
        found = (await client.get(f"/v1/marks?image_hash={hashes}", **office.as_("anna"))).json()["marks"]
        assert [mark["name"] for mark in found] == ["40.png", "41.png"]
        assert found[0]["examinations"]["first"]["decisions"] == {"3.1.6": "accepted"}
        again, new, _ = await send(client, office, "anna", 40, 42, 42)
        assert again["examinations"] == found[0]["examinations"]
        assert new["id"] > found[1]["id"]
        marks = (await client.get("/v1/marks?count=2&after=1", **office.as_("anna"))).json()["marks"]
        assert [mark["id"] for mark in marks] == [2, 3]
        broken = [("files", ("a.png", b"x")), ("files", ("b.png", picture(43)))]
        results = (await client.post("/v1/marks", files=broken, **office.as_("anna"))).json()["results"]
        assert ("error" in results[0], results[1]["name"]) == (True, "b.png")

    office.talk(first)
    office.talk(second)


def test_marks_are_assigned(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        async def assign(name: str, to: str | None, stage: str = "first") -> httpx.Response:
            body = {"marks": ids, "stage": stage, "to": to}
            return await client.post("/v1/assignments", json=body, **office.as_(name))

        async def work_of(name: str) -> list[int]:
            found = await client.get(f"/v1/marks?assigned_to={name}", **office.as_(name))
            return [mark["id"] for mark in found.json()["marks"]]

        ids = [mark["id"] for mark in await send(client, office, "anna", 40, 41)]
        check_problem(await assign("anna", "ben"), 403, "forbidden", "ask a lead")
        check_problem(await assign("lea", "bot"), 404, "not-found", "no examiner 'bot'")
        assert (await assign("lea", "ben")).status_code == 200
        assert await work_of("ben") == ids
        check_problem(await assign("anna", "anna"), 403, "forbidden")
        check_problem(await office.put(client, "anna", f"{ids[0]}/first", 0), 403, "forbidden", "assigned to ben")
        assert (await office.put(client, "ben", f"{ids[0]}/first", 0)).status_code == 200
        assert await work_of("ben") == ids[1:]
        check_problem(await assign("lea", "ben", "review"), 403, "forbidden", "ben took part")
        assert (await assign("ben", None)).status_code == 200
        reviewed = (await assign("anna", "anna", "review")).json()["marks"]
        assert [mark["state"] for mark in reviewed] == ["in review", "open"]

    office.talk(conversation)


def test_tokens_open_what_their_users_may_do(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        check_problem(await client.get("/v1/model"), 401, "unauthorized", "no token")
        check_problem(await client.get("/v1/me", headers={"Authorization": "Bearer wrong"}), 401, "unauthorized")
        assert (await client.get("/v1/me", **office.as_("anna"))).json() == {
            "name": "anna", "role": "examiner", "images_per_minute": None, "active": True
        }  # fmt: skip
        service = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/metrics", headers=service)).status_code == 200
        check_problem(await client.get("/v1/me", headers=service), 401, "unauthorized", "of a user")
        assert (await client.get("/v1/model", **office.as_("bot"))).status_code == 200
        check_problem(await client.get("/v1/marks", **office.as_("bot")), 403, "forbidden", "a program")
        names = [user["name"] for user in (await client.get("/v1/users", **office.as_("anna"))).json()["users"]]
        assert names == ["anna", "ben", "bot", "lea"]
        described = (await client.get("/openapi.json")).json()
        assert described["paths"]["/v1/marks"]["get"]["security"] == [{"token": []}]

    office.talk(conversation)
    assert ask("GET", "/v1/marks").status_code == 404  # without a store


def test_a_removed_or_renewed_token_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(access, "monotonic", lambda: now[0])
    database = Database(office.url)

    async def conversation(client: httpx.AsyncClient) -> None:
        old = office.as_("anna")
        assert (await client.get("/v1/me", **old)).status_code == 200
        office.tokens["anna"] = renew_token(database, "anna")
        now[0] += 2.0
        check_problem(await client.get("/v1/me", **old), 401, "unauthorized", "wrong")
        assert (await client.get("/v1/me", **office.as_("anna"))).status_code == 200
        remove_user(database, "anna")
        now[0] += 2.0
        check_problem(await client.get("/v1/me", **office.as_("anna")), 401, "unauthorized")
        trail = (await client.get("/v1/events", **office.as_("lea"))).json()["events"]
        assert [each["action"] for each in trail[-2:]] == ["token renewed", "user removed"]

    office.talk(conversation)
    database.close()


def test_a_caller_has_a_limit_of_images(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(access, "monotonic", lambda: now[0])
    database = Database(office.url)
    with pytest.raises(OptionError, match="give --role or --images-per-minute"):
        change_user(database, "bot")
    change_user(database, "bot", images_per_minute=6)

    async def conversation(client: httpx.AsyncClient) -> None:
        async def predict(name: str, images: int) -> httpx.Response:
            return await client.post(
                "/v1/predict", files=[("files", ("a.png", picture()))] * images, **office.as_(name)
            )

        assert (await predict("bot", 5)).status_code == 200
        assert (await predict("bot", 3)).status_code == 200  # two more than the limit, which the next one pays
        refused = await predict("bot", 1)
        check_problem_429(refused, "bot may send 6 images a minute")
        seconds = int(refused.headers["retry-after"])
        assert 20 <= seconds <= 40
        assert (await predict("anna", 3)).status_code == 200
        now[0] += seconds
        assert (await predict("bot", 1)).status_code == 200

    office.talk(conversation)
    database.close()


def check_problem_429(answer: httpx.Response, detail: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:viennatag:problem:too-many-images")
    assert detail in answer.json()["detail"]


def test_bodies_that_cannot_be_used_are_refused(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        (mark,) = await send(client, office, "anna", 40)
        address, mine = f"/v1/marks/{mark['id']}/first", office.as_("anna")
        refused: list[tuple[object, str]] = [
            ({"version": 0}, "body.decisions"),
            ({"version": -1, "decisions": {}}, "body.version"),
            ({"version": 0, "decisions": {"3.1.6": "maybe"}}, "body.decisions.3.1.6"),
            ({"version": 0, "decisions": {"cat": "accepted"}}, "cat"),
            ({"version": 0, "decisions": {"3.1.6": "accepted", "03.01.06": "rejected"}}, "two spellings"),
            ({"version": 0, "decisions": {}, "finished": True}, "body.finished"),
            ([], "body"),
        ]
        for body, detail in refused:
            check_problem(await client.put(address, json=body, **mine), 422, "invalid", detail)
        check_problem(await client.put(address, content="{}", **mine), 415, "unsupported-media-type")
        check_problem(await client.get("/v1/marks/99", **mine), 404, "not-found", "no mark 99")
        check_problem(
            await client.put("/v1/marks/99/first", json={"version": 0, "decisions": {}}, **mine), 404, "not-found"
        )
        check_problem(await client.put("/v1/marks/1/third", json={}, **mine), 422, "invalid")
        check_problem(await client.get(f"/v1/marks/{2**40}", **mine), 422, "invalid")

    office.talk(conversation)


LOG_HEAD = "image,codes,rejected,added,decided_at,model\r\n"
LOG = LOG_HEAD + "40.png,3.1.6;29.1.1,26.1.1,3.1.6,2026-01-02T03:04:05.678Z,starter sha256:12\r\n"
CODES = (
    "\ufeffimage,state,code,level,heading,score,source,decision\r\n"
    "'=1+1.png,open,03.01.06,section,cats,0.9,suggested,accepted\r\n"
    "'=1+1.png,open,03.01.08,section,'=dogs,0.8,suggested,rejected\r\n"
    "'=1+1.png,open,03.01.24,section,,,added,open\r\n"
    "none.png,done,,,,,,\r\n"
)
JSON = [
    {
        "image": "40.png", "state": "done", "codes": ["3.1.6"], "decided_at": "2026-01-02T03:04:05.678Z", "model": "m",
        "decisions": [{"code": "3.1.6", "level": "section", "heading": "cats", "score": 0.9, "source": "suggested",
                       "decision": "accepted"}],
    }
]  # fmt: skip


def archive(log: str, **images: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("feedback.csv", log)
        for name, content in images.items():
            made.writestr(f"images/{name.strip('_').replace('_', '.')}", content)
    return file.getvalue()


def test_exports_of_the_page_are_taken_over(office: Office) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        async def take(content: str | bytes, kind: str) -> dict[str, Any]:
            headers = office.as_("anna")["headers"] | {"Content-Type": kind}
            answer = await client.post("/v1/imports", content=content, headers=headers)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        async def marks() -> dict[str, dict[str, Any]]:
            found = (await client.get("/v1/marks", **office.as_("ben"))).json()["marks"]
            return {mark["name"]: mark for mark in found}

        assert await take(LOG, "text/csv; charset=utf-8") == {"imported": 1, "left_out": []}
        assert await take(LOG, "text/csv") == {"imported": 1, "left_out": []}
        first = (await marks())["40.png"]
        assert (first["state"], first["codes"], first["image_hash"]) == ("done", ["29.1.1", "3.1.6"], None)
        assert first["examinations"]["first"]["decisions"]["26.1.1"] == "rejected"
        assert first["examinations"]["first"]["done"] == "2026-01-02T03:04:05.678000Z"
        (sent,) = await send(client, office, "ben", 40)  # the image comes later
        assert (sent["id"], sent["codes"]) == (first["id"], first["codes"])
        (left,) = (await take(json.dumps(JSON), "application/json"))["left_out"]
        assert left["image"] == "40.png"
        assert left["reason"].startswith("anna decided it at 20")

        assert (await take(CODES.encode(), "text/csv"))["imported"] == 2
        opened = (await marks())["=1+1.png"]
        assert opened["state"] == "open"
        assert opened["examinations"]["first"]["decisions"] == {"3.1.6": "accepted", "3.1.8": "rejected"}
        whole = (await client.get(f"/v1/marks/{opened['id']}", **office.as_("ben"))).json()
        assert whole["suggestions"][1] == {"code": "3.1.8", "heading": "=dogs", "score": 0.8}
        assert (await marks())["none.png"]["codes"] == []

        other = archive(LOG.replace("40.png", "moved.png"), moved_png=picture(40))
        assert (await take(other, "application/zip"))["imported"] == 1  # the image is known, under another name
        assert "moved.png" not in await marks()
        new = archive(LOG, _40_png=picture(50))
        assert (await take(new, "application/zip")) == {"imported": 1, "left_out": []}
        trail = (await client.get("/v1/events?count=1000", **office.as_("ben"))).json()["events"]
        assert [each["user"] for each in trail if each["action"] == "imported"] == ["anna"] * 4

    office.talk(conversation)


def test_files_that_are_no_exports_are_refused_whole(office: Office) -> None:
    many = io.StringIO()
    csv.writer(many).writerow(["image", "codes"])
    refused: list[tuple[str | bytes, str, str]] = [
        (many.getvalue(), "text/csv", "the columns codes, image; expected feedback.csv"),
        (LOG + "b.png,cat,,,2026-01-02T03:04:05Z,m\r\n", "text/csv", "mark 2: "),
        (LOG.replace("2026-01-02T03:04:05.678Z", "soon"), "text/csv", "mark 1: "),
        ("", "text/csv", "expected feedback.csv"),
        (b"\xff\xfe", "text/csv", "cannot be read"),
        ("{}", "application/json", "not a list"),
        ("[[]]", "application/json", "mark 1: it: Input should be"),
        ('[{"image": "a"}]', "application/json", "mark 1: state: Field required; decisions: Field required"),
        ('[{"image": "a", "state": "open", "decisions": [{"code": 3}]}]', "application/json", "decisions.0.code: "),
        (CODES.replace("0.9", "2"), "text/csv", "mark 1: decisions.0.score: Input should be less than"),
        (CODES.replace("0.9", ""), "text/csv", "mark 1: 03.01.06 was suggested and has no score"),
        ("[" * 100_000, "application/json", "cannot be read"),
        (b"PK", "application/zip", "cannot be read"),
        (archive("")[:-4], "application/zip", "cannot be read"),
    ]

    async def conversation(client: httpx.AsyncClient) -> None:
        for content, kind, detail in refused:
            headers = office.as_("anna")["headers"] | {"Content-Type": kind}
            answer = await client.post("/v1/imports", content=content, headers=headers)
            check_problem(answer, 422, "invalid", detail)
        assert (await client.get("/v1/marks", **office.as_("anna"))).json() == {"marks": []}
        check_problem(
            await client.post("/v1/imports", content=b"", **office.as_("anna")), 415, "unsupported-media-type"
        )
        packed = office.as_("anna")["headers"] | {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
        answer = await client.post("/v1/imports", content=b"\x1f\x8b", headers=packed)
        check_problem(answer, 415, "unsupported-media-type", "content encoding")

    office.talk(conversation)


def test_a_body_of_many_errors_is_refused_at_once(office: Office) -> None:
    """A million invalid decisions held the service up for seconds, and were all named in the answer."""
    bodies = {
        "many": {str(at): "odd" for at in range(1001)},
        "some": {str(at): "odd" for at in range(50)},
        "long": {"9" * 5000: "accepted"},
        "large": {str(at): "accepted" for at in range(200_000)},
    }
    expected = {
        "many": (422, "there are 1,001 decisions"), "some": (422, "; and 30 more"), "long": (422, "at most 1000"),
        "large": (413, "larger than 2,000,000 bytes"),
    }  # fmt: skip
    many: list[object] = [{"image": "a", "state": "open", "decisions": [{}] * 3000}]

    async def conversation(client: httpx.AsyncClient) -> None:
        (mark,) = await send(client, office, "anna", 40)
        for kind, decisions in bodies.items():
            body = {"version": 0, "decisions": decisions}
            answer = await client.put(f"/v1/marks/{mark['id']}/first", json=body, **office.as_("anna"))
            status, detail = expected[kind]
            assert (answer.status_code, detail in answer.text, len(answer.content) < 9000) == (status, True, True), kind
        answer = await client.post("/v1/imports", json=many, **office.as_("anna"))
        check_problem(answer, 422, "invalid", "decisions.0.code: Field required")
        assert len(answer.content) < 1000

    office.talk(conversation)


def test_a_batch_survives_a_restart(office: Office) -> None:
    address = ""

    async def first(client: httpx.AsyncClient) -> None:
        nonlocal address
        headers = office.as_("bot")
        started = await client.post("/v1/batches?top=2", files=[("files", ("a.png", picture()))] * 60, **headers)
        address = started.headers["location"]
        while not (await client.get(address, **headers)).json()["done"]:
            await asyncio.sleep(0.01)

    async def second(client: httpx.AsyncClient) -> None:
        headers = office.as_("bot")
        while (status := (await client.get(address, **headers)).json())["status"] != "done":
            assert status["status"] in {"waiting", "running"}, status
            await asyncio.sleep(0.05)
        results = (await client.get(f"{address}/results?count=100", **headers)).json()["results"]
        assert [len(each["suggestions"]) for each in results] == [2] * 60
        page = (await client.get(f"{address}/results?start=58&count=9", **headers)).json()["results"]
        assert page == results[58:]
        assert (await client.delete(address, **headers)).status_code == 204
        check_problem(await client.get(address, **headers), 404, "no-batch")
        check_problem(await client.post("/v1/batches", content=b"x", headers=PNG), 401, "unauthorized")

    office.talk(first)
    office.talk(second)
