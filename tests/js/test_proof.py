"""The command and the page judge a proof of date alike: they name the same part, whatever was altered."""

import json
import random

from reports.rules import date_proofs
from tests import javascript
from tests.reports.rules import proof_corpus as corpus

PROGRAM = """
import { verifyProof } from "./static/pnav/lib/proof.js";
import { readFileSync } from "node:fs";
const found = [];
for (const { text, trusted, content } of JSON.parse(readFileSync(0, "utf8"))) {
  found.push(await verifyProof(text, content === null ? null : Uint8Array.from(Buffer.from(content, "hex")), trusted));
}
console.log(JSON.stringify(found));
"""


def judged(cases):
    """Return what the script says of each (text, content, trusted)."""
    given = [
        {"text": text, "content": None if content is None else content.hex(), "trusted": trusted}
        for text, content, trusted in cases
    ]
    done = javascript.run("--input-type=module", "-e", PROGRAM, given=json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(verdict):
    """Return what the command knows, as the script says it."""
    return {
        "ok": verdict.is_whole,
        "failed": verdict.failed,
        "checks": [{"part": part, "ok": ok} for part, ok in verdict.checks],
        "item": verdict.item,
        "day": verdict.day.isoformat() if verdict.day else None,
        "stamps": [
            {
                "authority": stamp.authority,
                "at": stamp.at.strftime("%Y-%m-%dT%H:%M:%S.000Z") if stamp.at else None,
                "ok": stamp.ok,
                "fingerprint": stamp.fingerprint,
                "trusted": stamp.trusted,
            }
            for stamp in verdict.stamps
        ],
    }


def test_page_and_command_say_the_same_of_the_corpus_and_of_a_thousand_alterations(tried):
    cases = [(case.text, case.content, case.trusted) for case in corpus.cases()]
    whole = corpus.proof().as_json()
    chosen = random.Random(84)
    for _n in range(1000):
        text = list(whole)
        for _sign in range(chosen.choice((1, 1, 2, 5))):
            text[chosen.randrange(len(text))] = chosen.choice('0123456789abcdef"\\{}[]:, +/=AZé\x7f')
        cases.append(("".join(text), None, None))
    found = judged(cases)
    differing = []
    for (text, content, trusted), script in zip(cases, found, strict=True):
        command = said(date_proofs.verify(text, content=content, trusted=trusted))
        if command["item"] != script["item"] or command | {"stamps": 0} != script | {"stamps": 0}:
            differing.append((command["failed"], script["failed"], text))
        for mine, other in zip(command["stamps"], script["stamps"], strict=True):
            # An unsigned token may state any time.
            if mine | {"at": 0} != other | {"at": 0} or (mine["ok"] and mine["at"] != other["at"]):
                differing.append((mine, other, text))
    assert not differing, differing[:3]
    assert sum(script["ok"] for script in found) < 200, "alterations are seen"
    tried("proofs judged twice", len(cases))
