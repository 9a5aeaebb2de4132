"""Flask-Sock: WebSocket routes, by a real server and a real client."""

from __future__ import annotations

import threading

import pytest
import simple_websocket
from flask import Blueprint, Flask, request
from flask_sock import Sock
from werkzeug.serving import make_server


@pytest.fixture
def app():
    app = Flask(__name__)
    sock = Sock(app)
    blueprint = Blueprint("chat", __name__, url_prefix="/chat")

    @app.get("/")
    def index():
        return "plain"

    @sock.route("/echo")
    def echo(ws):
        while True:
            ws.send(f"{request.path}: {ws.receive()}")

    @sock.route("/named/<name>")
    def named(ws, name):
        ws.receive()  # a client may lose what comes with the answer to its handshake
        ws.send(name)
        ws.receive()
        ws.close(1000, "done")

    @sock.route("/room", bp=blueprint)
    def room(ws):
        ws.receive()
        ws.send(request.endpoint)

    app.register_blueprint(blueprint)
    return app


@pytest.fixture
def address(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"ws://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_echo(address):
    client = simple_websocket.Client.connect(f"{address}/echo")
    for word in ("one", "two"):
        client.send(word)
        assert client.receive(timeout=10) == f"/echo: {word}"
    client.close()


def test_a_path_value_and_the_end(address):
    client = simple_websocket.Client.connect(f"{address}/named/ada")
    client.send("name?")
    assert client.receive(timeout=10) == "ada"
    client.send("go on")
    with pytest.raises(simple_websocket.ConnectionClosed):
        client.receive(timeout=10)


def test_on_a_blueprint(address):
    client = simple_websocket.Client.connect(f"{address}/chat/room")
    client.send("name?")
    assert client.receive(timeout=10) == "chat.room"


def test_plain_requests_go_on(app, address):
    client = app.test_client()
    assert client.get("/").text == "plain"
    assert client.get("/nowhere").status_code == 404


def test_its_rules_are_websockets(app, note):
    note(
        sorted(
            (rule.rule, rule.endpoint, rule.websocket, sorted(rule.methods or ())) for rule in app.url_map.iter_rules()
        )
    )
    assert app.test_client().get("/echo").status_code == 400


def test_init_app_later_registers_its_own_blueprint(note):
    sock, app = Sock(), Flask("later")

    @sock.route("/ws/<int:n>")
    def ws(ws, n):
        pass

    sock.init_app(app)
    note(sorted((rule.rule, rule.endpoint, rule.websocket) for rule in app.url_map.iter_rules()))
    note(sorted(app.blueprints))
    assert app.blueprints
