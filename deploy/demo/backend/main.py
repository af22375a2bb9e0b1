"""A small FastAPI application on the demo database.

Run it from the project root, so that ./application.db is the database of the environment `dev`:

    DB__DB_URL=sqlite+aiosqlite:///./application.db uvicorn backend.main:app
"""

import os

from fastapi import FastAPI, HTTPException
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

DATABASE_URL = os.environ.get("DB__DB_URL", "sqlite+aiosqlite:///./application.db")

app = FastAPI(title="idv")
engine = create_async_engine(DATABASE_URL)


@app.get("/accounts")
async def list_accounts(status: str | None = None) -> list[dict]:
    query = "SELECT id, msisdn, email, batch_id, status FROM accounts"
    if status is not None:
        query += " WHERE status = :status"
    async with engine.connect() as connection:
        rows = await connection.execute(text(query + " ORDER BY id"), {"status": status})
        return [dict(row) for row in rows.mappings()]


@app.post("/accounts", status_code=201)
async def create_account(msisdn: str, email: str, batch_id: str) -> dict:
    insert = text(
        "INSERT INTO accounts (msisdn, email, batch_id) VALUES (:msisdn, :email, :batch_id)"
        " RETURNING id, msisdn, email, batch_id, status"
    )
    values = {"msisdn": msisdn, "email": email, "batch_id": batch_id}
    try:
        async with engine.begin() as connection:
            row = (await connection.execute(insert, values)).mappings().one()
    except IntegrityError as error:
        raise HTTPException(409, "the account exists already in this batch") from error
    return dict(row)


@app.get("/servers")
async def list_servers() -> list[dict]:
    query = text("SELECT id, port, base_url, is_active FROM servers ORDER BY port")
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]
