# %%
from flask import Blueprint, Flask
from flask_sock import Sock

app = Flask("echoes")
sock = Sock(app)


# %%
@sock.route("/echo")
def echo(ws):
    ws.send(ws.receive())


# %% changed
@sock.route("/other/<name>")
def echo(ws, name):
    ws.send(name)


# %%
blueprint = Blueprint("chat", __name__, url_prefix="/chat")


@sock.route("/room", bp=blueprint)
def room(ws):
    ws.send("room")


app.register_blueprint(blueprint)


# %%
@app.get("/rules")
def rules():
    return sorted([rule.rule, rule.endpoint, rule.websocket] for rule in app.url_map.iter_rules())


# %% asked
# GET /rules
# GET /echo
