"""COPY by asyncpg, with the arguments of the other programs. In: records, in binary. Out: bytes alone, which it does not decode."""

import asyncio
import json
import resource
import sys
import time

import asyncpg


async def main():
    dsn, way, form, rows, times = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    words = dict(word.split("=", 1) for word in dsn.split())
    on = await asyncpg.connect(host=words["host"], port=words["port"], user=words["user"], database=words["dbname"])
    await on.execute("CREATE TEMP TABLE article (id int, number bigint, name text, value float8)")
    records = []
    if way == "in":
        records = [(i, i * 1000003, f"article {i}", i / 7.0) for i in range(1, rows + 1)]
    else:
        await on.execute("INSERT INTO article SELECT i, i::bigint * 1000003, 'article ' || i, i / 7.0::float8 "
                         f"FROM generate_series(1, {rows}) AS i")
    best, user = None, 0.0

    async def nowhere(_):
        pass

    for _ in range(times):
        if way == "in":
            await on.execute("TRUNCATE article")
        began, before = time.monotonic_ns(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
        if way == "in":
            await on.copy_records_to_table("article", records=records)
        else:
            await on.copy_from_table("article", output=nowhere, format=form)
        user += resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        took = time.monotonic_ns() - began
        best = took if best is None else min(best, took)
    print(json.dumps({"best_ns": best, "user_us": int(user * 1e6), "checksum": None}))


asyncio.run(main())
