"""Flask-SocketIO: events by its test client, which takes the cookies of Flask's."""

from __future__ import annotations

import pytest
from flask import Flask, g, request, session
from flask_socketio import (
    ConnectionRefusedError,
    Namespace,
    SocketIO,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "secret"

    @app.get("/sign-in/<name>")
    def sign_in(name):
        session["name"] = name
        return name

    return app


@pytest.fixture(params=[True, False], ids=["managed", "flasks-session"])
def socketio(app, request):
    socketio = SocketIO(app, async_mode="threading", manage_session=request.param)

    @socketio.on("connect")
    def connect(auth):
        if auth and auth.get("no"):
            raise ConnectionRefusedError("refused")
        send(f"connected {request_path()}")

    @socketio.on("message")
    def message(text):
        send(text, broadcast="all" in str(text))

    @socketio.on("json")
    def of_json(data):
        send(data, json=True)

    @socketio.on("ask")
    def ask(one, two):
        return one + two

    @socketio.on("name")
    def name(data):
        session["asked"] = session.get("asked", 0) + 1
        emit("name", {"name": session.get("name"), "asked": session["asked"], "path": request_path()})

    @socketio.on("join")
    def join(room):
        join_room(room)
        emit("joined", sorted(room for room in rooms() if len(room) < 10), to=room)

    @socketio.on("leave")
    def leave(room):
        leave_room(room)
        emit("left", sorted(room for room in rooms() if len(room) < 10))

    @socketio.on("close")
    def close(room):
        close_room(room)

    @socketio.on("bye")
    def bye(data):
        disconnect()

    @socketio.on("boom")
    def boom(data):
        raise ValueError(data)

    @socketio.on_error()
    def error(value):
        emit("error", str(value))

    class Things(Namespace):
        def on_connect(self):
            g.seen = 1
            send("things")

        def on_thing(self, data):
            emit("thing", {"data": data, "event": request_event()})

    socketio.on_namespace(Things("/things"))
    return socketio


def request_path():
    return request.path


def request_event():
    return request.event["message"]


def test_a_message_comes_back(app, socketio):
    client = socketio.test_client(app)
    assert client.is_connected()
    assert client.get_received()[0]["args"] == "connected /socket.io"
    client.send("hello")
    assert client.get_received() == [{"name": "message", "args": "hello", "namespace": "/"}]
    client.send({"a": 1}, json=True)
    assert client.get_received()[0] == {"name": "json", "args": {"a": 1}, "namespace": "/"}


def test_a_callback(app, socketio):
    assert socketio.test_client(app).emit("ask", "a", "b", callback=True) == "ab"


def test_a_broadcast(app, socketio):
    one, two = socketio.test_client(app), socketio.test_client(app)
    two.get_received()
    one.send("to all")
    assert two.get_received()[0]["args"] == "to all"
    socketio.emit("server", {"x": 1})
    assert two.get_received()[0]["name"] == "server"


def test_rooms(app, socketio):
    one, two = socketio.test_client(app), socketio.test_client(app)
    one.get_received()
    two.get_received()
    one.emit("join", "red")
    two.emit("join", "red")
    assert [event["name"] for event in one.get_received()] == ["joined", "joined"]
    socketio.send("to red", to="red")
    assert two.get_received()[-1]["args"] == "to red"
    one.emit("leave", "red")
    assert one.get_received()[-1]["args"] == [[]]
    two.emit("close", "red")
    socketio.send("to red", to="red")
    assert two.get_received() == []


def test_the_session_comes_with_the_cookies(app, socketio):
    flask_client = app.test_client()
    flask_client.get("/sign-in/ada")
    client = socketio.test_client(app, flask_test_client=flask_client)
    client.get_received()
    client.emit("name", {})
    client.emit("name", {})
    received = [event["args"][0] for event in client.get_received()]
    assert [event["name"] for event in received] == ["ada", "ada"]
    assert received[0]["path"] == "/socket.io"


def test_a_refused_connection(app, socketio):
    client = socketio.test_client(app, auth={"no": 1})
    assert not client.is_connected()


def test_an_error_is_handled(app, socketio):
    client = socketio.test_client(app)
    client.get_received()
    client.emit("boom", "x")
    assert client.get_received()[0]["args"] == ["x"]


def test_a_namespace(app, socketio):
    client = socketio.test_client(app, namespace="/things")
    assert client.get_received("/things")[0]["args"] == "things"
    client.emit("thing", 4, namespace="/things")
    assert client.get_received("/things")[0]["args"] == [{"data": 4, "event": "thing"}]
    client.disconnect(namespace="/things")
    assert not client.is_connected("/things")


def test_disconnected_by_the_server(app, socketio):
    client = socketio.test_client(app)
    client.emit("bye", {})
    assert not client.is_connected()


def test_http_goes_on_beside(app, socketio):
    assert app.test_client().get("/sign-in/bob").text == "bob"
    assert app.test_client().get("/socket.io/?EIO=4&transport=polling").status_code in (200, 404)
