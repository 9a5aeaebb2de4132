# %%
import marshmallow as ma
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint, abort

# %%
app = Flask("pets")
app.config.update(API_TITLE="Pets", API_VERSION="1", OPENAPI_VERSION="3.0.2", OPENAPI_URL_PREFIX="/docs")
kept = {1: {"id": 1, "name": "Rex"}}


# %%
class Pet(ma.Schema):
    id = ma.fields.Int(dump_only=True)
    name = ma.fields.Str(required=True)


# %%
api = Api(app)
pets = Blueprint("pets", __name__, url_prefix="/pets")


@pets.route("/<int:number>")
class OnePet(MethodView):
    @pets.response(200, Pet)
    def get(self, number):
        return kept.get(number) or abort(404)


@pets.route("/")
@pets.response(200, Pet(many=True))
def everyone():
    return list(kept.values())


api.register_blueprint(pets)

# %% changed
api = Api(app)
pets = Blueprint("pets", __name__, url_prefix="/pets")


@pets.route("/one/<int:number>", methods=["POST"])
@pets.arguments(Pet)
@pets.response(201, Pet)
def change(new, number):
    return {"id": number, **new}


api.register_blueprint(pets)

# %% asked
# GET /pets/1
# GET /pets/
# GET /pets/2
# POST /pets/one/3 {"name": "Tom"}
# POST /pets/one/3 {}
# GET /docs/openapi.json
