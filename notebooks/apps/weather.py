"""A weather station's service, as one writes it with FastAPI. It knows nothing of notebooks."""

from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request, WebSocket
from pydantic import BaseModel


class Reading(BaseModel):
    place: str
    celsius: float


@asynccontextmanager
async def lifespan(app):
    yield {"readings": [Reading(place="harbour", celsius=8.5)]}


def station(x_station: Annotated[str | None, Header()] = None):
    if x_station is None:
        raise HTTPException(401, "Which station are you? Send the header X-Station.")
    return x_station


app = FastAPI(title="Weather", lifespan=lifespan)


@app.get("/readings")
def readings(request: Request) -> list[Reading]:
    return request.state.readings


@app.get("/readings/{place}")
async def reading(place: str, request: Request) -> Reading:
    return [one for one in request.state.readings if one.place == place][-1]


@app.post("/readings", status_code=201)
async def measure(reading: Reading, request: Request, by: Annotated[str, Depends(station)]):
    request.state.readings.append(reading)
    return {"by": by, "count": len(request.state.readings)}


@app.websocket("/live")
async def live(socket: WebSocket):
    await socket.accept()
    await socket.close()
