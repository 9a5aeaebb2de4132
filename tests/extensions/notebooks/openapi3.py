# %%
from flask_openapi3 import APIBlueprint, Info, OpenAPI
from pydantic import BaseModel

app = OpenAPI("books", info=Info(title="Books", version="1"))


# %%
class Path(BaseModel):
    number: int


class Body(BaseModel):
    name: str


# %%
@app.get("/book/<int:number>")
def book(path: Path):
    return {"book": path.number}


# %% changed
@app.post("/book/<int:number>")
def book(path: Path, body: Body):
    return {"book": path.number, "name": body.name}


# %%
api = APIBlueprint("api", __name__, url_prefix="/api")


@api.get("/items/<int:number>")
def item(path: Path):
    return {"item": path.number}


app.register_api(api)

# %% asked
# GET /book/1
# POST /book/1 {"name": "x"}
# GET /api/items/3
