"""`nbmicro import API.http --env dev`: the variables of other tools' files, and none of their secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nbmicro.cli import main
from nbmicro.testing.kernel import RealKernel

SHOP = """
from nbmicro import App, request

app = App(__name__)


@app.get("/weatherforecast")
def weather():
    return {**request.args, **{name: request.headers.get(name) for name in ("X-User", "X-API-KEY")}}


@app.post("/users")
def create():
    return request.get_json(), 201


@app.get("/users/<name>")
def user(name):
    return {"name": name, "authorization": request.headers["Authorization"], **request.args}
"""

VISUAL_STUDIO = {
    "http-client.env.json": """{
    "$shared": {"HostAddress": "https://localhost:7293", "Path": "/weatherforecast"},
    "dev": {"UserName": "dev-user", "ApiKeyDev": {"provider": "AspnetUserSecrets", "secretName": "config:ApiKeyDev"}},
    "staging": {"UserName": "staging-user", "HostAddress": "https://staging.contoso.com"}
}""",
    "http-client.env.json.user": '{"dev": {"UserName": "hunter2", "HostAddress": "https://localhost:7128"}}',
    ".env": "USERNAME=from-dotenv  # mine",
    "api/shop.http": """@date = 2023-05-11
GET {{HostAddress}}/weatherforecast?date={{date}}&user={{UserName}}
X-User: {{$dotEnv USERNAME}}
X-API-KEY: {{ApiKeyDev}}

###
GET {{HostAddress}}{{Path}}
Accept: application/json
""",
}
REST_CLIENT = {
    ".vscode/settings.json": """{
  // of the editor
  "editor.rulers": [80, 120,],
  "rest-client.environmentVariables": {
    "$shared": {"version": "v1", "prodToken": "hunter2"},
    "local": {
      "version": "v2", "base-url": "http://localhost:3000", "token": "{{$shared prodToken}}",
      "key": "{{$processEnv SHOP_KEY}}", "ref": "devName", "agent": "tests/{{$shared version}}"
    },
    "production": {"base-url": "https://api.example.com", "token": "hunter3"}, /* careful */
  },
}""",
    ".env": "devName='Ada'",
    "api/shop.http": """### Made
# @name create
POST {{base-url}}/users HTTP/1.1
Content-Type: application/json

{"name": "{{$dotenv %ref}}", "version": "{{version}}", "agent": "{{agent}}", "key": {{key}}}

### Read
GET {{base-url}}/users/{{create.response.body.$.name}}
Authorization: Bearer {{token}}
""",
}
JETBRAINS = {
    "http-client.env.json": """{
  "development": {"host": "localhost:8080", "id-value": 7, "active": true,
    "user": {"name": "Ada", "roles": ["a", "b"]}},
  "production": {"host": "shop.example.com"}
}""",
    "http-client.private.env.json": """{
  "development": {
    "username": "ada-l", "password": "hunter2", "login": {"pin": "hunter4"},
    "SSLConfiguration": {"clientCertificate": "cert.pem"}
  }
}""",
    "api/shop.http": """### Read
GET http://{{host}}/users/{{user.name}}?id={{id-value}}&role={{user.roles[1]}}&on={{active}}
Authorization: Basic {{username}} {{password}}

### Made
POST http://{{host}}/users
Content-Type: application/json

{"id": {{id-value}}, "on": {{active}}, "name": "{{user.name}}", "pin": "{{login.pin}}"}
""",
}
NESTED = {
    "http-client.env.json": """{
  "$shared": {"region": "eu"},
  "dev": {"base": "{{host}}/v1", "region": "us", "zone": "{{$shared region}}-1", "pw": "hunter6", "DB_PASS": "hunter7"}
}""",
    "http-client.private.env.json": """{
  "$shared": {"region": "hunter3"},
  "dev": {"host": "https://hunter1.example.com", "hook": "https://hooks.example.com/hunter2"}
}""",
    "api/shop.http": "GET {{base}}/x?zone={{zone}}\n\n###\nPOST {{hook}}/in\n\n{{pw}} {{DB_PASS}}\n",
}
SECRET = re.compile(r"hunter\d|ada-l|config:ApiKeyDev|cert\.pem")


def laid_out(folder: Path, files: dict[str, str]) -> Path:
    """The files of a project in a folder; the file of requests among them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "api" / "shop.py").write_text(SHOP)
    return folder / "api" / "shop.http"


def imported(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import", *arguments])


def code_cells(file: Path) -> list[str]:
    cells = json.loads(file.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_variables_of_visual_studio_are_a_cell_of_python(tmp_path: Path) -> None:
    """The environment wins over $shared and the user's file over both; what only they know is asked for."""
    file = laid_out(tmp_path, VISUAL_STUDIO)
    result = imported(str(file), "--env", "dev")
    assert result.exit_code == 0
    assert code_cells(file)[2:4] == [
        "# The environment dev of http-client.env.json.user and http-client.env.json\n"
        "import os\n"
        "from getpass import getpass\n"
        "\n"
        'HostAddress = "https://localhost:7128"\n'
        'Path = "/weatherforecast"\n'
        "# Not written here: set USER_NAME and API_KEY_DEV in the environment, or type them when the cell asks.\n"
        'UserName = os.environ.get("USER_NAME") or getpass("UserName: ")\n'
        'ApiKeyDev = os.environ.get("API_KEY_DEV") or getpass("ApiKeyDev: ")',
        'date = "2023-05-11"',
    ]


def test_the_variables_of_rest_client_come_from_the_editors_settings(tmp_path: Path) -> None:
    """With comments in them; what a request must fill stands in the first request's cell."""
    file = laid_out(tmp_path, REST_CLIENT)
    result = imported(str(file), "--env", "local")
    assert result.exit_code == 0
    assert "`base-url` is called `base_url`" in result.output
    cells = code_cells(file)
    assert cells[2].splitlines()[4:] == [
        'version = "v2"',
        'base_url = "http://localhost:3000"',
        "# Not written here: set TOKEN in the environment, or type it when the cell asks.",
        'token = os.environ.get("TOKEN") or getpass("token: ")',
        'ref = "devName"',
        'agent = "tests/v1"',
    ]
    assert "\n@key = {{$processEnv SHOP_KEY}}\n# @name create\nPOST {{base_url}}/users" in cells[3]


def test_objects_of_jetbrains_client_are_read_as_python_reads_them(tmp_path: Path) -> None:
    """`{{user.name}}` is a step into an object; all of the private file is asked for."""
    file = laid_out(tmp_path, JETBRAINS)
    assert imported(str(file), "--env", "development").exit_code == 0
    cells = code_cells(file)
    assert cells[2].splitlines()[4:] == [
        'host = "localhost:8080"',
        "id_value = 7",
        "active = True",
        'user = {"name": "Ada", "roles": ["a", "b"]}',
        "# Not written here: set API_USERNAME, PASSWORD and LOGIN_PIN in the environment, "
        "or type them when the cell asks.",
        'username = os.environ.get("API_USERNAME") or getpass("username: ")',
        'password = os.environ.get("PASSWORD") or getpass("password: ")',
        'login = {"pin": os.environ.get("LOGIN_PIN") or getpass("login.pin: ")}',
    ]
    assert 'GET http://{{host}}/users/{{user["name"]}}?id={{id_value}}&role={{user["roles"][1]}}' in cells[3]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (VISUAL_STUDIO, "dev"),
        (REST_CLIENT, "local"),
        (REST_CLIENT, "production"),
        (JETBRAINS, "development"),
        (NESTED, "dev"),
    ],
)
def test_no_secret_of_an_environment_is_written_or_printed(tmp_path: Path, files: dict[str, str], chosen: str) -> None:
    """Neither by its name, nor for its file, nor where another value refers to it."""
    file = laid_out(tmp_path, files)
    result = imported(str(file), "--env", chosen)
    assert result.exit_code == 0
    assert SECRET.search(result.output + file.with_suffix(".ipynb").read_text("utf-8")) is None
    assert SECRET.search("".join(files.values())), "the project has secrets, or this test shows nothing"


def test_of_a_secret_address_the_path_that_is_no_secret_stays(tmp_path: Path) -> None:
    file = laid_out(tmp_path, NESTED)
    assert imported(str(file)).exit_code == 0
    read, sent = code_cells(file)[-2:]
    assert "\nGET /v1/x?zone={{zone}}" in read
    assert "\nPOST /in\n" in sent


BY_LOOKS = {
    "bearer": "Bearer abcdef",
    "basic": "Basic YWRhOnB3",
    "address with a password": "https://ada:pw@localhost/",
    "database": "postgresql+psycopg2://ada:pw@db.internal:5432/shop",
    "redis": "redis://:pw@cache:6379/0",
    "MongoDB": "mongodb+srv://ada:pw@cluster0.example.net/shop?retryWrites=true",
    "AMQP": "amqps://ada:pw@mq.example.net/vhost",
    "DSN": "https://0123456789abcdef0123456789abcdef@o1.ingest.example.io/1",
    "JDBC": "jdbc:postgresql://db.internal/shop?user=ada&password=pw",
    "SQL Server": "Server=tcp:db.example.net,1433;Database=shop;User ID=ada;Password=p w;Encrypt=true",
    "SQL Server, short": "Data Source=db;Initial Catalog=shop;Uid=ada;Pwd=pw",
    "libpq": "host=db dbname=shop user=ada password=pw",
    "Azure storage": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=YWJjZA==",
    "Azure bus": "Endpoint=sb://shop.example.net/;SharedAccessKeyName=Root;SharedAccessKey=YWJjZA==",
    "signed address": "https://shop.blob.example.net/a.txt?sv=2024&sig=YWJjZGVm",
    "address with a key": "https://maps.example.com/api?key=abcdef0123",
    "Slack": "https://hooks.slack.example.com/services/T000/B000/XXXX",
    "Discord": "https://discord.example.com/api/webhooks/123456789012345678/abcdefghijklmnopqrst",
    "Teams": "https://contoso.webhook.office.example.com/webhookb2/0a1b",
    "n8n": "https://n8n.example.com/webhook/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    "Telegram": "https://api.telegram.org/bot123456:abcdef/sendMessage",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.e30.x",
    "token of a host": "ghp_0123456789abcdefghij",
    "fine-grained token": "github_pat_0123456789abcdefghij",
    "key of a cloud": "AKIAIOSFODNN7EXAMPLE",
    "PEM": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
    "PEM of RSA": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "PEM of SSH": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----",
}
NO_SECRETS = {
    "path": "/hooks/shop",
    "hook of this computer": "http://localhost:5000/hooks/0123456789abcdef0123",
    "address": "https://api.example.com/v1?page=2&code=de",
    "words": "the password is asked for",
    "name": "ada@example.com",
    "pair": "color=red;size=2",
    "database without a password": "postgresql://db.internal/shop",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "number": "0123456789012345678901234567",
}


@pytest.mark.parametrize("depth", ["alone", "in an object", "in a list"])
@pytest.mark.parametrize("kind", [*BY_LOOKS, *NO_SECRETS])
def test_a_secret_by_its_looks_is_none_of_the_notebooks(tmp_path: Path, kind: str, depth: str) -> None:
    """Whatever its name is, how deep it stands, and in a file that everybody has; what is none is written."""
    value = BY_LOOKS.get(kind) or NO_SECRETS[kind]
    extra, read = {
        "alone": (value, "extra"),
        "in an object": ({"deep": {"part": value}, "other": "seen"}, "extra.deep.part"),
        "in a list": (["seen", value], "extra[1]"),
    }[depth]
    file = laid_out(tmp_path, {"http-client.env.json": json.dumps({"dev": {"extra": extra}}), "api/shop.http": ""})
    file.write_text(f"GET /users/ada\nX-Extra: {{{{{read}}}}}\n")
    result = imported(str(file))
    assert result.exit_code == 0
    (cell,) = [text for text in code_cells(file) if text.startswith("# The environment")]
    is_secret = kind in BY_LOOKS
    assert (json.dumps(value) in cell, "os.environ.get(" in cell) == (not is_secret, is_secret)
    if is_secret:
        assert value not in "\n".join(code_cells(file)) + result.output
    assert depth == "alone" or '"seen"' in cell


def test_several_environments_are_told_where_none_was_chosen(tmp_path: Path) -> None:
    """Only where the file reads one of their variables; a wrong name gets the nearest."""
    file = laid_out(tmp_path, JETBRAINS)
    result = imported(str(file))
    assert (result.exit_code, file.with_suffix(".ipynb").exists()) == (1, False)
    assert (
        "there are several environments in http-client.env.json and http-client.private.env.json: "
        "development, production.\nChoose one:  --env development\n"
    ) in result.output
    result = imported(str(file), "--env", "productive")
    assert (result.exit_code, "Did you mean  --env production" in result.output) == (1, True)
    file.write_text("@host = localhost\nGET http://{{host}}/users/ada\n")
    assert imported(str(file)).exit_code == 0


def test_an_environment_needs_a_file(tmp_path: Path) -> None:
    """The error names the files that there could be."""
    file = laid_out(tmp_path, {"api/shop.http": "GET /x\n"})
    result = imported(str(file), "--env", "dev")
    assert result.exit_code == 1
    assert "there is no environment dev" in result.output
    assert "http-client.env.json; VS Code's REST Client has them in .vscode/settings.json" in result.output


def test_what_the_file_gives_itself_is_the_files(tmp_path: Path) -> None:
    """As in Visual Studio and REST Client; a machine elsewhere is left out as it is where the file names it."""
    file = laid_out(tmp_path, VISUAL_STUDIO)
    file.write_text("@Path = /mine\nGET {{HostAddress}}{{Path}}\n")
    result = imported(str(file), "--env", "staging")
    assert "https://staging.contoso.com is left out" in result.output
    assert code_cells(file)[2:] == [
        'Path = "/mine"',
        "%%http\n# line 2: https://staging.contoso.com is left out: the request goes to the notebook's app.\n"
        "GET {{Path}}",
    ]


def test_a_broken_file_of_environments_is_named_with_its_line(tmp_path: Path) -> None:
    """Comments above the fault are counted."""
    file = laid_out(tmp_path, {**VISUAL_STUDIO, "http-client.env.json": '{\n/* a\nb */\n"dev": {"a" 1}\n}'})
    result = imported(str(file))
    assert (result.exit_code, "http-client.env.json, line 4: it is no JSON" in result.output) == (1, True)


@pytest.mark.kernel
def test_the_notebooks_run(tmp_path: Path) -> None:
    """Each tool's project, in one real kernel, once its secrets are in the environment."""
    environ = {
        "USER_NAME": "me", "API_KEY_DEV": "k1", "TOKEN": "t1", "SHOP_KEY": "k2", "API_USERNAME": "ada",
        "PASSWORD": "pw", "LOGIN_PIN": "1234",
    }  # fmt: skip
    projects = [
        (
            VISUAL_STUDIO,
            "dev",
            ['"X-API-KEY": "k1"', '"X-User": "from-dotenv"', '"user": "me"', "GET /weatherforecast → 200"],
        ),
        (REST_CLIENT, "local", ['"agent": "tests/v1"', '"key": "k2"', "GET /users/Ada → 200", '"Bearer t1"']),
        (
            JETBRAINS,
            "development",
            ["GET /users/Ada?id=7&role=b&on=true → 200", '"Basic YWRhOnB3"', '"on": true', '"pin": "1234"'],
        ),
    ]
    with RealKernel(cwd=tmp_path) as kernel:
        kernel.check(f"import os\nos.environ.update({environ!r})")
        for number, (files, chosen, wanted) in enumerate(projects):
            file = laid_out(tmp_path / str(number), files)
            assert imported(str(file), "--env", chosen, "--app", "shop:app").exit_code == 0
            kernel.check(f"import os, sys\nos.chdir({str(file.parent)!r})\nsys.path[:0] = [os.getcwd()]")
            shown = "".join(
                kernel.check(text, cell_id=f"{number}-{at}").shown for at, text in enumerate(code_cells(file))
            )
            assert [text for text in wanted if text not in shown] == []
