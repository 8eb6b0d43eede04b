"""Real answers with something wrong in them never leave our own errors."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress

from tests.connect.test_contract import twisted

from truenav.connect.registry import parse
from truenav.core.failure import TruenavError


def test_a_changed_byte_or_value_never_leaves_our_errors(lab):
    async def run():
        async with lab() as world:
            context = await world.market("bybit")
            await world.gather("bybit-busy", context)
            return context, list(world.archived)

    context, payloads = asyncio.run(run())
    small = [one for one in payloads if len(one.body) < 20_000]
    rng = random.Random(11)
    for _ in range(250):
        payload = rng.choice(small)
        body = bytearray(payload.body)
        for _ in range(rng.randint(1, 3)):
            body[rng.randrange(len(body))] = rng.choice(b'0-9.eE"{}[],:x\x00\xff')
        with suppress(TruenavError):
            parse(payload.evidence, bytes(body), context)
    for _ in range(350):
        payload = rng.choice(small)
        value = twisted(json.loads(payload.body), rng)
        with suppress(TruenavError):
            parse(payload.evidence, json.dumps(value).encode(), context)
